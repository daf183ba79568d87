"""Formulas that Azure was recorded evaluating: the same results come out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchmgmt import autoscale
from batchmgmt.autoscale import Run, Situation, Timestamp

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recordings of Azure are not beside the project")


def recorded_runs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Formula and run of each recorded evaluation, asked for or told with its pool."""
    for file in sorted(CORPUS.glob("*/*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            told = json.loads(line)
            asked, answer = told["request_body"] or {}, told["response_body"] or {}
            if told["path"].endswith("/evaluateautoscale") and told["status"] == 200 and asked:
                yield asked["autoScaleFormula"], answer
            elif isinstance(answer, dict) and answer.get("autoScaleRun") and "autoScaleFormula" in answer:
                yield answer["autoScaleFormula"], answer["autoScaleRun"]


def spelled(run: Run, recorded: str) -> str:
    """Results as they were spelled at the recording's time: before 2017-05-01.5.0 there were no low-priority nodes."""
    if "$TargetLowPriorityNodes" in recorded:
        return run.results()
    return run.results().replace("$TargetDedicatedNodes", "$TargetDedicated").replace("$TargetLowPriorityNodes=0;", "")


def test_every_recorded_evaluation_comes_out_the_same() -> None:
    runs = list(recorded_runs())
    assert len(runs) > 5
    for formula, recorded in runs:
        run = autoscale.evaluate(formula, Situation(Timestamp(0), 0, 0, {}, {}))
        assert spelled(run, recorded["results"]) == recorded["results"], formula
        assert (run.error is not None) == ("error" in recorded), formula
