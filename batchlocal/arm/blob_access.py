"""How ARM's handlers reach blobs: signed URLs for clients, and what storage itself says of its containers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from batchlocal.platform import Platform
from batchlocal.protocol import moments

if TYPE_CHECKING:
    from xml.etree import ElementTree

    import httpx

__all__ = [
    "Container",
    "LeaseConflict",
    "StorageRefused",
    "blob_exists",
    "change_lease",
    "containers",
    "delete_container",
    "has_blobs",
    "import_clients",
    "make_container",
    "set_container",
    "signed_url",
]


class Container(NamedTuple):
    """A container as storage has it; ``modified`` is an HTTP date, ``access`` is empty for none."""

    name: str
    etag: str
    modified: str
    lease_status: str
    lease_state: str
    lease_duration: str
    access: str
    metadata: dict[str, str]


class StorageRefused(Exception):
    """Storage did not take the signature: its key has been regenerated."""


class LeaseConflict(Exception):
    """The lease is not as the caller thinks; ``code`` and ``message`` are storage's own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def import_clients() -> None:
    """Import what signs URLs and what asks storage. It takes half a second, in which a server answers nobody unless
    another thread than its event loop's does it."""
    import anyio

    for name in ("azure.storage.blob", "httpx", "httpcore"):
        import_module(name)
    anyio.run(anyio.sleep, 0)  # anyio imports the greater part of itself when a loop of asyncio first uses it


def signed_url(
    platform: Platform, account: tuple[str, str], container: str, blob: str, permission: str, now: int
) -> tuple[str, int]:
    """A blob's SAS URL and its expiry (ticks): from five minutes ago for four hours (F5: 178 of 178 spans).

    ``account`` is a storage account's name and key (base64).
    """
    from azure.storage.blob import generate_blob_sas

    name, key = account
    expiry = moments.after(now, timedelta(hours=4).total_seconds())
    sas = generate_blob_sas(
        name,
        container,
        blob,
        account_key=key,
        permission=permission,
        start=moments.to_datetime(moments.after(now, -300)),
        expiry=moments.to_datetime(expiry),
    )
    return f"{platform.blob_origin}/{name}/{container}/{blob}?{sas}", expiry


@lru_cache(maxsize=4)
def _client(ca_file: str, headers: tuple[tuple[str, str], ...], _loop: int) -> httpx.AsyncClient:
    import httpx  # when it is needed: it takes longer than the server needs to start

    return httpx.AsyncClient(verify=ssl.create_default_context(cafile=ca_file), timeout=30, headers=dict(headers))


def client(platform: Platform) -> httpx.AsyncClient:
    """The HTTP client for linked storage; it trusts our CA only."""
    return _client(str(platform.data.ca_file), tuple(platform.storage_headers.items()), id(asyncio.get_running_loop()))


async def blob_exists(platform: Platform, account: tuple[str, str], container: str, blob: str) -> bool:
    """Whether storage really has the blob, asked of storage itself.

    Raises:
        StorageRefused: the key is not one of the account's.
    """
    await platform.blobs.wait_ready()
    url, _ = signed_url(platform, account, container, blob, "r", moments.now())
    answer = await client(platform).head(url)
    if answer.status_code == HTTPStatus.FORBIDDEN:
        raise StorageRefused
    return answer.status_code == HTTPStatus.OK


async def make_container(platform: Platform, account: tuple[str, str], container: str) -> None:
    """Make a container; one that is there is left alone.

    Raises:
        httpx.HTTPError: storage did not answer, or refused.
        StorageRefused: the key is not one of the account's.
    """
    await _ask(platform, "PUT", account, f"/{container}?restype=container", HTTPStatus.CONFLICT)


async def delete_container(platform: Platform, account: tuple[str, str], container: str) -> None:
    """Delete a container with its blobs; one that is not there is no trouble.

    Raises:
        LeaseConflict: somebody has a lease on it.
        httpx.HTTPError: storage did not answer, or refused.
        StorageRefused: the key is not one of the account's.
    """
    accepted = HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED
    answer = await _ask(platform, "DELETE", account, f"/{container}?restype=container", *accepted)
    if answer.status_code == HTTPStatus.PRECONDITION_FAILED:
        raise _lease_conflict(answer)


async def containers(platform: Platform, account: tuple[str, str]) -> dict[str, Container]:
    """The containers that storage itself has, whoever made them, by name.

    Raises:
        httpx.HTTPError: storage did not answer, or refused.
        StorageRefused: the key is not one of the account's.
    """
    answer = await _ask(platform, "GET", account, "?comp=list&include=metadata")
    found = map(_container, _xml(answer).iter("Container"))
    return {one.name: one for one in found}


def _xml(answer: httpx.Response) -> ElementTree.Element:
    from xml.etree import ElementTree

    return ElementTree.fromstring(answer.content)  # noqa: S314 our own Azurite's


def _container(element: ElementTree.Element) -> Container:
    def said(name: str) -> str:
        return element.findtext(f"Properties/{name}") or ""

    metadata = {one.tag: one.text or "" for one in element.iterfind("Metadata/*")}
    return Container(
        element.findtext("Name") or "",
        said("Etag").strip('"'),
        said("Last-Modified"),
        said("LeaseStatus").capitalize() or "Unlocked",
        said("LeaseState").capitalize() or "Available",
        said("LeaseDuration").capitalize(),
        said("PublicAccess").capitalize(),
        metadata,
    )


async def set_container(
    platform: Platform,
    account: tuple[str, str],
    container: str,
    *,
    access: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Change who may read a container without a key (``Container``, ``Blob``, ``None``) and what is noted of it.

    Raises:
        httpx.HTTPError: storage did not answer, or refused.
        StorageRefused: the key is not one of the account's.
    """
    await platform.blobs.wait_ready()
    if access is not None:
        await asyncio.to_thread(_set_access, platform, account, container, access)
    if metadata is not None:
        headers = {f"x-ms-meta-{name}": str(value) for name, value in metadata.items()}
        await _ask(platform, "PUT", account, f"/{container}?restype=container&comp=metadata", headers=headers)


def _set_access(platform: Platform, account: tuple[str, str], container: str, access: str) -> None:
    """By the account's key itself: signatures do not allow it (REST reference, "Set Container ACL")."""
    from azure.storage.blob import ContainerClient

    name, key = account
    credential = {"account_name": name, "account_key": key}
    url, ca_file = f"{platform.blob_origin}/{name}", str(platform.data.ca_file)
    with ContainerClient(url, container, credential=credential, connection_verify=ca_file) as blobs:
        blobs.set_container_access_policy({}, public_access=None if access == "None" else access.lower())


async def has_blobs(platform: Platform, account: tuple[str, str], container: str) -> bool:
    """Whether there is any blob in a container.

    Raises:
        httpx.HTTPError: storage did not answer, or refused.
        StorageRefused: the key is not one of the account's.
    """
    answer = await _ask(platform, "GET", account, f"/{container}?restype=container&comp=list&maxresults=1")
    return b"<Blob>" in answer.content


async def change_lease(
    platform: Platform, account: tuple[str, str], container: str, headers: Mapping[str, str]
) -> tuple[str, str]:
    """Acquire, renew, change, release or break a container's lease (``headers`` as REST "Lease Container" has them).

    Returns:
        the lease's id and the seconds until it is broken, each empty where storage says nothing of it.

    Raises:
        LeaseConflict
        httpx.HTTPError: storage did not answer.
        StorageRefused: the key is not one of the account's.
    """
    refused = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)
    path = f"/{container}?restype=container&comp=lease"
    answer = await _ask(platform, "PUT", account, path, *refused, headers=headers)
    if answer.status_code in refused:
        raise _lease_conflict(answer)
    return answer.headers.get("x-ms-lease-id", ""), answer.headers.get("x-ms-lease-time", "")


def _lease_conflict(answer: httpx.Response) -> LeaseConflict:
    error = _xml(answer)
    message = (error.findtext("Message") or "").partition("\n")[0]
    return LeaseConflict(error.findtext("Code") or "InvalidHeaderValue", message)


async def _ask(
    platform: Platform,
    method: str,
    account: tuple[str, str],
    path: str,
    *accepted: int,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    await platform.blobs.wait_ready()
    name, key = account
    url = f"{platform.blob_origin}/{name}{path}&{_account_sas(name, key)}"
    sent = {"x-ms-version": "2021-12-02", **(headers or {})}
    answer = await client(platform).request(method, url, headers=sent)
    if answer.status_code == HTTPStatus.FORBIDDEN:
        raise StorageRefused
    if answer.status_code not in accepted:
        answer.raise_for_status()
    return answer


def _account_sas(name: str, key: str) -> str:
    from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

    expiry = moments.to_datetime(moments.after(moments.now(), 600))
    may = AccountSasPermissions(create=True, write=True, delete=True, list=True)
    return generate_account_sas(name, key, ResourceTypes(service=True, container=True), may, expiry)
