"""Log queries, by Microsoft's Kusto documentation."""

from __future__ import annotations

from typing import Any

import pytest

from batchlocal.domain.log_query import QueryNotTaken, parse

ROWS: list[dict[str, Any]] = [
    {"TimeGenerated": "2026-01-01T10", "OperationName": "TaskFailEvent", "id_s": "t1", "code_d": 3.0},
    {"TimeGenerated": "2026-01-01T11", "OperationName": "TaskFailEvent", "id_s": "t2", "code_d": 1.0},
    {"TimeGenerated": "2026-01-01T12", "OperationName": "PoolCreateEvent", "id_s": "my-pool", "ok_b": True},
]


def ids(text: str) -> list[Any]:
    """The first column of a query's result."""
    return [row[0] for row in parse(f"T | {text}", lambda seconds: f"ago {seconds:g}").run(ROWS).rows]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("OperationName == 'TaskFailEvent'", ["t1", "t2"]),
        ('OperationName == "taskfailevent"', []),
        ("OperationName =~ 'taskfailevent'", ["t1", "t2"]),
        ("OperationName != 'TaskFailEvent'", ["my-pool"]),
        ("OperationName !~ 'TASKFAILEVENT'", ["my-pool"]),
        ("id_s has 'pool'", ["my-pool"]),
        ("id_s has 'poo'", []),
        ("id_s contains 'POO'", ["my-pool"]),
        ("id_s startswith 'MY'", ["my-pool"]),
        ("id_s endswith '2'", ["t2"]),
        ("id_s in ('t1', 't2')", ["t1", "t2"]),
        ("code_d > 1", ["t1"]),
        ("code_d >= 1 and code_d < 3", ["t2"]),
        ("code_d <= 1 or ok_b == true", ["t2", "my-pool"]),
        ("(code_d == 3 or code_d == 1) and id_s == 't2'", ["t2"]),
        ("TimeGenerated > datetime(2026-01-01T10) // later\n", ["t2", "my-pool"]),
        ("nothing_s == 'x'", []),
    ],
)
def test_where(condition: str, found: list[str]) -> None:
    assert ids(f"where {condition} | project id_s") == found


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ("project id_s | take 2", ["t1", "t2"]),
        ("project id_s | limit 1", ["t1"]),
        ("top 1 by TimeGenerated | project id_s", ["my-pool"]),
        ("sort by code_d | project id_s", ["t1", "t2", "my-pool"]),
        ("order by OperationName asc, code_d asc | project id_s", ["my-pool", "t2", "t1"]),
        ("distinct OperationName", ["TaskFailEvent", "PoolCreateEvent"]),
        ("count", [3]),
        ("summarize count() by OperationName | project count_", [2, 1]),
        ("where id_s == 'none' | summarize n=count()", [0]),
        ("project name=id_s | where name == 't1'", ["t1"]),
    ],
)
def test_operators(steps: str, found: list[Any]) -> None:
    assert ids(steps) == found


def test_columns_are_those_of_the_rows_until_they_are_chosen() -> None:
    whole = parse("T", str).run(ROWS)
    assert whole.columns == ("TimeGenerated", "OperationName", "id_s", "code_d", "ok_b")
    assert whole.rows[2][3] is None
    assert parse("T | project id_s, gone_s", str).run(ROWS).columns == ("id_s", "gone_s")


def test_times_are_asked_for_before_now() -> None:
    spans: list[float] = []

    def ago(seconds: float) -> str:
        spans.append(seconds)
        return ""

    parse("T | where TimeGenerated > ago(90m) and TimeGenerated < ago(1.5d)", ago)
    assert spans == [5400, 129600]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("T | extend a = 1", "'extend'"),
        ("T | summarize make_list(a) by b", "'make_list'"),
        ("T | where a ~ 1", "'~'"),
        ("T | where a == b", "'b' is no value"),
        ("T | where a matches 'x'", "'matches' is no comparison"),
        ("T | take many", "'many'"),
        ("T | where TimeGenerated > ago(soon)", "'soon'"),
        ("T | sort a", "'by'"),
        ("T where a == 1", "'where' stands where '|' must"),
        ("T | where (a == 1", "ends where"),
        ("", "ends where"),
        ("1", "'1' stands where"),
    ],
)
def test_what_is_not_understood_is_named(query: str, named: str) -> None:
    with pytest.raises(QueryNotTaken) as refused:
        parse(query, str)
    assert named in refused.value.reason
