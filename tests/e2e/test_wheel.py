"""The built package in a project of somebody's own, with nothing of this checkout but Azurite."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SECONDS = 120
PULUMI_YAML = """
name: own
runtime: python
main: program
plugins:
  providers:
    - name: batchmgmt
      path: plugins/batchmgmt
"""
PROGRAM = """
from pathlib import Path

import pulumi

from infra import outputs
from infra.components import BatchEnvironment
from infra.model import Account, Application, Environment, Nodes, Package, Pool, Storage

made = BatchEnvironment(
    "own",
    Environment(
        location="westeurope",
        resource_group="own",
        account=Account(name="ownbatch"),
        storage=Storage(name="ownbatchstore"),
        applications=(Application(name="tool", packages=(Package(version="1", source="tool"),)),),
        pools=(Pool(name="main", nodes=Nodes(dedicated=1)),),
    ),
    root=Path(__file__).parents[1],
)
for name, value in outputs.of(made, "westeurope").items():
    pulumi.export(name, value)
"""


@dataclass(frozen=True)
class Own:
    """A project that has the package from a wheel; ``environment`` is that of its shell."""

    folder: Path
    environment: dict[str, str]

    def run(self, module: str, *arguments: str, **more: str) -> str:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env={**self.environment, **more}, capture_output=True, text=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    pip = [sys.executable, "-m", "pip"]
    wheels, site, folder = (tmp_path / name for name in ("wheels", "site", "own"))
    build = [*pip, "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "-q", "-w", str(wheels)]
    subprocess.run(build, check=True, timeout=SECONDS)
    [wheel] = wheels.iterdir()
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", str(site), str(wheel)], check=True, timeout=SECONDS)
    folder.mkdir()
    (folder / ".tools").symlink_to(ROOT / ".tools")
    foreign = ("ARM_", "AZURE_", "PULUMI_", "BATCHLOCAL_", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    known = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    made = Own(folder, {**known, "PYTHONPATH": str(site), "BATCHMGMT_TOKEN_CACHE": "off"})
    yield made
    made.run("batchlocal", "stop")


def test_it_needs_no_checkout(own: Own) -> None:
    for package in ("batchmgmt", "batchlocal", "infra"):
        where = subprocess.run(
            [sys.executable, "-c", f"import {package}; print({package}.__file__)"],
            cwd=own.folder, env=own.environment, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert where.startswith(own.environment["PYTHONPATH"])
    assert "endpoint" in own.run("batchmgmt", "--help")
    own.run("batchlocal", "start", "--detach")
    lines = own.run("batchlocal", "env", "--format", "dotenv").splitlines()
    cloud = {name: json.loads(value) for name, value in (line.split("=", 1) for line in lines)}

    for name, text in (("Pulumi.yaml", PULUMI_YAML), ("program/__main__.py", PROGRAM), ("tool/run.sh", "echo\n")):
        (own.folder / name).parent.mkdir(exist_ok=True)
        (own.folder / name).write_text(text)
    provider = Path(own.environment["PYTHONPATH"]) / "infra" / "plugins" / "batchmgmt"
    shutil.copytree(provider, own.folder / "plugins" / "batchmgmt")
    own.run("batchlocal", "engine", "up", "--yes", "--skip-preview", "--stack", "dev", **cloud)
    shown = json.loads(own.run("batchmgmt", "endpoint", "show", "--stack", "dev", "--details", **cloud))
    assert (shown["pools"], shown["applications"]) == (["main"], {"tool": "1"})
    own.run("batchlocal", "engine", "destroy", "--yes", "--skip-preview", "--stack", "dev", **cloud)
