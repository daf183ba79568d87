"""What a package upload sends: a file as it is, a folder as a zip whose bytes depend on nothing but its content.

Folders are stored, not deflated: compressors differ between zlib builds, so the same folder would have another hash on
another machine. Who wants compression gives a .zip.
"""

from __future__ import annotations

import hashlib
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from batchmgmt.errors import BatchManagementError, UsageError

__all__ = ["PackageContent", "content_of"]

CHUNK: Final = 1024 * 1024
# Made by machines, different on each: never part of a package made from a folder.
LEFT_OUT: Final = frozenset({"__pycache__", ".DS_Store", ".git"})
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest moment that a zip can carry


@dataclass(frozen=True)
class PackageContent:
    """The bytes a package version will have.

    Attributes:
        source: the file or folder. size: in bytes, of the archive. sha256, md5: hexadecimal, of the archive.
    """

    source: Path
    size: int
    sha256: str
    md5: str

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The archive's bytes, for reading from the start.

        Raises:
            BatchManagementError: the source has changed since its hash was taken.
        """
        with _opened(self.source) as file:
            if self.source.is_dir() and _digest(self.source, file) != self:
                raise BatchManagementError(f"{self.source} changed while it was being read; try again")
            file.seek(0)
            yield file


def content_of(source: Path | str) -> PackageContent:
    """Hash and size of what would be sent; reads the disk, not the network.

    Raises:
        UsageError: there is no such file or folder, or it cannot be an application package.
    """
    path = Path(source)
    if not path.exists():
        raise UsageError(f"there is no file or folder {path}")
    try:
        with _opened(path) as file:
            return _digest(path, file)
    except OSError as fault:
        raise UsageError(f"{fault.filename or path} cannot be read: {fault.strerror}") from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The archive as an open file: the file itself, or one made from the folder and gone afterwards."""
    if path.is_dir():
        with tempfile.TemporaryFile() as made:
            _write_archive(path, made)
            made.seek(0)
            yield made
        return
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise UsageError(f"{path} is no zip file: an application package is a .zip or a folder")
        file.seek(0)
        yield file


def _digest(path: Path, file: IO[bytes]) -> PackageContent:
    size, sha256, md5 = 0, hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    while chunk := file.read(CHUNK):
        size += len(chunk)
        sha256.update(chunk)
        md5.update(chunk)
    return PackageContent(path, size, sha256.hexdigest(), md5.hexdigest())


def _write_archive(folder: Path, to: IO[bytes]) -> None:
    entries = sorted(_entries(folder), key=lambda entry: entry[0].encode())
    if not entries:
        raise UsageError(f"folder {folder} holds nothing to put into a package")
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for name, path in entries:
            _add(archive, name, path)


def _entries(folder: Path, prefix: str = "") -> Iterator[tuple[str, Path]]:
    for path in folder.iterdir():
        if path.name in LEFT_OUT or path.suffix == ".pyc":
            continue
        name = f"{prefix}{path.name}"
        if path.is_dir():
            if path.is_symlink():
                raise UsageError(f"{path} is a link to a folder: put the folder itself into the package")
            inside = list(_entries(path, f"{name}/"))
            yield from inside or [(f"{name}/", path)]
        elif path.is_file():
            yield name, path
        else:
            raise UsageError(f"{path} is neither a file nor a folder, or a link to nothing")


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    """One entry with the least that a node needs: content, and whether it can be executed."""
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = 3  # Unix, so that the mode means something
    if name.endswith("/"):
        entry.external_attr = (stat.S_IFDIR | 0o755) << 16 | 0x10
        archive.writestr(entry, b"")
        return
    status = path.stat()
    entry.external_attr = (stat.S_IFREG | (0o755 if status.st_mode & 0o111 else 0o644)) << 16
    entry.file_size = status.st_size
    with path.open("rb") as source, archive.open(entry, "w") as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
