"""Clients that are installed once, into a folder that is kept (BENCH_CACHE, else ~/.cache/batchmgmt-bench)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

__all__ = ["maven_package", "node_package", "python_package"]

_ENVIRONMENT = dict(os.environ)  # as the tests were started: without the batchlocal's variables and its CA


def _home(name: str) -> Path:
    return Path(os.environ.get("BENCH_CACHE") or Path.home() / ".cache" / "batchmgmt-bench") / name


def python_package(requirement: str, *others: str) -> Path:
    """The folder of an environment of its own that has packages; the test is skipped where they cannot be had."""
    home = _home(requirement)
    stamp = home / "installed"
    if not stamp.exists():
        _run([sys.executable, "-m", "venv", str(home)], requirement)
        _run([str(home / "bin" / "python"), "-m", "pip", "install", "-q", requirement, *others], requirement)
        stamp.touch()
    return home


def node_package(*requirements: str) -> Path:
    """A folder whose ``node_modules`` has packages; the test is skipped where they cannot be had."""
    home = _home("+".join(one.replace("/", "_") for one in requirements))
    stamp = home / "installed"
    if not stamp.exists():
        home.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--no-fund", "--no-audit", "--prefix", str(home), *requirements], requirements[0])
        stamp.touch()
    return home


def maven_package(group: str, artifact: str, version: str) -> Path:
    """A folder of jars, a package with all that it needs; the test is skipped where they cannot be had."""
    home = _home(f"{artifact}-{version}")
    stamp = home / "installed"
    if not stamp.exists():
        home.mkdir(parents=True, exist_ok=True)
        coordinates = f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
        own = "<modelVersion>4.0.0</modelVersion><groupId>tests</groupId><artifactId>clients</artifactId>"
        pom = f"<project>{own}<version>1</version><dependencies><dependency>{coordinates}</dependency></dependencies>"
        (home / "pom.xml").write_text(f"{pom}</project>")
        target = f"-DoutputDirectory={home / 'jars'}"
        _run(["mvn", "-q", "-B", "-f", str(home / "pom.xml"), "dependency:copy-dependencies", target], artifact)
        stamp.touch()
    return home / "jars"


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, timeout=900, check=False)
    except FileNotFoundError:
        pytest.skip(f"{command[0]} is not there to install {what}")
    if done.returncode:
        pytest.skip(f"{what} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
