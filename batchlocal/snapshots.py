"""Snapshots of a data folder: store, blobs, node folders and stacks' state, kept together and put back together.

Identity, certificates and ports are no part of it, so clients go on with what they have. An exchange is marked in the
folder before it begins; a server that was killed in the middle finishes it when it starts again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import stat
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from batchlocal.datafolder import DataFolder, remove_tree, write_private
from batchlocal.store.migrations import check_known

__all__ = [
    "NameInvalid",
    "Snapshot",
    "SnapshotNotFound",
    "copy_files",
    "copy_store",
    "exchange",
    "find",
    "finish_exchange",
    "listed",
    "remove",
]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ABOUT: Final = "snapshot.json"


class NameInvalid(Exception):
    """Not a name for a snapshot."""


class SnapshotNotFound(Exception):
    """There is no such snapshot."""


@dataclass(frozen=True)
class Snapshot:
    """``created`` is ISO 8601, ``size`` in bytes; ``instant`` is what the clock of life cycles showed (ticks)."""

    name: str
    created: str
    size: int
    instant: int


def _parts(data: DataFolder) -> dict[str, Path]:
    """The folders that a snapshot holds beside the store, by their names in it."""
    return {"nodes": data.nodes, "blobs": data.blobs / "data", "pulumi": data.state}


def copy_store(data: DataFolder, name: str) -> None:
    """Begin a snapshot: what is committed now. What is copied later is newer, so nothing that is told of is missing.

    Raises:
        NameInvalid
    """
    _folder(data, name)
    draft = _draft(data)
    remove_tree(draft)
    draft.mkdir(mode=0o700, parents=True)
    with closing(sqlite3.connect(data.store)) as connection:
        connection.execute("VACUUM INTO ?", (str(draft / data.store.name),))
    (draft / data.store.name).chmod(0o600)


def copy_files(data: DataFolder, name: str, created: str, instant: int) -> Snapshot:
    """End a snapshot: node folders, blobs, stacks' state. An older one of that name goes once this one is whole."""
    target, draft = _folder(data, name), _draft(data)
    for part, folder in _parts(data).items():
        if folder.exists():
            _copy_tree(folder, draft / part)
    size = sum(file.lstat().st_size for file in draft.rglob("*"))
    snapshot = Snapshot(name, created, size, instant)
    write_private(draft / _ABOUT, json.dumps(asdict(snapshot)))
    remove_tree(target)
    draft.rename(target)
    return snapshot


def _draft(data: DataFolder) -> Path:
    return data.snapshots / ".draft"


def _copy_tree(folder: Path, target: Path) -> None:
    """Copy a folder that running tasks change: what they take away meanwhile is not in the copy."""
    made: list[tuple[str, Path]] = []
    for parent, directories, files in os.walk(folder, onerror=_unless_it_has_gone):
        place = target / Path(parent).relative_to(folder)
        place.mkdir(parents=True, exist_ok=True)
        made.append((parent, place))
        for name in (*directories, *files):
            with suppress(FileNotFoundError):
                _copy_file(Path(parent, name), place / name)
    for parent, place in reversed(made):  # at last, as some may not be written
        with suppress(FileNotFoundError):
            shutil.copystat(parent, place)


def _unless_it_has_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _copy_file(source: Path, target: Path) -> None:
    """Copy a link or a regular file, one that may not be read too; tasks also make sockets and pipes."""
    mode = source.lstat().st_mode
    if stat.S_ISLNK(mode):
        target.symlink_to(source.readlink())
    elif stat.S_ISREG(mode) and mode & stat.S_IRUSR:
        shutil.copy2(source, target)
    elif stat.S_ISREG(mode):
        source.chmod(stat.S_IMODE(mode) | stat.S_IRUSR)
        shutil.copy2(source, target)
        for file in (source, target):
            file.chmod(stat.S_IMODE(mode))


def listed(data: DataFolder) -> list[Snapshot]:
    """The snapshots, by name."""
    return [_about(folder.parent) for folder in sorted(data.snapshots.glob(f"[!.]*/{_ABOUT}"))]


def _about(folder: Path) -> Snapshot:
    return Snapshot(**json.loads((folder / _ABOUT).read_text()))


def remove(data: DataFolder, name: str) -> None:
    """Forget a snapshot.

    Raises:
        NameInvalid, SnapshotNotFound
    """
    remove_tree(_found(data, name))


def find(data: DataFolder, name: str) -> Snapshot:
    """A snapshot that can be restored.

    Raises:
        NameInvalid, SnapshotNotFound
        StoreTooNew: a newer batchlocal made the snapshot.
    """
    folder = _found(data, name)
    with closing(sqlite3.connect(folder / data.store.name)) as connection:
        check_known(connection)
    return _about(folder)


def exchange(data: DataFolder, name: str) -> None:
    """Put a snapshot in the place of what is there, or nothing when ``name`` is empty; nobody may use the folder."""
    write_private(data.restoring, name)
    finish_exchange(data)


def finish_exchange(data: DataFolder) -> None:
    """Do an exchange that has been marked, from its beginning; without a mark there is nothing to do."""
    if not data.restoring.exists():
        return
    name = data.restoring.read_text()
    for suffix in ("", "-wal", "-shm"):
        data.store.with_name(data.store.name + suffix).unlink(missing_ok=True)
    source = _folder(data, name) if name else None
    for part, folder in _parts(data).items():
        remove_tree(folder)
        if source and (source / part).exists():
            _copy_tree(source / part, folder)
        else:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # somebody else's files may have stayed
    if source:
        shutil.copy2(source / data.store.name, data.store)
    data.restoring.unlink()


def _found(data: DataFolder, name: str) -> Path:
    folder = _folder(data, name)
    if not (folder / _ABOUT).exists():
        known = ", ".join(snapshot.name for snapshot in listed(data)) or "none"
        raise SnapshotNotFound(f"There is no snapshot '{name}'; there are: {known}.")
    return folder


def _folder(data: DataFolder, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise NameInvalid(f"'{name}' is no name for a snapshot: 1 to 64 letters, digits, hyphens, dots, underscores.")
    return data.snapshots / name
