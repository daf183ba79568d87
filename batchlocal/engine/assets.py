"""Hashes of assets and archives, which the engine adds to what a program sends."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.values import ARCHIVE, ASSET, SIGNATURE

__all__ = ["hashed"]


_ENDINGS = (".tar", ".tgz", ".tar.gz", ".zip", ".jar")  # what Pulumi takes for a file that is an archive


def hashed(value: Any, name: str = "") -> Any:
    """The value with a hash in each asset and archive; paths are the program's folder's.

    ``name`` is the property that the value stands under.

    Raises:
        EngineError: a file cannot be read; the words are the CLI's.
        NeedsPulumi: the content is behind a URL.
    """
    if isinstance(value, list):
        return [hashed(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) in (ASSET, ARCHIVE):
        return _with_hash(value, name)
    return {key: hashed(item, key) for key, item in value.items()}


def _with_hash(value: dict[str, Any], name: str) -> dict[str, Any]:
    if value[SIGNATURE] == ASSET:
        kind = "asset"
    else:
        kind = "archive"
        value = {**value, **({"assets": hashed(value["assets"])} if "assets" in value else {})}
    try:
        return {**value, "hash": _asset_hash(value) if kind == "asset" else _archive_hash(value)}
    except _Unreadable as error:
        raise EngineError(f'failed to compute {kind} hash for "{name}": {error}') from None


class _Unreadable(Exception):
    """An asset or archive cannot be read."""


def _asset_hash(asset: Mapping[str, Any]) -> str:
    return hashlib.sha256(_content(asset)).hexdigest()


def _content(asset: Mapping[str, Any]) -> bytes:
    if "uri" in asset:
        raise NeedsPulumi("assets and archives from a URL")
    if "path" not in asset:
        return str(asset.get("text", "")).encode()
    path = Path(asset["path"]).absolute()
    if path.is_dir():
        raise _Unreadable(f"asset path '{path}' is a directory; try using an archive")
    try:
        return path.read_bytes()
    except OSError as error:
        raise _Unreadable(f"failed to open asset file '{path}': open {path}: {_reason(error)}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _Unreadable(f"open {path}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]


def _archive_hash(archive: Mapping[str, Any]) -> str:
    if str(archive.get("path", "")).endswith(_ENDINGS):
        return hashlib.sha256(_read(Path(archive["path"]).absolute())).hexdigest()
    return hashlib.sha256(_tar(sorted(_entries(archive)))).hexdigest()


def _entries(archive: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, bytes]]:
    """Paths and contents of an archive, folders and inner archives unfolded."""
    if "uri" in archive:
        raise NeedsPulumi("assets and archives from a URL")
    if "path" in archive:
        yield from ((under + name, data) for name, data in _inside(Path(archive["path"]).absolute()))
    for name, item in (archive.get("assets") or {}).items():
        if item.get(SIGNATURE) == ARCHIVE:
            yield from _entries(item, f"{under}{name}/")
        else:
            yield under + name, _content(item)


def _inside(root: Path) -> Iterator[tuple[str, bytes]]:
    """Paths and contents of what a folder or a file holds."""
    if root.name.endswith(_ENDINGS):
        yield from _unpacked(root)
    elif root.is_dir():
        for file in root.rglob("*"):
            if file.is_file():
                yield file.relative_to(root).as_posix(), _read(file)
    elif root.exists():
        raise _Unreadable(f"'{root}' is neither a recognized archive type nor a directory")
    else:
        raise _Unreadable(f"couldn't read archive path '{root}': stat {root}: no such file or directory")


def _unpacked(file: Path) -> Iterator[tuple[str, bytes]]:
    import zipfile

    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as bundle:
            yield from ((name, bundle.read(name)) for name in bundle.namelist() if not name.endswith("/"))
        return
    with tarfile.open(file) as bundle:
        for member in bundle.getmembers():
            content = bundle.extractfile(member)
            if content is not None:
                yield member.name, content.read()


def _tar(entries: list[tuple[str, bytes]]) -> bytes:
    """The archive that Pulumi hashes: no owners, no times, mode 0600, device numbers spelt as zeros."""
    out = io.BytesIO()
    for name, data in entries:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = len(data), 0o600, 0
        block = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
        block[329:337] = block[337:345] = b"0000000\0"
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block[:512])
        out.write(bytes(block))
        out.write(data + b"\0" * (-len(data) % 512))
    out.write(b"\0" * 1024)
    return out.getvalue()
