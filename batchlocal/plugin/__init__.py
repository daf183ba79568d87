"""The Pulumi provider plugin ``azure-native``: generic CRUD over ARM from a table of resource types."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["EXECUTABLE", "install"]

EXECUTABLE = "pulumi-resource-azure-native"


def install(folder: Path) -> Path:
    """Write the plugin's executable into a folder and return its path; one that is right already is left alone.

    It runs this very interpreter, so it needs no environment to be active.
    """
    file = folder / EXECUTABLE
    text = f'#!/bin/sh\nexec "{sys.executable}" -m batchlocal.plugin "$@"\n'
    if not file.exists() or file.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{EXECUTABLE}.{os.getpid()}"
        draft.write_text(text)
        draft.chmod(0o755)
        draft.replace(file)
    return file
