"""The tables against the descriptions they were made from, where those are at hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchlocal import specs

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTIONS = ROOT.parent / "shared" / "specs"
pytestmark = pytest.mark.skipif(not DESCRIPTIONS.is_dir(), reason="the API descriptions are not beside the project")

DOCUMENTS = [
    ("Microsoft.Batch", "2024-07-01", "mgmt/2024-07-01/BatchManagement.json"),
    ("Microsoft.Storage", "2023-05-01", "storage/2023-05-01/storage.json"),
    ("Microsoft.Storage", "2023-05-01", "storage/2023-05-01/blob.json"),
    ("Microsoft.Storage", "2023-05-01", "storage/2023-05-01/file.json"),
    ("Microsoft.Storage", "2023-05-01", "storage/2023-05-01/queue.json"),
    ("Microsoft.Storage", "2023-05-01", "storage/2023-05-01/table.json"),
    ("service", "2024-07-01.20.0", "service/2024-07-01.20.0/BatchService.json"),
]


def examples(document: Path) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Method, path, the body parameter's name and the example's parameters, for each operation with a body."""
    for path, methods in json.loads(document.read_text("utf-8"))["paths"].items():
        for method, operation in methods.items():
            named = [one["name"] for one in operation["parameters"] if one.get("in") == "body"]
            for reference in operation.get("x-ms-examples", {}).values():
                example = json.loads((document.parent / reference["$ref"]).read_text("utf-8"))
                if named and named[0] in example["parameters"]:
                    yield method.upper(), path, named[0], example["parameters"]


@pytest.mark.parametrize(("namespace", "api_version", "document"), DOCUMENTS)
def test_the_examples_of_requests_are_accepted(namespace: str, api_version: str, document: str) -> None:
    table = specs.table_for(namespace, api_version)
    known = {(operation.method, operation.path): operation for operation in table.operations}
    seen = 0
    for method, path, name, parameters in examples(DESCRIPTIONS / document):
        schema = known[method, path].body
        assert schema is not None
        assert specs.check(table, schema, parameters[name]) == [], (method, path)
        seen += 1
    assert seen >= 3


def test_making_the_tables_again_gives_the_same_bytes(tmp_path: Path) -> None:
    script = [sys.executable, "scripts/make_specs.py", "--specs", str(DESCRIPTIONS), "--out", str(tmp_path)]
    subprocess.run(script, cwd=ROOT, check=True, capture_output=True, timeout=120)
    committed = ROOT / "batchlocal" / "specs" / "tables"
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in committed.iterdir()}
    for file in tmp_path.iterdir():
        assert file.read_bytes() == (committed / file.name).read_bytes(), file.name
        assert file.stat().st_size < 2**20
