"""How ARM's handlers reach blobs: signed URLs for clients, and a look at what is there."""

from __future__ import annotations

import asyncio
import re
import ssl
from datetime import timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from batchlocal.platform import Platform
from batchlocal.protocol import moments

if TYPE_CHECKING:
    import httpx

__all__ = ["StorageRefused", "blob_exists", "make_container", "signed_url"]


class StorageRefused(Exception):
    """Storage did not take the signature: its key has been regenerated."""


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
def _client(ca_file: str, _loop: int) -> httpx.AsyncClient:
    import httpx  # when it is needed: it takes longer than the server needs to start

    return httpx.AsyncClient(verify=ssl.create_default_context(cafile=ca_file), timeout=30)


def client(platform: Platform) -> httpx.AsyncClient:
    """The HTTP client for linked storage; it trusts our CA only."""
    return _client(str(platform.data.ca_file), id(asyncio.get_running_loop()))


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
        httpx.HTTPError: storage did not answer, or refused.
        StorageRefused: the key is not one of the account's.
    """
    await _ask(platform, "DELETE", account, f"/{container}?restype=container", HTTPStatus.NOT_FOUND)


async def containers(platform: Platform, account: tuple[str, str]) -> list[str]:
    """The names of the containers that storage itself has, whoever made them.

    Raises:
        httpx.HTTPError: storage did not answer, or refused.
        StorageRefused: the key is not one of the account's.
    """
    answer = await _ask(platform, "GET", account, "?comp=list")
    return re.findall(r"<Container><Name>([^<]+)</Name>", answer.text)


async def _ask(platform: Platform, method: str, account: tuple[str, str], path: str, *accepted: int) -> httpx.Response:
    await platform.blobs.wait_ready()
    name, key = account
    url = f"{platform.blob_origin}/{name}{path}&{_account_sas(name, key)}"
    answer = await client(platform).request(method, url, headers={"x-ms-version": "2021-12-02"})
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
