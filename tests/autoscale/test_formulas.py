"""Formulas of Microsoft's article batch-automatic-scaling and of recorded runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from batchmgmt import autoscale
from batchmgmt.autoscale import Sample, Situation, Timestamp

MONDAY_NOON = Timestamp.of(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
MINUTE = 60 * 10_000_000

PENDING_TASKS = """
startingNumberOfVMs = 1;
maxNumberofVMs = 25;
pendingTaskSamplePercent = $PendingTasks.GetSamplePercent(180 * TimeInterval_Second);
pendingTaskSamples = pendingTaskSamplePercent < 70 ? startingNumberOfVMs
    : avg($PendingTasks.GetSample(180 * TimeInterval_Second));
$TargetDedicatedNodes = min(maxNumberofVMs, pendingTaskSamples);
$NodeDeallocationOption = taskcompletion;
"""
PREEMPTED = """
maxNumberofVMs = 25;
$TargetDedicatedNodes = min(maxNumberofVMs, $PreemptedNodeCount.GetSample(180 * TimeInterval_Second));
$TargetLowPriorityNodes = min(maxNumberofVMs , maxNumberofVMs - $TargetDedicatedNodes);
$NodeDeallocationOption = taskcompletion;
"""
CPU = """
$totalDedicatedNodes =
    (min($CPUPercent.GetSample(TimeInterval_Minute * 10)) > 0.7) ?
    ($CurrentDedicatedNodes * 1.1) : $CurrentDedicatedNodes;
$totalDedicatedNodes =
    (avg($CPUPercent.GetSample(TimeInterval_Minute * 60)) < 0.2) ?
    ($CurrentDedicatedNodes * 0.9) : $totalDedicatedNodes;
$TargetDedicatedNodes = min(400, $totalDedicatedNodes)
"""
WORKING_HOURS = """
$curTime = time();
$workHours = $curTime.hour >= 8 && $curTime.hour < 18;
$isWeekday = $curTime.weekday >= 1 && $curTime.weekday <= 5;
$isWorkingWeekdayHour = $workHours && $isWeekday;
$TargetDedicatedNodes = $isWorkingWeekdayHour ? 20:10;
$NodeDeallocationOption = taskcompletion;
"""
TASKS = """
// pending tasks of the last 15 minutes
$samples = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 15);
$tasks = $samples < 70 ? max(0,$PendingTasks.GetSample(1))
    : max( $PendingTasks.GetSample(1), avg($PendingTasks.GetSample(TimeInterval_Minute * 15)));
$targetVMs = $tasks > 0? $tasks:max(0, $TargetDedicatedNodes/2);
$TargetDedicatedNodes = max(0, min($targetVMs, 20));
$NodeDeallocationOption = taskcompletion;
"""
PARALLEL_TASKS = """
$samples = $ActiveTasks.GetSamplePercent(TimeInterval_Minute * 15);
$tasks = $samples < 70 ? max(0,$ActiveTasks.GetSample(1))
    : max( $ActiveTasks.GetSample(1),avg($ActiveTasks.GetSample(TimeInterval_Minute * 15)));
$cores = $TargetDedicatedNodes * 4;
$extraVMs = (($tasks - $cores) + 3) / 4;
$targetVMs = ($TargetDedicatedNodes + $extraVMs);
$TargetDedicatedNodes = max(0,min($targetVMs,3));
$NodeDeallocationOption = taskcompletion;
"""
INITIAL_SIZE = """
$TargetDedicatedNodes = 4;
lifespan = time() - time("Mon, 23 Nov 2026 11:00:00 GMT");
span = TimeInterval_Minute * 60;
startup = TimeInterval_Minute * 10;
ratio = 50;
$TargetDedicatedNodes = (lifespan > startup ? (max($RunningTasks.GetSample(span, ratio),
    $ActiveTasks.GetSample(span, ratio)) == 0 ? 0 : $TargetDedicatedNodes) : 4);
"""


def samples(*values: float) -> tuple[Sample, ...]:
    """One each 30 seconds, the last one now."""
    first = MONDAY_NOON.ticks - (len(values) - 1) * MINUTE // 2
    return tuple(Sample(Timestamp(first + index * MINUTE // 2), value) for index, value in enumerate(values))


def situation(dedicated: int = 0, low_priority: int = 0, **history: float | list[float]) -> Situation:
    """A pool on a Monday at noon; a number stands for two hours of it."""
    steady = {name: samples(*(value if isinstance(value, list) else [value] * 240)) for name, value in history.items()}
    present = {"CurrentDedicatedNodes": float(dedicated), "CurrentLowPriorityNodes": float(low_priority)}
    return Situation(MONDAY_NOON, dedicated, low_priority, present, steady)


@pytest.mark.parametrize(
    ("formula", "pool", "dedicated", "low_priority"),
    [
        (PENDING_TASKS, situation(PendingTasks=7.0), 7, 0),
        (PENDING_TASKS, situation(PendingTasks=70.0), 25, 0),
        (PENDING_TASKS, situation(), 1, 0),
        (PREEMPTED, situation(PreemptedNodeCount=3.0), 3, 22),
        (CPU, situation(20, CPUPercent=0.9), 22, 0),
        (CPU, situation(20, CPUPercent=0.1), 18, 0),
        (CPU, situation(20, CPUPercent=0.5), 20, 0),
        (WORKING_HOURS, situation(), 20, 0),
        (TASKS, situation(4, PendingTasks=9.0), 9, 0),
        (TASKS, situation(4, PendingTasks=0.0), 2, 0),
        (TASKS, situation(4), 2, 0),
        (PARALLEL_TASKS, situation(1, ActiveTasks=9.0), 3, 0),
        (INITIAL_SIZE, situation(4, RunningTasks=0.0, ActiveTasks=0.0), 0, 0),
        (INITIAL_SIZE, situation(4, RunningTasks=1.0, ActiveTasks=0.0), 4, 0),
        ("$TargetDedicatedNodes = (time().weekday == 1 ? 5:1);", situation(), 5, 0),
        (
            "$runningTasksSample=[1,1,1,1,1,1,1,1,1,1]; $TargetDedicatedNodes = sum($runningTasksSample);",
            situation(),
            10,
            0,
        ),
        (
            "$s = $RunningTasks.GetSample(1 * TimeInterval_Minute, 6 * TimeInterval_Minute);"
            "$TargetDedicatedNodes = len($s);",
            situation(RunningTasks=1.0),
            10,
            0,
        ),
        (
            "$s = $RunningTasks.GetSample(60 * TimeInterval_Second, 120 * TimeInterval_Second, 75);"
            "$TargetDedicatedNodes = len($s);",
            situation(RunningTasks=1.0),
            2,
            0,
        ),
        ("$curTime = time() + (-6 * TimeInterval_Hour); $TargetDedicatedNodes = $curTime.hour;", situation(), 6, 0),
    ],
)
def test_each_formula_of_the_article_gives_the_targets_that_it_says(
    formula: str, pool: Situation, dedicated: int, low_priority: int
) -> None:
    run = autoscale.evaluate(formula, pool)
    assert run.error is None
    assert (run.dedicated, run.low_priority) == (dedicated, low_priority)
    assert list(autoscale.errors(autoscale.check(formula))) == []


def test_results_are_spelled_as_azure_spells_them() -> None:
    assert autoscale.evaluate("$TargetLowPriorityNodes=3", situation()).results() == (
        "$TargetDedicatedNodes=0;$TargetLowPriorityNodes=3;$NodeDeallocationOption=requeue"
    )
    assert autoscale.evaluate("$TargetDedicated=3", situation()).results(aliases=True) == (
        "$TargetDedicated=3;$NodeDeallocationOption=requeue"
    )
    assert autoscale.evaluate(WORKING_HOURS, situation()).results() == (
        "$TargetDedicatedNodes=20;$TargetLowPriorityNodes=0;$NodeDeallocationOption=taskcompletion;"
        "$curTime=2026-11-23T12:00:00.000Z;$isWeekday=1;$isWorkingWeekdayHour=1;$workHours=1"
    )


def test_an_undefined_symbol_is_told_in_azures_words_and_leaves_the_targets() -> None:
    run = autoscale.evaluate("$something_useless", situation(2))
    assert run.error is not None
    assert (run.error.code, str(run.error)) == (
        "AutoScalingFormulaEvaluationError",
        "Line 1, Col 1: Undefined symbol: something_useless",
    )
    assert run.results() == "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue"


def test_too_few_samples_are_told_in_azures_words() -> None:
    formula = "$TargetDedicatedNodes =\n  avg($RunningTasks.GetSample(10 * TimeInterval_Minute, 70));"
    run = autoscale.evaluate(formula, situation(RunningTasks=[1.0] * 10))
    assert run.error is not None
    assert run.error.code == "InsufficientSampleData"
    assert str(run.error) == "Line 2, Col 7: Insufficient data from data set: $RunningTasks wanted 70%, received 50%"


def test_the_full_name_of_a_target_wins_over_its_alias() -> None:
    run = autoscale.evaluate("$TargetDedicated = 9; $TargetDedicatedNodes = 2;", situation())
    assert run.dedicated == 2


def test_stop_ends_the_evaluation_with_what_was_set_before() -> None:
    run = autoscale.evaluate("$TargetDedicatedNodes = 2; stop(); $TargetDedicatedNodes = 5;", situation())
    assert (run.dedicated, run.error) == (2, None)


@pytest.mark.parametrize(
    ("expression", "spelled"),
    [
        ("avg(1, 2, [3, 6])", "3"),
        ("lg(8)", "3"),
        ("lg(vec(8))", "[3]"),
        ("ln(1)", "0"),
        ("log(10, 100)", "[1,2]"),
        ("norm(3, 4)", "5"),
        ("percentile([1, 2, 3, 4], 50)", "2"),
        ("range(4, 9)", "5"),
        ("std(1, 2, 3)", "1"),
        ("val([5, 6], 1)", "6"),
        ("ceil(1.2) + floor(1.8) + round(2.6)", "6"),
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("-(1 - 3)", "2"),
        ("!0 && 1 || 0", "1"),
        ("1 / 0", "Infinity"),
        ('"a" < "b"', "1"),
        ("[1, 2] * 2 + 1", "[3,5]"),
        ("90 * TimeInterval_Minute", "01:30:00"),
        ("2 * TimeInterval_Day + TimeInterval_Second / 2", "2.00:00:00.5000000"),
        ('time("2026-02-03") - time("2026-02-02T12:00:00Z")', "12:00:00"),
        ("$PendingTasks.GetSamplePeriod()", "00:00:30"),
        ("$PendingTasks.Count()", "0"),
    ],
)
def test_operators_and_functions_do_what_the_article_says(expression: str, spelled: str) -> None:
    run = autoscale.evaluate(f"x = {expression};", situation())
    assert run.error is None
    assert run.results().endswith(f";$x={spelled}")


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("$TargetDedicatedNodes = 1 +", "Line 1, Col 28: Expected a value, found the end of the formula"),
        ("a = 1 b = 2", "Line 1, Col 7: Expected ';', found 'b'"),
        ("a = (1;", "Line 1, Col 7: Expected ')', found ';'"),
        ("a = 5 % 2;", "Line 1, Col 7: Unexpected character '%'"),
        ("1 = a;", "Line 1, Col 1: Only a variable can stand before '='"),
        ("(" * 8000, "Line 1, Col 65: More than 64 levels are nested here"),
        ("a=1;" * 101, "Line 1, Col 401: A formula has at most 100 statements"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(formula: str, told: str) -> None:
    with pytest.raises(autoscale.SyntaxProblem) as refused:
        autoscale.parse(formula)
    assert str(refused.value) == told


def test_a_formula_may_have_8192_characters_and_no_more() -> None:
    longest = "$TargetDedicatedNodes = 1" + "+1" * 4083 + ";"
    assert len(longest) == 8192
    assert autoscale.evaluate(longest, situation()).dedicated == 4084
    with pytest.raises(autoscale.TooLong):
        autoscale.parse(longest + " ")


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("$TargetDedicatedNodes = -1;", "at least 0"),
        ("$TargetDedicatedNodes = 1 / 0;", "at least 0"),
        ("$TargetDedicatedNodes = [1];", "at least 0"),
        ("$NodeDeallocationOption = 'later';", "must be one of requeue"),
        ("$PendingTasks = 1;", "PendingTasks is read-only"),
        ("x = time() - TimeInterval_Hour;", "Operator '-' does not take timestamp and timeinterval"),
        ("x = [1, 2] + [1];", "vectors of 2 and 1 elements"),
        ("x = val([1], 3);", "none at 3"),
        ("x = max($PendingTasks.GetSample(1));", "no value to choose from"),
        ("x = time('2023-04-14T11:04:37.884127123Z');", "time:"),
        ("x = frobnicate(1);", "Undefined symbol: frobnicate"),
        ("x = time().minutes;", "has no member minutes"),
        ("x = $PendingTasks.Latest();", "There is no Latest()"),
    ],
)
def test_a_formula_without_a_value_tells_where_and_why(formula: str, told: str) -> None:
    run = autoscale.evaluate(formula, situation(3))
    assert run.error is not None
    assert told in str(run.error)
    assert run.dedicated == 3
