"""Delivers service events where diagnostic settings say.

Source: Azure Monitor documentation, "Diagnostic settings" and "Resource logs in Azure Storage" (container
``insights-logs-CATEGORY``, a blob of JSON lines an hour), the article batch-diagnostics.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

from batchlocal.domain import service_events
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.resources import Resource
from batchlocal.store.service_events import ServiceEvent

if TYPE_CHECKING:
    import httpx

__all__ = ["CATEGORY", "LogStorage", "NotStored", "deliver", "hour_blob", "origin_row", "settings_of"]

CATEGORY: Final = "ServiceLog"
_SETTING: Final = "Microsoft.Insights/diagnosticSettings"
_CONTAINER: Final = f"insights-logs-{CATEGORY.lower()}"
_AT_ONCE: Final = 500
_LOOK_SECONDS: Final = 0.25
_TROUBLE_SECONDS: Final = 2.0
_HEADERS: Final = {"x-ms-version": "2021-12-02"}
_log = logging.getLogger(__name__)


async def deliver(platform: Platform) -> None:
    """Deliver what waits, for ever; cancel to stop. An event may come twice after a kill, never not at all."""
    async with LogStorage(platform) as logs:
        while True:
            try:
                found = await _deliver_some(platform, logs)
            except NotStored as trouble:
                _log.warning("service events cannot be delivered now: %s", trouble)
                await asyncio.sleep(_TROUBLE_SECONDS)
            else:
                await asyncio.sleep(0 if found == _AT_ONCE else _LOOK_SECONDS)


async def _deliver_some(platform: Platform, logs: LogStorage) -> int:
    waiting = platform.store.read.service_events.waiting(_AT_ONCE)
    lines: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    logged: list[tuple[str, dict[str, Any]]] = []
    for event in waiting:
        account = platform.store.read.resources.find(event.account)
        for setting in settings_of(platform.store.read, event.account, "logs", _wanted) if account else ():
            record = _record(account, event)
            if storage := setting.get("storageAccountId"):
                lines[storage, hour_blob(record)].append(orjson.dumps(record))
            if workspace := setting.get("workspaceId"):
                logged.append((workspace.lower(), _row(record)))
    for (storage, blob), content in lines.items():
        await logs.append(storage, f"{_CONTAINER}/{blob}", content)
    if waiting:
        with platform.store.write() as tx:
            for workspace, row in logged:
                tx.service_events.log(workspace, row)
            tx.service_events.delivered(waiting)
    return len(waiting)


def settings_of(
    tx: Tx, account: str, kind: str, wanted: Callable[[Mapping[str, Any]], bool]
) -> Iterator[Mapping[str, Any]]:
    """The properties of the diagnostic settings of an account (by key) with a wanted entry among their ``kind``: logs
    or metrics."""
    for setting in tx.resources.children(account, _SETTING):
        properties = setting.body["properties"]
        if any(wanted(entry) for entry in properties.get(kind) or ()):
            yield properties


def _wanted(entry: Mapping[str, Any]) -> bool:
    named = str(entry.get("category") or entry.get("categoryGroup") or "").lower()
    return bool(entry.get("enabled")) and named in (CATEGORY.lower(), "alllogs")


def _record(account: Resource | None, event: ServiceEvent) -> dict[str, Any]:
    """An event in Azure Monitor's common schema."""
    assert account is not None
    at = moments.iso(round(event.at * moments.TICKS_PER_SECOND) + moments.UNIX_EPOCH)
    job = {**event.job, "pool": event.job["pool"].rsplit("/", 1)[-1]} if event.job else {}
    return {
        "time": at,
        "resourceId": account.id.upper(),
        "category": CATEGORY,
        "operationName": event.kind,
        "location": account.body["location"],
        "properties": service_events.body(event.kind, event.doc, job, at, moments.iso),
    }


def hour_blob(record: Mapping[str, Any]) -> str:
    """The blob of a record's hour (article batch-diagnostics, naming pattern)."""
    day, hour = record["time"].split("T")
    year, month, day = day.split("-")
    return f"resourceId={record['resourceId']}/y={year}/m={month}/d={day}/h={hour[:2]}/m=00/PT1H.json"


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as a row of the workspace's table AzureDiagnostics."""
    return {
        **origin_row(record),
        "Category": CATEGORY,
        "OperationName": record["operationName"],
        "ResourceType": "BATCHACCOUNTS",
        "Type": "AzureDiagnostics",
        **service_events.columns(record["properties"]),
    }


def origin_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a workspace's row that tell when and where a record comes from."""
    _, _, subscription, _, group, *_ = record["resourceId"].split("/")
    return {
        "TimeGenerated": record["time"],
        "ResourceId": record["resourceId"],
        "ResourceGroup": group,
        "SubscriptionId": subscription.lower(),
        "ResourceProvider": "MICROSOFT.BATCH",
        "Resource": record["resourceId"].rsplit("/", 1)[-1],
    }


class NotStored(Exception):
    """Storage did not answer, or refused; the text says which."""


class LogStorage:
    """Append blobs in storage accounts; close it. Its HTTP client is imported and made when there is something to
    write, as in most servers there never is."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if "_http" in self.__dict__:
            await self._http.aclose()

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        import ssl

        import httpx

        context = ssl.create_default_context(cafile=str(self._platform.data.ca_file))
        return httpx.AsyncClient(verify=context, timeout=30, headers={**_HEADERS, **self._platform.storage_headers})

    async def append(self, storage_id: str, place: str, lines: Sequence[bytes]) -> None:
        """Append lines to an append blob (``CONTAINER/BLOB``), which is made with its container when they are missing.

        Raises:
            NotStored
        """
        import httpx

        storage = self._platform.store.read.resources.find(storage_id)
        if storage is None:
            return
        await self._platform.blobs.wait_ready()
        try:
            await self._append(storage, place, b"\n".join(lines) + b"\n")
        except (httpx.HTTPError, OSError) as trouble:
            raise NotStored(type(trouble).__name__) from None

    async def _append(self, storage: Resource, place: str, content: bytes) -> None:
        http, sas = self._http, _sas(storage)
        container, _, blob = place.partition("/")
        container = f"{self._platform.blob_origin}/{storage.name}/{container}"
        url = f"{container}/{blob}?{sas}"
        answer = await http.put(f"{url}&comp=appendblock", content=content)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            await http.put(f"{container}?restype=container&{sas}")
            (await http.put(url, headers={"x-ms-blob-type": "AppendBlob"})).raise_for_status()
            answer = await http.put(f"{url}&comp=appendblock", content=content)
        answer.raise_for_status()


def _sas(storage: Resource) -> str:
    from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

    return generate_account_sas(
        storage.name,
        storage.hidden["keys"]["key1"],
        ResourceTypes(container=True, object=True),
        AccountSasPermissions(write=True, create=True, add=True),
        moments.to_datetime(moments.after(moments.now(), 600)),
    )
