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


def hashed(value: Any) -> Any:
    """The value with a hash in each asset and archive; paths are the program's folder's.

    Raises:
        EngineError: a file cannot be read.
        NeedsPulumi: the content is behind a URL.
    """
    if isinstance(value, list):
        return [hashed(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {name: hashed(item) for name, item in value.items()}
    if value.get(SIGNATURE) == ASSET:
        made["hash"] = hashlib.sha256(_content(value)).hexdigest()
    elif value.get(SIGNATURE) == ARCHIVE:
        made["hash"] = _archive_hash(value)
    return made


def _content(asset: Mapping[str, Any]) -> bytes:
    if "uri" in asset:
        raise NeedsPulumi("assets and archives from a URL")
    return _read(asset["path"]) if "path" in asset else str(asset.get("text", "")).encode()


def _read(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise EngineError(f"could not read the asset {path}: {error.strerror}") from None


def _archive_hash(archive: Mapping[str, Any]) -> str:
    path = archive.get("path")
    if path is not None and Path(path).is_file():
        return hashlib.sha256(_read(path)).hexdigest()
    return hashlib.sha256(_tar(sorted(_entries(archive)))).hexdigest()


def _entries(archive: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, bytes]]:
    """Paths and contents of an archive, folders and inner archives unfolded."""
    if "uri" in archive:
        raise NeedsPulumi("assets and archives from a URL")
    if "path" in archive:
        root = Path(archive["path"])
        if not root.exists():
            raise EngineError(f"could not read the archive {root}: there is no such file or folder")
        if root.is_file():
            yield from ((under + name, data) for name, data in _unpacked(root))
        for file in root.rglob("*"):
            if file.is_file():
                yield under + file.relative_to(root).as_posix(), _read(file)
    for name, item in (archive.get("assets") or {}).items():
        if item.get(SIGNATURE) == ARCHIVE:
            yield from _entries(item, f"{under}{name}/")
        else:
            yield under + name, _content(item)


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
