"""The rooms of docs/architecture.md: who may import whom, held on the syntax tree (functions and type checking too)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVERYTHING = "batchlocal"
PLANE = {
    *("autoscaling", "specs", "protocol", "domain", "store", "identity", "platform", "datafolder", "runner"),
    *("access", "certificates", "evacuation", "faults", "job_lifecycle", "linked_storage", "metrics", "quotas"),
    *("package_references", "private_links", "telemetry"),
}

# what a room may import of ours, beside itself; names without a dot are rooms of batchlocal
MAY_IMPORT: dict[str, set[str]] = {
    "infra": {"batchmgmt"},
    "batchmgmt": set(),
    "batchlocal.__main__": {EVERYTHING},
    "batchlocal.app": {EVERYTHING},
    "batchlocal.cli": {EVERYTHING},
    "batchlocal.server": {EVERYTHING},
    "batchlocal.runner": {"clock", "platform", "protocol", "store"},
    "batchlocal.clock": {"protocol"},
    "batchlocal.connections": set(),
    "batchlocal.gate": set(),
    "batchlocal.snapshots": {"datafolder", "store"},
    "batchlocal.platform": {
        "access",
        "clock",
        "datafolder",
        "domain",
        "faults",
        "gate",
        "identity",
        "journal",
        "store",
    },
    "batchlocal.access": {"domain", "store"},
    "batchlocal.faults": {"domain", "protocol"},
    "batchlocal.journal": {"protocol"},
    "batchlocal.telemetry": {"domain", "platform", "protocol", "store"},
    "batchlocal.metrics": {"domain", "platform", "protocol", "store", "telemetry"},
    "batchlocal.log_query_plane": {"domain", "identity", "platform", "protocol", "store"},
    "batchlocal.linked_storage": {"access", "store"},
    "batchlocal.package_references": {"domain", "store"},
    "batchlocal.private_links": {"store"},
    "batchlocal.storage_gate": {"domain", "platform", "private_links", "store"},
    "batchlocal.quotas": {"domain", "store"},
    "batchlocal.certificates": {"domain", "platform", "protocol", "store"},
    "batchlocal.autoscaling": {"domain", "platform", "protocol", "store", "batchmgmt.autoscale"},
    "batchlocal.evacuation": {"domain", "job_lifecycle", "platform", "store"},
    "batchlocal.job_lifecycle": {"autoscaling", "domain", "platform", "protocol", "quotas", "store"},
    "batchlocal.datafolder": set(),
    "batchlocal.pytest_plugin": {"control.client", "datafolder", "environment", "plugin", "supervision"},
    "batchlocal.environment": {"datafolder"},
    "batchlocal.supervision": {"control.client", "datafolder"},
    "batchlocal.specs": set(),
    "batchlocal.domain": {"batchmgmt.autoscale", "batchmgmt.rules"},
    "batchlocal.protocol": {"specs", "domain"},
    "batchlocal.store": {"domain"},
    "batchlocal.identity": {"protocol", "store", "datafolder"},
    "batchlocal.arm": PLANE,
    "batchlocal.service": PLANE,
    "batchlocal.nodes": PLANE - {"identity"},
    "batchlocal.blobs": set(),
    "batchlocal.control": {
        "identity",
        *("datafolder", "domain", "evacuation", "faults", "gate", "journal", "platform", "protocol", "snapshots"),
        "store",
    },
    "batchlocal.portal": {"platform", "protocol", "store", "domain", "nodes"},
    "batchlocal.plugin": {"specs", "batchmgmt.rules"},
    "batchlocal.engine": set(),
}
OURS = ("infra", "batchmgmt", "batchlocal")
OUTSIDE_WORLD = {
    *("asyncio", "http", "io", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3"),
    *("ssl", "subprocess", "tempfile", "threading", "time", "urllib", "uuid"),
}


def sources(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def room_of(file: Path) -> str:
    first, second, *_ = *file.relative_to(ROOT).with_suffix("").parts, "__init__"
    return f"batchlocal.{second}" if first == "batchlocal" and second != "__init__" else first


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it; names taken from a package count as its modules."""
    package = [*file.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def is_allowed(room: str, module: str) -> bool:
    if room == "batchlocal" or is_within(module, room):
        return True
    allowed = {name if name.startswith(OURS) else f"batchlocal.{name}" for name in MAY_IMPORT[room]}
    return any(is_within(module, name) for name in allowed)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    folder = room.partition(".")[0]
    files = [file for file in sources(folder) if room_of(file) == room]
    assert files, f"there is no room {room}"
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imported(file)
        if module.partition(".")[0] in OURS and not is_allowed(room, module)
    ]
    assert not wrong


def test_every_source_file_is_in_a_room() -> None:
    strays = {room_of(file) for file in sources(*OURS)} - MAY_IMPORT.keys() - {"batchlocal"}
    assert not strays


def test_every_room_is_described() -> None:
    described = (ROOT / "docs" / "architecture.md").read_text()
    named = {room.rpartition(".")[2] for room in MAY_IMPORT if (ROOT / room.replace(".", "/")).is_dir()}
    assert not [name for name in named if f"{name}/" not in described]


def test_rules_do_no_io_and_know_no_clock() -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in sources("batchlocal/domain")
        for module in imported(file)
        if module.partition(".")[0] in OUTSIDE_WORLD
    ]
    assert not wrong


def test_the_engine_has_no_word_of_any_cloud() -> None:
    cloud = re.compile(r"azure|microsoft|batchmgmt|entra|\barm\b|resource ?group", re.IGNORECASE)
    wrong = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in sources("batchlocal/engine")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if cloud.search(line)
    ]
    assert not wrong


def test_the_engine_names_no_resource_type_but_pulumis_own() -> None:
    token = re.compile(r"^([a-z][\w-]*):[\w/-]*:\w+$")
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for file in sources("batchlocal/engine")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and (found := token.match(node.value))
        and found[1] != "pulumi"
    ]
    assert not wrong


def test_the_program_has_no_line_that_knows_batchlocal() -> None:
    files = [
        file for file in (ROOT / "infra").rglob("*") if file.suffix in (".py", ".yaml", ".json") and file.is_file()
    ]
    wrong = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if "batchlocal" in line.lower()
    ]
    assert not wrong


@pytest.mark.parametrize("folder", ["tests/recorded", "tests/clients"])
def test_tests_that_could_be_pointed_at_azure_import_nothing_of_ours(folder: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in sources(folder)
        for module in imported(file)
        if module.partition(".")[0] in OURS
    ]
    assert not wrong
