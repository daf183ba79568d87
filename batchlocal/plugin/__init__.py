"""The Pulumi provider plugin ``azure-native``: generic CRUD over ARM from a table of resource types."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

__all__ = ["EXECUTABLE", "install"]

EXECUTABLE = "pulumi-resource-azure-native"

_PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from batchlocal.plugin.__main__ import main; main()"


def install(folder: Path) -> Path:
    """Write the plugin's executable into a folder and return its path; one that is right already is left alone.

    It runs this very interpreter and this very package: no environment need be active, and neither the folder that it
    is started in nor PYTHON* variables can put other modules in their place.
    """
    file = folder / EXECUTABLE
    package_folder = Path(__file__).resolve().parents[2]
    command = shlex.join([sys.executable, "-I", "-c", _PROGRAM, str(package_folder)])
    text = f'#!/bin/sh\nexec {command} "$@"\n'
    if not file.exists() or file.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{EXECUTABLE}.{os.getpid()}"
        draft.write_text(text)
        draft.chmod(0o755)
        draft.replace(file)
    return file
