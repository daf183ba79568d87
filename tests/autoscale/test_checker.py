"""What is said about a formula before anybody runs it."""

from __future__ import annotations

import pytest

from batchmgmt import autoscale
from batchmgmt.autoscale import Finding, Severity


def findings(formula: str) -> list[tuple[str, int, int, str, str]]:
    return [(f.severity.value, *f.at, f.message, f.mend) for f in autoscale.check(formula)]


def test_all_mistakes_are_told_at_once_each_with_its_place_and_mend() -> None:
    formula = """$pending = avg($PendingTask.GetSample(5 * TimeInterval_Minute));
$hour = time().hours;
$TargetDedicatedNodes = $PendingTasks.GetSample(5 * TimeInterval_Minute);
$NodeDeallocationOption = later;"""
    assert findings(formula) == [
        ("error", 1, 29, "Only Batch's metrics have the method GetSample", ""),
        ("error", 2, 16, "timestamp has no member hours", "did you mean hour?"),
        ("error", 3, 39, "$TargetDedicatedNodes takes a double, found doubleVec", "use avg, max or min of it"),
        ("error", 4, 27, "Undefined symbol: later", ""),
    ]


@pytest.mark.parametrize(
    ("formula", "message", "mend"),
    [
        ("$TargetDedicatedNodes = mx(1, 2);", "Undefined symbol: mx", "did you mean max?"),
        ("$TargetDedicatedNodes = $CurrentDedicatedNode;", "Undefined symbol: CurrentDedicatedNode",
         "did you mean CurrentDedicatedNodes?"),
        ("x = time() - TimeInterval_Hour; $TargetDedicatedNodes = 1;",
         "Operator '-' does not take timestamp and timeinterval", "add the negative interval: time + (-1 * interval)"),
        ("x = 'a' + 1; $TargetDedicatedNodes = 1;", "Operator '+' does not take string and double", ""),
        ("x = 1 + (1 > 2 ? stop() : [1]); $TargetDedicatedNodes = 1;",
         "Operator '+' does not take double and doubleVec", "write the vector first"),
        ("x = -'a'; $TargetDedicatedNodes = 1;", "Operator '-' does not take string", ""),
        ("x = val([1]); $TargetDedicatedNodes = 1;", "val takes 2 arguments, found 1", ""),
        ("x = [1] ? 2 : 3; $TargetDedicatedNodes = 1;", "Expected double, found doubleVec",
         "use avg, max or min of it"),
        ("x = time('yesterday'); $TargetDedicatedNodes = 1;", "'yesterday' is neither W3C-DTF nor RFC 1123",
         "write it as 2026-01-31T08:00:00Z, with at most seven digits after the second"),
        ("x = $PendingTasks.GetSample(1, 2); $TargetDedicatedNodes = 1;", "There is no GetSample(double, double)",
         "give a count, or a start and an end, and then a percentage"),
        ("$RunningTasks = 1; $TargetDedicatedNodes = 1;", "RunningTasks is read-only",
         "choose another name for the variable"),
        ("$TargetDedicatedNodes = 1 = 2;", "Expected ';', found '='", ""),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_what_to_write_instead(formula: str, message: str, mend: str) -> None:
    errors = list(autoscale.errors(autoscale.check(formula)))
    assert [(found.message, found.mend) for found in errors] == [(message, mend)]


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("x = 1;", "The formula sets no target"),
        ("$TargetDedicatedNodes = $PendingTasks;", "$PendingTasks alone is its newest sample, however old"),
        ("$TargetDedicatedNodes = sum($PendingTasks.GetSample(1));", "GetSample(1) is the newest sample, however old"),
        ("$targetDedicatedNodes = 1;", "targetDedicatedNodes is spelled TargetDedicatedNodes in Azure's documentation"),
        ("x = 1 ? 2 : 'a'; $TargetDedicatedNodes = 1;", "The branches are double and string"),
    ],
)
def test_what_the_service_takes_but_a_person_should_look_at_is_a_warning(formula: str, message: str) -> None:
    assert [(found.severity, found.message) for found in autoscale.check(formula)] == [(Severity.WARNING, message)]


def test_a_good_formula_has_no_findings() -> None:
    good = "$TargetDedicatedNodes = max(0, avg($PendingTasks.GetSample(5 * TimeInterval_Minute, 70)));"
    found: list[Finding] = autoscale.check(good)
    assert found == []
