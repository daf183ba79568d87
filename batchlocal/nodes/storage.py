"""Files between a task's folder and linked storage: resource files in, output files out, packages onto nodes.

Linked storage is reached by the URLs that the caller gave, or by a SAS made from the storage account's key; our own
certificate authority is trusted beside the public ones.
"""

from __future__ import annotations

import asyncio
import fnmatch
import ssl
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from batchlocal.linked_storage import key_of
from batchlocal.platform import Platform
from batchlocal.store.resources import Resource

__all__ = ["FileTrouble", "NodeStorage"]

_ATTEMPTS = 3
_LISTING = "restype=container&comp=list"


class FileTrouble(Exception):
    """A file could not be brought in or out; ``name`` says which, the text why (never a URL's signature)."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason

    @property
    def failure(self) -> dict[str, Any]:
        """The failure information of a task whose file this was."""
        details = [{"name": "FilePath", "value": self.name}, {"name": "Message", "value": self.reason}]
        text = "One of the specified files could not be transferred"
        return {"category": "usererror", "code": "ResourceFileError", "message": text, "details": details}


class NodeStorage:
    """HTTP to storage for all nodes of one server."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        """Made when first needed: most tasks and nodes bring no files."""
        context = ssl.create_default_context(cafile=str(self._platform.data.ca_bundle))
        return httpx.AsyncClient(verify=context, timeout=60, follow_redirects=True)

    async def close(self) -> None:
        """Close all connections."""
        if "_http" in self.__dict__:
            await self._http.aclose()

    async def bring(self, resource_files: list[dict[str, Any]], account: Resource, folder: Path) -> None:
        """Download a task's resource files into its working directory.

        Raises:
            FileTrouble: a file cannot be had, or its path leaves the folder.
        """
        for file in resource_files:
            for url, name in await self._sources(file, account):
                target = _inside(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                await self._download(url, target, name)
                if mode := file.get("fileMode"):
                    target.chmod(int(str(mode), 8))

    async def _sources(self, file: dict[str, Any], account: Resource) -> list[tuple[str, str]]:
        """URLs and file names of one resource file, which may stand for a whole container."""
        path = str(file.get("filePath") or "")
        if url := file.get("httpUrl"):
            return [(url, path or url.partition("?")[0].rsplit("/", 1)[-1])]
        container = file.get("storageContainerUrl")
        if name := file.get("autoStorageContainerName"):
            container = self._linked_container(account, name)
        prefix = str(file.get("blobPrefix") or "")
        found = [blob async for blob in self._blobs(str(container), prefix)]
        base, _, query = str(container).partition("?")
        return [(f"{base}/{quote(blob)}?{query}", f"{path}/{blob}" if path else blob) for blob in found]

    def _linked_container(self, account: Resource, container: str) -> str:
        from azure.storage.blob import ContainerSasPermissions, generate_container_sas

        storage = key_of(self._platform.store.read, account)
        if storage is None:
            raise FileTrouble(container, "the account has no linked storage")
        name, key = storage
        sas = generate_container_sas(
            name,
            container,
            key,
            permission=ContainerSasPermissions(read=True, list=True),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        return f"{self._platform.blob_origin}/{name}/{container}?{sas}"

    async def _blobs(self, container: str, prefix: str) -> Any:
        marker = ""
        while True:
            joint = "&" if "?" in container else "?"
            url = f"{container}{joint}{_LISTING}&prefix={quote(prefix)}&marker={quote(marker)}"
            page = ElementTree.fromstring((await self._get(url, prefix or "container")).content)  # noqa: S314
            for name in page.iterfind(".//Blob/Name"):
                yield name.text or ""
            marker = page.findtext("NextMarker") or ""
            if not marker:
                return

    async def _get(self, url: str, name: str) -> httpx.Response:
        return await self._send("GET", url, name)

    async def _send(self, method: str, url: str, name: str, **options: Any) -> httpx.Response:
        """One request, tried again when storage does not answer or is busy."""
        reason = ""
        for attempt in range(_ATTEMPTS):
            try:
                answer = await self._http.request(method, url, **options)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = type(error).__name__
            else:
                if answer.is_success:
                    return answer
                reason = f"storage answered {answer.status_code}"
                if answer.status_code < 500:
                    break
            await asyncio.sleep(0.1 * 2**attempt)
        raise FileTrouble(name, reason)

    async def _download(self, url: str, target: Path, name: str) -> None:
        """Stream to a file beside the target, then move: no half file is ever seen."""
        draft = target.with_name(f".{target.name}.part")
        try:
            async with self._http.stream("GET", url) as answer:
                if not answer.is_success:
                    raise FileTrouble(name, f"storage answered {answer.status_code}")
                with draft.open("wb") as stream:
                    async for piece in answer.aiter_bytes():
                        stream.write(piece)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FileTrouble(name, type(error).__name__) from None
        draft.replace(target)

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
        await self._download(url, target, version)

    async def upload_outputs(self, output_files: list[dict[str, Any]], folder: Path, *, succeeded: bool) -> None:
        """Upload what the task's output files say for this outcome.

        Raises:
            FileTrouble: storage refused.
        """
        for output in output_files:
            condition = str((output.get("uploadOptions") or {}).get("uploadCondition", "taskcompletion")).lower()
            if condition not in ("taskcompletion", "tasksuccess" if succeeded else "taskfailure"):
                continue
            destination = output["destination"]["container"]
            headers = {item["name"]: item.get("value", "") for item in destination.get("uploadHeaders") or []}
            for file, relative, single in _matching(folder, output["filePattern"]):
                name = _blob_name(str(destination.get("path") or ""), relative, single=single)
                await self._upload(destination["containerUrl"], file, name, headers)

    async def _upload(self, container: str, file: Path, blob: str, headers: dict[str, str]) -> None:
        await self.put(container, blob, await asyncio.to_thread(file.read_bytes), headers)

    async def put(self, container: str, blob: str, content: bytes, headers: dict[str, str] | None = None) -> None:
        """Write one blob into the container that a URL with its SAS names.

        Raises:
            FileTrouble: storage refused.
        """
        base, _, query = container.partition("?")
        url = f"{base}/{quote(blob)}?{query}"
        standing = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02"}
        await self._send("PUT", url, blob, content=content, headers={**standing, **(headers or {})})


def _inside(folder: Path, name: str) -> Path:
    """A path below the folder; one that would leave it is trouble."""
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise FileTrouble(name, "the path leaves the task's working directory")
    return target


def _matching(folder: Path, pattern: str) -> Iterator[tuple[Path, str, bool]]:
    """Files that a pattern names, with their path below its fixed part, and whether the pattern names just one.

    Relative to the working directory; ``**`` matches any depth; files whose name starts with a period are left out
    of patterns (the page "Task - Add", filePattern).
    """
    single = not any(mark in pattern for mark in "*?[")
    if single:
        file = (folder / pattern).resolve()
        if file.is_file():
            yield file, file.name, True
        return
    top = Path(pattern.split("*")[0].split("?")[0].split("[")[0]).parent if not pattern.startswith("*") else Path()
    root = (folder / top).resolve()
    wanted = str((folder / pattern).absolute().resolve()) if ".." in pattern else str(folder.resolve() / pattern)
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        if not file.name.startswith(".") and _fits(str(file), wanted):
            yield file, str(file.relative_to(root)), False


def _fits(path: str, pattern: str) -> bool:
    """Glob match in which ``*`` stays within a directory and ``**`` does not."""
    if "**" in pattern:
        return fnmatch.fnmatchcase(path, pattern.replace("**/", "*").replace("**", "*"))
    return path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)


def _blob_name(path: str, relative: str, *, single: bool) -> str:
    """``path`` is the blob's name for a single file and a virtual directory for a pattern ("Task - Add", path)."""
    if single:
        return path or relative
    return f"{path}/{relative}" if path else relative
