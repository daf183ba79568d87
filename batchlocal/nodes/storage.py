"""HTTP to storage: resource files in, blobs out, packages onto nodes.

Linked storage is reached by the URLs that the caller gave, or by a SAS made from the storage account's key; our own
certificate authority is trusted beside the public ones.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from batchlocal.linked_storage import key_of
from batchlocal.nodes.file_trouble import BLOB, CONTAINER, PACKAGE, UPLOAD, Codes, FileTrouble
from batchlocal.nodes.identities import Access, Owner, access_to, access_to_linked
from batchlocal.platform import Platform

if TYPE_CHECKING:
    import httpx

__all__ = ["NodeStorage"]

_ATTEMPTS = 3
_NOT_MADE = "ResourceFileCreateFailed"
_FILE_MODE = "0770"  # of resource files that name none (the page "Task - Add", fileMode)
_PIECE = 1024 * 1024
_LISTING = "restype=container&comp=list"


class NodeStorage:
    """HTTP to storage for all nodes of one server."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        """Made when first needed: most tasks and nodes bring no files."""
        import httpx  # takes longer than the server needs to start

        context = ssl.create_default_context(cafile=str(self._platform.data.ca_bundle))
        hooks = {"request": [self._mark]}
        return httpx.AsyncClient(verify=context, timeout=60, follow_redirects=True, event_hooks=hooks)

    async def _mark(self, request: httpx.Request) -> None:
        """Nodes are let through by the network rules of linked storage; other servers learn nothing of it."""
        if str(request.url).startswith(f"{self._platform.blob_origin}/"):
            request.headers.update(self._platform.storage_headers)

    async def close(self) -> None:
        """Close all connections."""
        if "_http" in self.__dict__:
            await self._http.aclose()

    async def bring(self, resource_files: list[dict[str, Any]], owner: Owner, folder: Path) -> None:
        """Download a task's resource files into its working directory.

        Raises:
            FileTrouble: a file cannot be had, or its path leaves the folder.
        """
        for file in resource_files:
            for url, name in await self._sources(file, owner):
                target = _inside(folder, name)
                try:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    await self._download(url, target, name)
                    target.chmod(_mode(file, name))
                except OSError as error:  # such as a directory in its place
                    raise FileTrouble(name, str(error.strerror), _NOT_MADE) from None

    async def _sources(self, file: dict[str, Any], owner: Owner) -> list[tuple[str, str]]:
        """URLs and file names of one resource file, which may stand for a whole container."""
        path = str(file.get("filePath") or "")
        if url := self.as_identity(file.get("httpUrl"), file, owner, "read", "BlobAccessDenied"):
            return [(url, path or url.partition("?")[0].rsplit("/", 1)[-1])]
        denied = "ResourceContainerAccessDenied"
        container = self.as_identity(file.get("storageContainerUrl"), file, owner, "read", denied)
        if name := file.get("autoStorageContainerName"):
            container = self._linked_container(owner, name)
        prefix = str(file.get("blobPrefix") or "")
        found = [blob async for blob in self._blobs(str(container), prefix)]
        base, _, query = str(container).partition("?")
        return [(f"{base}/{quote(blob)}?{query}", f"{path}/{blob}" if path else blob) for blob in found]

    def as_identity(
        self, url: str | None, asked: dict[str, Any], owner: Owner, verb: Literal["read", "write"], denied: str
    ) -> str | None:
        """The URL with a SAS, where it has none and ``identityReference`` says who reaches storage.

        Raises:
            FileTrouble: the identity is not the pool's, or none of its roles allows it, with the code ``denied``.
        """
        if not url or not asked.get("identityReference") or "sig=" in url:
            return url
        name, *rest = url.removeprefix(f"{self._platform.blob_origin}/").split("/")
        storage = self._platform.store.read.resources.named("Microsoft.Storage/storageAccounts", name)
        if storage is None or not rest:
            raise FileTrouble(url, "the identity opens no storage account of this batchlocal", denied)
        identity = str(asked["identityReference"].get("resourceId") or "")
        access = access_to(self._platform, owner.pool, identity, storage.id, verb)
        if access is not Access.GRANTED:
            raise FileTrouble(url, access.value, denied)
        return f"{url}?{_container_sas(storage.name, rest[0], storage.hidden['keys']['key1'], write=True)}"

    def _linked_container(self, owner: Owner, container: str) -> str:
        storage = key_of(self._platform.store.read, owner.account)
        if storage is None:
            raise FileTrouble(container, "the account has no linked storage", CONTAINER.miscellaneous)
        access = access_to_linked(self._platform, owner)
        if access is not Access.GRANTED:
            foreign = access is Access.FOREIGN
            code = "ResourceContainerListMiscError" if foreign else "ResourceContainerAccessDenied"
            raise FileTrouble(container, access.value, code)
        name, key = storage
        return f"{self._platform.blob_origin}/{name}/{container}?{_container_sas(name, container, key, write=False)}"

    async def _blobs(self, container: str, prefix: str) -> Any:
        from xml.etree import ElementTree

        marker, name = "", container.partition("?")[0]
        while True:
            joint = "&" if "?" in container else "?"
            url = f"{container}{joint}{_LISTING}&prefix={quote(prefix)}&marker={quote(marker)}"
            content = (await self._send("GET", url, name, CONTAINER)).content
            try:
                page = ElementTree.fromstring(content)  # noqa: S314
            except ElementTree.ParseError:
                raise FileTrouble(name, "what answers there is no container", CONTAINER.miscellaneous) from None
            for found in page.iterfind(".//Blob/Name"):
                yield found.text or ""
            marker = page.findtext("NextMarker") or ""
            if not marker:
                return

    async def _send(self, method: str, url: str, name: str, codes: Codes, **options: Any) -> httpx.Response:
        """One request, tried again when storage does not answer or is busy."""
        import httpx

        reason, code = "", codes.miscellaneous
        for attempt in range(_ATTEMPTS):
            try:
                answer = await self._http.request(method, url, **options)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason, code = type(error).__name__, codes.miscellaneous
            else:
                if answer.is_success:
                    return answer
                reason, code = f"storage answered {answer.status_code}", codes.of(answer.status_code)
                if answer.status_code < 500:
                    break
            await asyncio.sleep(0.1 * 2**attempt)
        raise FileTrouble(name, reason, code)

    async def _download(self, url: str, target: Path, name: str, codes: Codes = BLOB) -> None:
        """Stream to a file beside the target, then move: no half file is ever seen, and no link that a task left in
        the place of either is followed."""
        import httpx

        draft = target.with_name(f".{target.name}.part")
        draft.unlink(missing_ok=True)
        try:
            async with self._http.stream("GET", url) as answer:
                if not answer.is_success:
                    raise FileTrouble(name, f"storage answered {answer.status_code}", codes.of(answer.status_code))
                with draft.open("xb") as stream:
                    async for piece in answer.aiter_bytes():
                        stream.write(piece)
            draft.replace(target)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FileTrouble(name, type(error).__name__, codes.miscellaneous) from None
        finally:
            draft.unlink(missing_ok=True)

    async def package(self, storage: tuple[str, str], container: str, version: str, target: Path) -> None:
        """Download an application package's zip; ``storage`` is the linked account's name and key."""
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        name, key = storage
        sas = generate_blob_sas(
            name,
            container,
            version,
            account_key=key,
            permission=BlobSasPermissions(read=True),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        await self._platform.blobs.wait_ready()
        url = f"{self._platform.blob_origin}/{name}/{container}/{quote(version)}?{sas}"
        await self._download(url, target, version, PACKAGE)

    async def put(
        self, container: str, blob: str, content: bytes | Path, headers: dict[str, str] | None = None
    ) -> None:
        """Write one blob into the container that a URL with its SAS names; a file is sent in pieces, never held whole.

        Raises:
            FileTrouble: storage refused.
        """
        base, _, query = container.partition("?")
        url = f"{base}/{quote(blob)}?{query}"
        standing = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02"}
        if isinstance(content, Path):
            standing["Content-Length"] = str((await asyncio.to_thread(content.stat)).st_size)
        sent = _Pieces(content) if isinstance(content, Path) else content
        await self._send("PUT", url, blob, UPLOAD, content=sent, headers={**standing, **(headers or {})})


def _inside(folder: Path, name: str) -> Path:
    """A path below the folder; one that would leave it is trouble. The directories on its way may be links in it."""
    parent, inside = (folder / name).parent.resolve(), folder.resolve()
    if not name or ".." in Path(name).parts or not parent.is_relative_to(inside):
        raise FileTrouble(name, "the path leaves the task's working directory", _NOT_MADE)
    return parent / Path(name).name


def _mode(file: Mapping[str, Any], name: str) -> int:
    """A resource file's mode, which it has as octal digits."""
    try:
        return int(str(file.get("fileMode") or _FILE_MODE), 8)
    except ValueError:
        raise FileTrouble(name, f"fileMode '{file['fileMode']}' is not an octal number", _NOT_MADE) from None


@dataclass(frozen=True)
class _Pieces:
    """A file's content, as often as it is asked for."""

    file: Path

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self.file.open("rb") as stream:
            while piece := await asyncio.to_thread(stream.read, _PIECE):
                yield piece


def _container_sas(account: str, container: str, key: str, *, write: bool) -> str:
    """A SAS for an hour: to read and list, and to write."""
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    permission = ContainerSasPermissions(read=True, list=True, write=write, create=write)
    expiry = datetime.now(UTC) + timedelta(hours=1)
    sas: str = generate_container_sas(account, container, key, permission=permission, expiry=expiry)
    return sas
