"""Make ``batchlocal/specs/tables/*.json`` from Microsoft's API descriptions: facts only, no prose.

    .venv/bin/python scripts/make_specs.py --specs ../shared/specs

The same input gives the same bytes. Tables are never edited by hand.
"""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path

from spec_sources import bicep, sdk
from spec_sources.document import Document
from spec_sources.enrichment import enrich
from spec_sources.openapi import OpenApiReader

TABLES = Path(__file__).resolve().parents[1] / "batchlocal" / "specs" / "tables"
BATCH, STORAGE, SERVICE = "Microsoft.Batch", "Microsoft.Storage", "service"


def batch_2024(specs: Path) -> Document:
    """The management plane, 2024-07-01: the OpenAPI documents."""
    folder = "mgmt/2024-07-01"
    files = [f"{folder}/BatchManagement.json", f"{folder}/NetworkSecurityPerimeter.json"]
    return OpenApiReader(specs, BATCH, "2024-07-01", files).read()


def batch_2025(specs: Path, before: Document) -> Document:
    """The management plane, 2025-06-01: 2024-07-01's operations that remain, with Bicep's later body types."""
    operations_file = specs / "mgmt/2025-06-01/operations.derived-from-sdk.json"
    bodies = "mgmt/2025-06-01/bicep/types.json"
    remaining = {(one["method"], one["path"]) for one in json.loads(operations_file.read_text("utf-8"))["operations"]}
    document = Document(BATCH, "2025-06-01", [*before.sources, bodies, "operations.derived-from-sdk.json"])
    document.operations = [one for one in before.operations if (one["method"], one["path"]) in remaining]
    document.schemas = copy.deepcopy(before.schemas)
    bicep.overlay(document, specs / bodies)
    return document.prune()


def storage(specs: Path) -> Document:
    """Microsoft.Storage 2023-05-01: accounts, the services for blobs, files, queues and tables, policies."""
    names = ("storage", "blob", "file", "queue", "table", "networkSecurityPerimeter")
    files = [f"storage/2023-05-01/{name}.json" for name in names]
    return OpenApiReader(specs, STORAGE, "2023-05-01", files).read()


def service_2024(specs: Path, typespec: Document) -> Document:
    """The Batch service, 2024-07-01.20.0: the OpenAPI document, with the secrets that only TypeSpec's marks."""
    files = ["service/2024-07-01.20.0/BatchService.json"]
    document = OpenApiReader(specs, SERVICE, "2024-07-01.20.0", files).read()
    enrich(document, typespec, ["secret"])
    return document


def service_typespec(specs: Path) -> Document:
    """The Batch service, 2024-07-01.20.0 again, as generated from TypeSpec; it becomes no table of its own."""
    files = ["service/2024-07-01.20.0-typespec-preview/BatchService.json"]
    return OpenApiReader(specs, SERVICE, "2024-07-01.20.0", files).read()


def service_2025(specs: Path, before: Document, typespec: Document) -> Document:
    """The Batch service, 2025-06-01: the generated client, with the constraints of the version before."""
    operations_file = specs / "service/2025-06-01/operations.derived-from-sdk.json"
    return sdk.read(operations_file, SERVICE, [before, typespec])


def main() -> None:
    """Write all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--specs", type=Path, required=True, help="folder of the API descriptions")
    parser.add_argument("--out", type=Path, default=TABLES, help="folder of the tables")
    arguments = parser.parse_args()
    specs = arguments.specs.resolve()
    management, typespec = batch_2024(specs), service_typespec(specs)
    service = service_2024(specs, typespec)
    made = [
        management,
        batch_2025(specs, management),
        storage(specs),
        service,
        service_2025(specs, service, typespec),
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    for document in made:
        name = f"{document.namespace}.{document.api_version}.json"
        (arguments.out / name).write_text(document.render(), "utf-8")
        print(f"{name}: {len(document.operations)} operations, {len(document.schemas)} schemas")


if __name__ == "__main__":
    main()
