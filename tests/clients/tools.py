"""Clients that are installed once, into a folder that is kept (BENCH_CACHE, else ~/.cache/batchmgmt-bench)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

__all__ = ["java_program", "maven_package", "node_package", "python_package"]

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


def maven_package(*coordinates: str) -> Path:
    """A folder of jars, packages (``group:artifact:version``) with all that they need, or a skip. Where two need one
    package in two versions, the first decides."""
    home = _home("+".join("-".join(one.split(":")[1:]) for one in coordinates))
    stamp = home / "installed"
    if not stamp.exists():
        home.mkdir(parents=True, exist_ok=True)
        dependencies = "".join(map(_dependency, coordinates))
        own = "<modelVersion>4.0.0</modelVersion><groupId>tests</groupId><artifactId>clients</artifactId>"
        (home / "pom.xml").write_text(
            f"<project>{own}<version>1</version><dependencies>{dependencies}</dependencies></project>"
        )
        target = f"-DoutputDirectory={home / 'jars'}"
        _run(["mvn", "-q", "-B", "-f", str(home / "pom.xml"), "dependency:copy-dependencies", target], coordinates[0])
        stamp.touch()
    return home / "jars"


def _dependency(coordinates: str) -> str:
    group, artifact, version = coordinates.split(":")
    inner = f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
    return f"<dependency>{inner}</dependency>"


def java_program(source: Path, jars: Path, ca_file: Path, folder: Path, *options: str) -> list[str]:
    """The command that runs a Java program, compiled into ``folder``; it trusts the last authority of ``ca_file``."""
    store, classes = folder / "trust.jks", f"{jars}/*"
    single = folder / "ca.pem"  # the file also holds the public authorities: ours is the last
    mark = "-----BEGIN CERTIFICATE-----"
    single.write_text(mark + ca_file.read_text().rsplit(mark, 1)[1])
    keytool = ["keytool", "-importcert", "-noprompt", "-alias", "batchlocal", "-storepass", "changeit"]
    subprocess.run([*keytool, "-file", str(single), "-keystore", str(store)], check=True, capture_output=True)
    subprocess.run(["javac", "-cp", classes, "-d", str(folder), str(source)], check=True, capture_output=True)
    trusted = [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]
    return ["java", *options, *trusted, "-cp", f"{folder}:{classes}", source.stem]


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, timeout=900, check=False)
    except FileNotFoundError:
        pytest.skip(f"{command[0]} is not there to install {what}")
    if done.returncode:
        pytest.skip(f"{what} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
