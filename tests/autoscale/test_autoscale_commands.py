"""``batchmgmt pool autoscale`` as people type it, and what its page shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLLOW = "$TargetDedicatedNodes = min(10, max(0, $PendingTasks.GetSample(1)));\n"
WRONG = "$TargetDedicatedNodes = unknown;\n$TargetLowPriorityNodes = mins(1, 2);\n"


@pytest.fixture
def formula(tmp_path: Path) -> Path:
    return _written(tmp_path / "formula.txt", FOLLOW)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return _written(tmp_path / "trace.csv", "time,tasks\n# the morning\n0:10,200\n\n1:00,20\n")


def test_check_tells_every_mistake_with_its_place_and_ends_with_3(tmp_path: Path) -> None:
    told = autoscale("check", _written(tmp_path / "formula.txt", WRONG), "--format", "json")
    found = json.loads(told.stdout)
    assert [(each["line"], each["column"]) for each in found] == [(1, 25), (2, 27)]
    assert found[1]["mend"] == "did you mean min?"
    assert told.stderr.startswith("2 errors, 0 warnings")
    assert told.returncode == 3


def test_check_reads_stdin_and_is_content_with_a_good_formula() -> None:
    told = autoscale("check", "-", typed="$TargetDedicatedNodes = 3;")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "no errors\n")


def test_simulate_shows_nodes_follow_the_load(formula: Path, trace: Path) -> None:
    told = autoscale("simulate", formula, "--trace", trace, "--hours", 2, "--interval", 5, "--format", "json")
    moments = json.loads(told.stdout)
    assert max(moment["nodes"] for moment in moments) == 10
    assert (moments[-1]["nodes"], moments[-1]["completed"]) == (0, 220)
    assert "220 of 220 tasks done" in told.stderr
    assert "at most 10 nodes" in told.stderr


def test_simulate_prints_a_table_with_a_line_an_evaluation(formula: Path, trace: Path) -> None:
    told = autoscale("simulate", formula, "--trace", trace, "--hours", 2)
    times = re.findall(r"^ (\d+:\d\d) ", told.stdout, re.MULTILINE)
    assert times == ["0:00", "0:15", "0:30", "0:45", "1:00", "1:15", "1:30", "1:45", "2:00"]


def test_simulate_knows_the_hour_it_starts_at(tmp_path: Path) -> None:
    office = "now = time(); $TargetDedicatedNodes = now.hour >= 8 && now.hour < 18 ? 4 : 1;"
    times = ("--start", "2026-11-23T07:00:00", "--hours", 2, "--interval", 60)
    told = autoscale("simulate", _written(tmp_path / "office.txt", office), *times, "--format", "tsv")
    assert [line.split("\t")[:2] for line in told.stdout.splitlines()] == [["0:00", "1"], ["1:00", "4"], ["2:00", "4"]]


@pytest.mark.parametrize("name", ["nodes.svg", "nodes.png"])
def test_simulate_draws_nodes_over_time(formula: Path, trace: Path, tmp_path: Path, name: str) -> None:
    told = autoscale("simulate", formula, "--trace", trace, "--hours", 2, "--plot", tmp_path / name)
    assert told.returncode == 0, told.stderr
    drawn = (tmp_path / name).read_bytes()
    assert drawn.startswith(b"\x89PNG") if name.endswith("png") else b"<!-- nodes -->" in drawn


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("8:70,1", "8:70,1"),
        ("soon,1", "soon,1"),
        ("5", "line 1 is '5'"),
        ("5,-1", "never taken away"),
        ("-5,1", "-5,1"),
    ],
)
def test_a_line_of_a_trace_that_cannot_be_read_is_named(formula: Path, tmp_path: Path, line: str, reason: str) -> None:
    told = autoscale("simulate", formula, "--trace", _written(tmp_path / "trace.csv", f"{line}\n"))
    assert told.returncode == 2
    assert reason in told.stderr
    assert told.stdout == ""


def test_bad_files_are_told_in_one_sentence(formula: Path, tmp_path: Path) -> None:
    missing = autoscale("check", tmp_path / "missing.txt")
    assert (missing.returncode, len(missing.stderr.splitlines())) == (2, 1)
    assert "No such file" in missing.stderr
    unknown = autoscale("simulate", formula, "--hours", 1, "--plot", tmp_path / "nodes.gif")
    assert unknown.stdout == ""
    assert (unknown.returncode, "must end in .svg" in unknown.stderr) == (2, True)
    wrong = autoscale("simulate", _written(tmp_path / "wrong.txt", "$TargetDedicatedNodes ="))
    assert (wrong.returncode, "autoscale check" in wrong.stderr) == (2, True)


def test_the_page_on_autoscale_shows_code_that_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/autoscale.md").read_text(), re.DOTALL)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "$TargetDedicatedNodes=7" in told.stdout


def autoscale(*arguments: object, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "batchmgmt", "pool", "autoscale", *map(str, arguments)]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=False)


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
