"""Every example as its user runs it, on its own stack: deployed, run with its tool, destroyed.

Tools are installed by their ordinary clients into a folder that is kept (EXAMPLES_CACHE, else
~/.cache/batchmgmt-examples).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Local
from tests.infra.mocked import ROOT
from tests.infra.project import Project, copied

CACHE = Path(os.environ.get("EXAMPLES_CACHE") or Path.home() / ".cache" / "batchmgmt-examples")
AZ, SNAKEMAKE = "azure-cli==2.91.0", "snakemake==9.27.1"
SECONDS = 600


@pytest.fixture
def project(batchlocal: Local, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """The stack of an example, up; destroyed again."""
    made = copied(tmp_path, request.param, "examples")
    made.engine("up", "--yes", "--skip-preview")
    yield made
    made.engine("destroy", "--yes", "--skip-preview")


def on(stack: str) -> Any:
    return pytest.mark.parametrize("project", [stack], indirect=True)


def run(project: Project, *command: str | Path, folder: str = ".", **variables: str) -> str:
    """Run a tool in a folder of the project; what it printed."""
    done = subprocess.run(
        [str(one) for one in command],
        cwd=project.root / folder,
        env={**project.environment, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def handed_out(project: Project, form: str, file: str = "") -> str:
    """`batchmgmt endpoint show` of the project's stack, into a file of it or as text."""
    output = ["-o", file] if file else []
    command = [sys.executable, "-m", "batchmgmt", "endpoint", "show", "--stack", project.stack, "--format", form]
    return run(project, *command, *output)


def tool(package: str, name: str) -> Path:
    """A command of a Python package, in an environment of its own."""
    home = CACHE / package
    if not (home / "bin" / name).exists():
        venv.create(home, with_pip=True)
        clean = {one: value for one, value in os.environ.items() if one not in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")}
        command = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", package]
        subprocess.run(command, check=True, env=clean, timeout=SECONDS)
    return home / "bin" / name


SQUARES = [f"{n} squared is {n * n}" for n in range(1, 9)]


@on("sweep")
def test_a_parameter_sweep_in_python(project: Project) -> None:
    told = run(project, sys.executable, "examples/sweep/sweep.py", "--rates", "0.5", "2.0")
    assert told.splitlines() == ["rate   population", "0.5    0.0", "2.0    0.5"]


@pytest.mark.slow
@on("javascript")
def test_tasks_from_javascript(project: Project) -> None:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm on PATH")
    folder = "examples/javascript"
    plain = {"NODE_EXTRA_CA_CERTS": "", "SSL_CERT_FILE": ""}
    run(project, "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", folder=folder, **plain)
    handed_out(project, "javascript", f"{folder}/endpoint.mjs")
    told = run(project, "node", "squares.mjs", "javascript", folder=folder)
    assert told.splitlines() == [f"{n}² = {n * n}" for n in range(1, 9)]


@pytest.mark.slow
@on("java")
def test_tasks_from_java(project: Project, batchlocal: Local) -> None:
    if shutil.which("mvn") is None:
        pytest.skip("there is no Maven on PATH")
    folder = "examples/java"
    handed_out(project, "java", f"{folder}/batch.properties")
    store = ["-keystore", "trust.p12", "-storetype", "PKCS12", "-storepass", "changeit"]
    imported = ["-importcert", "-noprompt", "-alias", "local", "-file", batchlocal.settings["caFile"]]
    run(project, "keytool", *imported, *store, folder=folder)
    listed = "dependency:build-classpath"
    run(project, "mvn", "-q", "-B", "compile", listed, "-Dmdep.outputFile=target/classpath", folder=folder)
    classes = f"target/classes:{(project.root / folder / 'target/classpath').read_text()}"
    trust = ["-Djavax.net.ssl.trustStore=trust.p12", "-Djavax.net.ssl.trustStorePassword=changeit"]
    opened = ["--add-opens", "java.base/java.util=ALL-UNNAMED"]
    told = run(project, "java", *opened, *trust, "-cp", classes, "Squares", "batch.properties", "java", folder=folder)
    assert [line for line in told.splitlines() if "squared" in line] == SQUARES


@pytest.mark.slow
@on("azcli")
def test_a_script_of_az(project: Project, tmp_path: Path) -> None:
    az = tool(AZ, "az")
    lines = [line.removeprefix("export ") for line in handed_out(project, "dotenv").splitlines()]
    variables = {name: value.strip("'\"") for name, _, value in (line.partition("=") for line in lines)}
    path = f"{az.parent}{os.pathsep}{os.environ['PATH']}"
    told = run(project, "sh", "examples/azcli/squares.sh", "azcli", PATH=path, AZURE_CONFIG_DIR=str(tmp_path / "az"),
               AZURE_CORE_COLLECT_TELEMETRY="false", **variables)  # fmt: skip
    assert told.splitlines() == SQUARES[:4]


@pytest.mark.slow
@on("snakemake")
def test_a_workflow_of_snakemake(project: Project) -> None:
    snakemake = tool(SNAKEMAKE, "snakemake")
    run(project, snakemake, "--cores", "2", "--config", f"python={sys.executable}", folder="examples/snakemake")
    summary = (project.root / "examples/snakemake/summary.txt").read_text()
    assert "6 a" in summary
    again = run(project, snakemake, "--cores", "2", "--dry-run", "--quiet", "all", folder="examples/snakemake")
    assert "count" not in again


@pytest.mark.slow
@on("datafactory")
def test_definitions_of_data_factory_agree_with_the_stack(project: Project) -> None:
    service = json.loads(handed_out(project, "data-factory"))
    pipeline = json.loads((ROOT / "examples/data-factory/pipeline.json").read_text())
    [activity] = pipeline["properties"]["activities"]
    assert (activity["type"], service["properties"]["type"]) == ("Custom", "AzureBatch")
    assert activity["linkedServiceName"]["referenceName"] == service["name"]
    settings = service["properties"]["typeProperties"]
    storage = activity["typeProperties"]["resourceLinkedService"]["referenceName"]
    assert storage == settings["linkedServiceName"]["referenceName"]
    assert settings["poolName"] == project.outputs()["pools"][0]
    container = activity["typeProperties"]["folderPath"].partition("/")[0]
    assert container in [
        one["inputs"]["containerName"] for one in project.resources() if "BlobContainer" in one["type"]
    ]
