"""A formula over hours of load."""

from __future__ import annotations

import pytest

from batchmgmt.autoscale import Arrivals, PoolModel, SyntaxProblem, simulate

FOLLOW = "$TargetDedicatedNodes = min(10, max(0, $PendingTasks.GetSample(1)));"


def test_a_pool_grows_with_its_queue_and_goes_to_nothing_after_it() -> None:
    moments = list(simulate(FOLLOW, [Arrivals(600, 200)], PoolModel(interval_seconds=300), hours=2))
    assert [moment.seconds for moment in moments[:3]] == [0, 300, 600]
    assert (moments[0].target_dedicated, moments[0].nodes) == (0, 0)
    assert (moments[2].target_dedicated, moments[2].nodes, moments[2].active) == (10, 0, 200)
    assert moments[3].nodes == 10
    assert (moments[-1].target_dedicated, moments[-1].nodes, moments[-1].completed) == (0, 0, 200)


def test_an_evaluation_without_result_leaves_the_pool_and_is_told() -> None:
    formula = "$TargetDedicatedNodes = avg($NetworkInBytes.GetSample(TimeInterval_Hour, 90));"
    first = next(simulate(formula, [], PoolModel(dedicated=3), hours=1))
    assert (first.nodes, first.target_dedicated) == (3, 3)
    assert first.error is not None
    assert first.error.code == "InsufficientSampleData"


def test_bad_formulas_and_intervals_are_refused() -> None:
    with pytest.raises(SyntaxProblem):
        next(simulate("$TargetDedicatedNodes =", [], PoolModel(), hours=1))
    with pytest.raises(ValueError, match="5 minutes"):
        next(simulate(FOLLOW, [], PoolModel(interval_seconds=60), hours=1))
