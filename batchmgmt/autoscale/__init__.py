"""The formula language of Azure Batch's automatic scaling: reader, checker, evaluator, simulation.

>>> from batchmgmt import autoscale
>>> autoscale.evaluate("$TargetDedicatedNodes = 3;", autoscale.Situation(now=autoscale.Timestamp(0))).dedicated
3

Source: Microsoft's article batch-automatic-scaling; what recordings add is named where it is used. Nothing here
reaches a network, a clock or a file.
"""

from __future__ import annotations

from batchmgmt.autoscale.checker import Finding, Severity, check, errors
from batchmgmt.autoscale.errors import EvaluationError, FormulaError, InsufficientData, Position, SyntaxProblem, TooLong
from batchmgmt.autoscale.evaluator import Run, evaluate
from batchmgmt.autoscale.samples import PERIOD, Sample, Situation
from batchmgmt.autoscale.simulation import Arrivals, Moment, PoolModel, simulate
from batchmgmt.autoscale.syntax import Formula, parse
from batchmgmt.autoscale.values import Interval, Timestamp, Value

__all__ = [
    "PERIOD",
    "Arrivals",
    "EvaluationError",
    "Finding",
    "Formula",
    "FormulaError",
    "InsufficientData",
    "Interval",
    "Moment",
    "PoolModel",
    "Position",
    "Run",
    "Sample",
    "Severity",
    "Situation",
    "SyntaxProblem",
    "Timestamp",
    "TooLong",
    "Value",
    "check",
    "errors",
    "evaluate",
    "parse",
    "simulate",
]
