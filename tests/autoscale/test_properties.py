"""What holds for every formula."""

from __future__ import annotations

import math
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from batchmgmt import autoscale
from batchmgmt.autoscale import Situation, Timestamp

NOW = Situation(Timestamp(638_000_000_000_000_000 - 621_355_968_000_000_000), 2, 1, {"CurrentDedicatedNodes": 2.0})

numbers = st.floats(0, 1e6, allow_nan=False).map(lambda value: format(value, ".6f"))
atoms = numbers | st.sampled_from(
    ["$CurrentDedicatedNodes", "$TargetDedicatedNodes", "[1,2,3]", "time()", "TimeInterval_Minute", "'text'", "stop()"]
)
expressions = st.recursive(
    atoms,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/<>"), inner).map(lambda parts: f"({' '.join(parts)})")
        | st.tuples(st.sampled_from(["avg", "max", "lg", "vec", "std", "val"]), inner, inner).map(
            lambda parts: f"{parts[0]}({parts[1]}, {parts[2]})"
        )
        | st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})")
        | inner.map(lambda value: f"-{value}")
    ),
    max_leaves=12,
)


@given(st.text(max_size=200))
def test_any_text_is_evaluated_or_refused_and_never_breaks(text: str) -> None:
    with suppress(autoscale.FormulaError):
        assert autoscale.evaluate(text, NOW).results().startswith("$TargetDedicatedNodes=")


@given(expressions)
def test_a_formula_without_findings_has_no_error_of_types(expression: str) -> None:
    formula = f"x = {expression}; $TargetDedicatedNodes = 1;"
    if autoscale.check(formula):
        return
    run = autoscale.evaluate(formula, NOW)
    told = str(run.error or "")
    assert not any(words in told for words in ("does not take", "Expected", "Undefined", "has no member"))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_reductions_agree_with_arithmetic(values: list[float]) -> None:
    vector = "[" + ",".join(f"{value:.6f}".replace("-", "0-") for value in values) + "]"
    rounded = [float(f"{value:.6f}") for value in values]
    formula = f"v = {vector}; s = sum(v); lo = min(v); hi = max(v); n = len(v); a = avg(v) * len(v);"
    variables = autoscale.evaluate(formula, NOW).variables
    assert variables["n"] == len(values)
    assert (variables["lo"], variables["hi"]) == (min(rounded), max(rounded))
    for name in "sa":
        value = variables[name]
        assert isinstance(value, float)
        assert math.isclose(value, math.fsum(rounded), rel_tol=1e-9, abs_tol=1e-6)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_whole_targets_come_back_as_they_were_set(dedicated: int, low_priority: int) -> None:
    run = autoscale.evaluate(f"$TargetDedicatedNodes={dedicated};$TargetLowPriorityNodes={low_priority}", NOW)
    assert (run.dedicated, run.low_priority, run.error) == (dedicated, low_priority, None)
