"""Delivers service events where diagnostic settings say.

Source: Azure Monitor documentation, "Diagnostic settings" and "Resource logs in Azure Storage" (container
``insights-logs-CATEGORY``, a blob of JSON lines an hour), the article batch-diagnostics.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
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
_STORAGE: Final = "microsoft.storage/storageaccounts"
_CONTAINER: Final = f"insights-logs-{CATEGORY.lower()}"
_AT_ONCE: Final = 500
_LOOK_SECONDS: Final = 0.25
_TROUBLE_SECONDS: Final = 2.0
_REFUSALS: Final = 5
"""How often a place may refuse events in a row, while a new key becomes known for one, before they are given up."""
_HEADERS: Final = {"x-ms-version": "2021-12-02"}
_log = logging.getLogger(__name__)


async def deliver(platform: Platform) -> None:
    """Deliver what waits, for ever; cancel to stop. An event may come twice after a kill, and gets lost only at a
    storage account that has refused it some times."""
    async with LogStorage(platform) as logs:
        delivery = _Delivery(platform, logs)
        while True:
            try:
                found = await delivery.deliver_some()
            except NotStored as trouble:
                _log.warning("service events cannot be delivered now: %s", trouble)
                await asyncio.sleep(_TROUBLE_SECONDS)
            else:
                await asyncio.sleep(0 if found == _AT_ONCE else _LOOK_SECONDS)


Place = tuple[str, str]
"""A storage account's id, and a container and blob in it."""


class _Delivery:
    """Delivers to each destination what it has not had, whatever becomes of the others."""

    def __init__(self, platform: Platform, logs: LogStorage) -> None:
        self._platform = platform
        self._logs = logs
        self._had: dict[Place, int] = {}  # the number of the last event that a place has of those that still wait
        self._refusals: Counter[Place] = Counter()

    async def deliver_some(self) -> int:
        """Deliver the next events; how many.

        Raises:
            NotStored: a place does not have them yet; they wait.
        """
        read = self._platform.store.read
        waiting = read.service_events.waiting(_AT_ONCE)
        lines: dict[Place, list[bytes]] = defaultdict(list)
        logged: list[tuple[str, dict[str, Any]]] = []
        for event in waiting:
            account = read.resources.find(event.account)
            if account is None:
                continue
            for setting in settings_of(read, event.account, "logs", _wanted):
                record = _record(account, event)
                if storage := setting.get("storageAccountId"):
                    place = storage, f"{_CONTAINER}/{hour_blob(record)}"
                    if event.number > self._had.get(place, 0):
                        lines[place].append(orjson.dumps(record))
                if workspace := setting.get("workspaceId"):
                    logged.append((workspace.lower(), _row(record)))
        if waiting:
            await self._store(lines, waiting[-1].number)
            self._had.clear()
            with self._platform.store.write() as tx:
                for workspace, row in logged:
                    tx.service_events.log(workspace, row)
                tx.service_events.delivered(waiting)
        return len(waiting)

    async def _store(self, lines: Mapping[Place, Sequence[bytes]], last: int) -> None:
        """Append to every place; ``last`` is the number of the last event among the lines.

        Raises:
            NotStored: as one place said, once all others have theirs.
        """
        trouble: NotStored | None = None
        for place, content in lines.items():
            try:
                await self._logs.append(*place, content)
            except NotStored as found:
                self._refusals[place] += found.is_refusal
                if self._refusals[place] < _REFUSALS:
                    trouble = found
                    continue
                _log.warning("%d service events are lost: %s refuses them (%s)", len(content), place[0], found)
            self._refusals.pop(place, None)
            self._had[place] = last
        if trouble is not None:
            raise trouble


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


def _record(account: Resource, event: ServiceEvent) -> dict[str, Any]:
    """An event in Azure Monitor's common schema."""
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
    """Storage did not answer, or refused, which it may do for ever (``is_refusal``); the text says why."""

    def __init__(self, cause: Exception) -> None:
        import httpx

        status = cause.response.status_code if isinstance(cause, httpx.HTTPStatusError) else 0
        super().__init__(f"storage answered {status}" if status else type(cause).__name__)
        self.is_refusal = 400 <= status < 500


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

        An id that is no storage account's gets nothing.

        Raises:
            NotStored
        """
        import httpx

        storage = self._platform.store.read.resources.find(storage_id)
        if storage is None or storage.type != _STORAGE:
            return
        await self._platform.blobs.wait_ready()
        try:
            await self._append(storage, place, b"\n".join(lines) + b"\n")
        except (httpx.HTTPError, OSError) as trouble:
            raise NotStored(trouble) from None

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
