"""How long a stack with many pools and applications takes, beside a script of az that makes the same, in one run.

A batchlocal of its own is started; first `batchlocal engine up` deploys 50 pools without nodes and 20 applications with
a package each, then az makes an environment like it, command by command, as a script would. az CLI is installed once,
into a folder that is kept (BENCH_CACHE, else ~/.cache/batchmgmt-bench); without a package index its column is left out.

Budget: the first `up` at most 0.2 of az.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from _tools import beside_az, client_environment, sign_in

ROOT = Path(__file__).resolve().parents[1]
POOLS, APPLICATIONS = 50, 20
BUDGET = 0.2
SIZE, IMAGE, AGENT = "Standard_D2s_v5", "canonical:0001-com-ubuntu-server-jammy:22_04-lts", "batch.node.ubuntu 22.04"


def measure(root: Path, az: Path | None) -> int:
    environment = {**os.environ, **client_environment(root)}
    environment["PULUMI_BACKEND_URL"] = f"file://{root / 'state'}"
    (root / "state").mkdir()
    project = made_project(root / "project")
    print(f"{POOLS} pools, {APPLICATIONS} applications with a package each", flush=True)
    up = [sys.executable, "-m", "batchlocal", "engine", "up", "--yes", "--skip-preview", "--stack", "bench"]
    first = seconds(up, project, environment)
    print(f"first up      {first:7.1f} s", flush=True)
    print(f"no-change up  {seconds([*up, '--expect-no-changes'], project, environment):7.1f} s", flush=True)
    if az is None:
        print("az CLI could not be installed: no comparison")
        return 0
    sign_in(az, root, environment)
    compared = az_script(az, root, environment)
    print(f"az script     {compared:7.1f} s")
    ratio = first / compared
    print(f"first up, of az: {ratio:.2f} (budget {BUDGET:g}){' OVER' if ratio > BUDGET else ''}")
    return int(ratio > BUDGET)


def made_project(folder: Path) -> Path:
    """This project's program with a stack of many pools and applications."""
    for part in ("Pulumi.yaml", "infra/__main__.py", "infra/plugins", "examples/fractal"):
        target = folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, target)
    (folder / ".venv").symlink_to(sys.prefix)
    package = {"version": "1.0", "source": "examples/fractal"}
    config: dict[str, Any] = {
        "location": "westeurope",
        "resourceGroup": "bench-up",
        "account": {"name": "benchup"},
        "storage": {"name": "benchupstore"},
        "applications": [{"name": f"app{n}", "packages": [package]} for n in range(APPLICATIONS)],
        "pools": [{"name": f"pool{n}", "vmSize": SIZE} for n in range(POOLS)],
    }
    (folder / "stacks").mkdir()
    document = {"config": {f"batchenv:{name}": value for name, value in config.items()}}
    (folder / "stacks" / "Pulumi.bench.yaml").write_text(json.dumps(document))  # JSON is YAML
    return folder


def az_script(az: Path, root: Path, environment: dict[str, str]) -> float:
    """Seconds that az takes for the same, one command after another."""
    archive = shutil.make_archive(str(root / "package"), "zip", ROOT / "examples" / "fractal")
    account = ["-g", "bench-az", "-n", "benchaz"]
    commands = [
        ["group", "create", "-n", "bench-az", "-l", "westeurope"],
        ["storage", "account", "create", "-g", "bench-az", "-n", "benchazstore", "-l", "westeurope"],
        ["batch", "account", "create", *account, "-l", "westeurope", "--storage-account", "benchazstore"],
        ["batch", "account", "login", *account, "--shared-key-auth"],
    ]
    for number in range(APPLICATIONS):
        application = [*account, "--application-name", f"app{number}"]
        package = ["--version-name", "1.0", "--package-file", archive]
        commands += [
            ["batch", "application", "create", *application],
            ["batch", "application", "package", "create", *application, *package],
            ["batch", "application", "set", *application, "--default-version", "1.0"],
        ]
    machine = ["--vm-size", SIZE, "--image", IMAGE, "--node-agent-sku-id", AGENT]
    commands += [["batch", "pool", "create", "--id", f"pool{n}", *machine] for n in range(POOLS)]
    started = time.perf_counter()
    for command in commands:
        subprocess.run([str(az), *command], env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def seconds(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Wall time of a command."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(beside_az(measure))
