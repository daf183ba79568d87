"""The blob of an application package, sent and looked at by the SAS URL that ARM gives, over the lean HTTP client.

Five requests of the Blob service are all that a package takes; the import of azure-storage-blob takes longer than az
takes for a whole upload. Sources: Blob service REST API, Get Blob (Properties), Put Block, Put/Get Block List.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import IO, Final, NamedTuple
from urllib.parse import quote

from batchmgmt.archives import PackageContent
from batchmgmt.errors import BatchManagementError, NotFound
from batchmgmt.lean import Answer, LeanHttp

__all__ = ["BLOCK", "BlobProperties", "PackageBlob", "Progress", "send"]

Progress = Callable[[int, int], None]
"""Called with the bytes that have arrived and the bytes there are."""

BLOCK: Final = 4 * 1024 * 1024  # bytes
MOST_BLOCKS: Final = 50_000  # of a block blob

VERSION: Final = "2021-12-02"  # of the Blob service
EMPTY: Final[Mapping[str, str]] = MappingProxyType({})
SHA256: Final = "x-ms-meta-sha256"


class BlobProperties(NamedTuple):
    """What the service keeps of a blob: its size in bytes, and hashes in hexadecimal, empty where it has none."""

    size: int
    md5: str
    sha256: str


class PackageBlob:
    """A block blob on a connection of its own; each method names the act for errors, and raises as LeanHttp does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = LeanHttp()

    def __enter__(self) -> PackageBlob:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def properties(self, act: str) -> BlobProperties:
        """Size and hashes. NotFound while nothing was committed."""
        headers = self._ask(act, "HEAD").headers
        md5 = base64.b64decode(headers.get("content-md5", "")).hex()
        return BlobProperties(int(headers.get("content-length", 0)), md5, headers.get(SHA256, ""))

    def staged(self, act: str) -> dict[str, int]:
        """Sizes of the blocks that were staged and not committed, by name. NotFound where there are none."""
        found = self._ask(act, "GET", "&comp=blocklist&blocklisttype=uncommitted").body.decode("utf-8-sig")
        blocks = re.findall(r"<Block>\s*<Name>([^<]+)</Name>\s*<Size>(\d+)</Size>", found)
        return {base64.b64decode(name).decode(): int(size) for name, size in blocks}

    def stage(self, act: str, name: str, block: bytes) -> None:
        """Send a block, which the service checks by its MD5."""
        md5 = base64.b64encode(hashlib.md5(block, usedforsecurity=False).digest()).decode()
        where = f"&comp=block&blockid={quote(_encoded(name), safe='')}"
        checked = {"Content-MD5": md5, "Content-Type": "application/octet-stream"}
        self._ask(act, "PUT", where, body=block, headers=checked)

    def commit(self, act: str, names: Sequence[str], *, md5: str, sha256: str) -> None:
        """Make the blob of these blocks, in their order; the hashes, in hexadecimal, are kept with it."""
        listed = "".join(f"<Latest>{_encoded(name)}</Latest>" for name in names)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'.encode()
        kept = {
            "x-ms-blob-content-type": "application/zip",
            "x-ms-blob-content-md5": base64.b64encode(bytes.fromhex(md5)).decode(),
            SHA256: sha256,
            "Content-Type": "application/xml",
        }
        self._ask(act, "PUT", "&comp=blocklist", body=body, headers=kept)

    def chunks(self, act: str, size: int) -> Iterator[bytes]:
        """The content of a blob of that size, piece by piece."""
        for start in range(0, size, BLOCK):
            piece = f"bytes={start}-{min(start + BLOCK, size) - 1}"
            yield self._ask(act, "GET", headers={"x-ms-range": piece}).body

    def _ask(
        self, act: str, method: str, what: str = "", *, body: bytes | None = None, headers: Mapping[str, str] = EMPTY
    ) -> Answer:
        sent = {"x-ms-version": VERSION, **headers}
        return self._http.request(act, method, f"{self._url}{what}", headers=sent, body=body)


def send(
    act: str, blob: PackageBlob, file: IO[bytes], content: PackageContent, progress: Progress | None = None
) -> None:
    """Send a package's content, but for the blocks that are there from an upload that was cut off, and verify it.

    Raises:
        BatchManagementError: storage has other bytes than were sent. AzureError, ConnectionFailed: a request failed.
    """
    blob.commit(act, _stage(act, blob, file, content, progress), md5=content.md5, sha256=content.sha256)
    kept = blob.properties(act)
    if (kept.size, kept.md5) != (content.size, content.md5):
        raise BatchManagementError(
            f"{act}: storage has {kept.size} bytes with MD5 {kept.md5 or 'none'},"
            f" not {content.size} with {content.md5}; try again"
        )


def _stage(
    act: str, blob: PackageBlob, file: IO[bytes], content: PackageContent, progress: Progress | None
) -> list[str]:
    """Send the blocks that are not there yet; ids carry the content's hash, so blocks of other content never mix in."""
    staged = _staged(act, blob)
    names: list[str] = []
    arrived = 0
    length = max(BLOCK, -(-content.size // MOST_BLOCKS))
    while block := file.read(length):
        names.append(f"{content.sha256[:32]}{len(names):08d}")
        if staged.get(names[-1]) != len(block):
            blob.stage(act, names[-1], block)
        arrived += len(block)
        if progress:
            progress(arrived, content.size)
    return names


def _staged(act: str, blob: PackageBlob) -> dict[str, int]:
    try:
        return blob.staged(act)
    except NotFound:
        return {}


def _encoded(name: str) -> str:
    return base64.b64encode(name.encode()).decode()
