"""Recordings of Azure replayed: how much comes out the same only rises, and none of it is learnt by heart.

The recordings and the replaying tool are not part of this repository. Entries of ``floors.json``: ``only`` chooses
scenarios, ``reproduced`` and ``exact`` are the least shares of the scored interactions of 2019 and later, ``slow``
keeps an entry out of ``make test``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
CORPUS, TOOL = SHARED / "corpus", SHARED / "tools" / "replay"
FLOORS = json.loads((Path(__file__).parent / "floors.json").read_text())
pytestmark = pytest.mark.skipif(
    not (CORPUS.is_dir() and TOOL.is_dir()), reason="the recordings of Azure are not beside the project"
)


ENTRIES = [
    pytest.param(floor, id=name, marks=[pytest.mark.slow] if floor.get("slow") else [])
    for name, floor in FLOORS.items()
]


@pytest.mark.parametrize("floor", ENTRIES)
def test_as_much_of_the_recordings_is_reproduced_as_before(floor: dict[str, Any], tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    options = ["--only", floor["only"], "--poll-timeout", "3", "-j", "6", "--json", str(results)]
    command = [sys.executable, "scripts/fidelity.py", str(CORPUS), "--replay", str(TOOL), *options]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False)
    assert results.exists(), said.stderr[-2000:]
    scored = json.loads(results.read_text())["headline"]
    assert scored["total"] > 100
    for share in ("reproduced", "exact"):
        assert scored[share] / scored["total"] >= floor[share], f"{share}: {scored}; `make fidelity` tells which"


NAMED = re.compile(
    r"/(?:resourceGroups|batchAccounts|storageAccounts|pools|jobs|tasks|applications|certificates|jobschedules"
    r"|virtualNetworks|userAssignedIdentities|vaults)/([^/?\"'\\ ()&#%]+)",
    re.IGNORECASE,
)
DRAWN = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|0x8[0-9A-F]{14}|[0-9a-fA-F]{40}")
WORD = re.compile(r"[\w.~-]{6,}")


def of_recordings() -> set[str]:
    """Names that somebody chose and values that Azure drew; words without a digit are anybody's."""
    found: set[str] = set()
    for file in CORPUS.glob("*/*.jsonl"):
        text = file.read_text("utf-8")
        found.update(NAMED.findall(text), DRAWN.findall(text))
    return {value.lower() for value in found if len(value) > 5 and any(map(str.isdigit, value))} - {
        "00000000-0000-0000-0000-000000000000"
    }


def test_no_name_or_value_of_a_recording_stands_in_batchlocal() -> None:
    recorded = of_recordings()
    assert len(recorded) > 1000
    tables = ROOT / "batchlocal" / "specs" / "tables"
    files = [file for file in (ROOT / "batchlocal").rglob("*") if file.is_file() and tables not in file.parents]
    wrong = {
        f"{file.relative_to(ROOT)}: {word}"
        for file in files
        if "__pycache__" not in file.parts
        for word in WORD.findall(file.read_text("utf-8", "ignore"))
        if word.lower() in recorded
    }
    assert not wrong
