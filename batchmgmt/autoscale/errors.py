"""What can be wrong with a formula, in Azure's codes and words.

Sources: the REST reference's Batch status and error codes (syntax, length), the article batch-pool-autoscale-event
(insufficient data, and the form "Line 15, Col 44: ..."), a recording of evaluateautoscale (undefined symbol).
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

__all__ = ["EvaluationError", "FormulaError", "InsufficientData", "Position", "SyntaxProblem", "TooLong"]


class Position(NamedTuple):
    """A place in a formula; both numbers count from 1."""

    line: int
    column: int


class FormulaError(ValueError):
    """A formula that the Batch service refuses.

    Attributes:
        at: where in the formula.
        reason: one sentence without the position.
        mend: what to write instead; empty where nothing can be said.
    """

    code: ClassVar[str]
    message: ClassVar[str]

    def __init__(self, at: Position, reason: str, mend: str = "") -> None:
        super().__init__(f"Line {at.line}, Col {at.column}: {reason}")
        self.at = at
        self.reason = reason
        self.mend = mend


class SyntaxProblem(FormulaError):
    """The text is not a formula: the service refuses it with 400."""

    code = "AutoScalingFormulaSyntaxError"
    message = "The specified auto-scaling formula has a syntax error."


class TooLong(FormulaError):
    """More than 8,192 characters: the service refuses it with 400."""

    code = "AutoScaleFormulaTooLong"
    message = "The specified auto-scaling formula exceeds lengths limit."


class EvaluationError(FormulaError):
    """The formula has no value: told in the run's ``error``, the pool stays as it is."""

    code = "AutoScalingFormulaEvaluationError"
    message = "The specified auto-scaling formula has evaluation error"


class InsufficientData(FormulaError):
    """Fewer samples than asked for: told in the run's ``error``, the pool stays as it is."""

    code = "InsufficientSampleData"
    message = "Autoscale evaluation failed due to insufficient sample data"
