"""Delivers service events where diagnostic settings say, and samples what metrics count.

Source: Azure Monitor documentation, "Diagnostic settings" and "Resource logs in Azure Storage" (container
``insights-logs-CATEGORY``, a blob of JSON lines an hour), the article batch-diagnostics.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import httpx
import orjson

from batchlocal.domain import service_events
from batchlocal.domain.service_events import NODE_STATES
from batchlocal.domain.sizes import cores_of
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.resources import Resource
from batchlocal.store.service_events import ServiceEvent

__all__ = ["CATEGORY", "deliver", "gauges", "sample"]

CATEGORY: Final = "ServiceLog"
_SETTING: Final = "Microsoft.Insights/diagnosticSettings"
_ACCOUNT: Final = "Microsoft.Batch/batchAccounts"
_CONTAINER: Final = f"insights-logs-{CATEGORY.lower()}"
_AT_ONCE: Final = 500
_LOOK_SECONDS: Final = 0.25
_TROUBLE_SECONDS: Final = 2.0
_SAMPLE_SECONDS: Final = 60.0  # article batch-diagnostics: metrics are generated every minute
_HEADERS: Final = {"x-ms-version": "2021-12-02"}
_log = logging.getLogger(__name__)


async def deliver(platform: Platform) -> None:
    """Deliver what waits, for ever; cancel to stop. An event may come twice after a kill, never not at all."""
    import ssl

    context = ssl.create_default_context(cafile=str(platform.data.ca_file))
    async with httpx.AsyncClient(verify=context, timeout=30, headers=_HEADERS) as http:
        while True:
            try:
                found = await _deliver_some(platform, http)
            except (httpx.HTTPError, OSError) as trouble:
                _log.warning("service events cannot be delivered now: %s", type(trouble).__name__)
                await asyncio.sleep(_TROUBLE_SECONDS)
            else:
                await asyncio.sleep(0 if found == _AT_ONCE else _LOOK_SECONDS)


async def _deliver_some(platform: Platform, http: httpx.AsyncClient) -> int:
    waiting = platform.store.read.service_events.waiting(_AT_ONCE)
    lines: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    logged: list[tuple[str, dict[str, Any]]] = []
    for event in waiting:
        account = platform.store.read.resources.find(event.account)
        for setting in _settings(platform.store.read, event.account) if account else ():
            record = _record(account, event)
            if storage := setting.get("storageAccountId"):
                lines[storage, _blob(record)].append(orjson.dumps(record))
            if workspace := setting.get("workspaceId"):
                logged.append((workspace.lower(), _row(record)))
    for (storage, blob), content in lines.items():
        await _append(platform, http, storage, blob, b"\n".join(content) + b"\n")
    if waiting:
        with platform.store.write() as tx:
            for workspace, row in logged:
                tx.service_events.log(workspace, row)
            tx.service_events.delivered(waiting)
    return len(waiting)


def _settings(tx: Tx, account: str) -> Iterator[Mapping[str, Any]]:
    """The properties of the account's diagnostic settings that ask for the service log."""
    for setting in tx.resources.children(account, _SETTING):
        properties = setting.body["properties"]
        if any(_wanted(entry) for entry in properties.get("logs") or ()):
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


def _blob(record: Mapping[str, Any]) -> str:
    """The hour's blob (article batch-diagnostics, naming pattern)."""
    day, hour = record["time"].split("T")
    year, month, day = day.split("-")
    return f"resourceId={record['resourceId']}/y={year}/m={month}/d={day}/h={hour[:2]}/m=00/PT1H.json"


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as a row of the workspace's table AzureDiagnostics."""
    _, _, subscription, _, group, *_ = record["resourceId"].split("/")
    return {
        "TimeGenerated": record["time"],
        "ResourceId": record["resourceId"],
        "Category": CATEGORY,
        "OperationName": record["operationName"],
        "ResourceGroup": group,
        "SubscriptionId": subscription.lower(),
        "ResourceProvider": "MICROSOFT.BATCH",
        "Resource": record["resourceId"].rsplit("/", 1)[-1],
        "ResourceType": "BATCHACCOUNTS",
        "Type": "AzureDiagnostics",
        **service_events.columns(record["properties"]),
    }


async def _append(platform: Platform, http: httpx.AsyncClient, storage_id: str, blob: str, content: bytes) -> None:
    """Append to an append blob, which is made with its container when they are missing."""
    storage = platform.store.read.resources.find(storage_id)
    if storage is None:
        return
    await platform.blobs.wait_ready()
    container = f"{platform.blob_origin}/{storage.name}/{_CONTAINER}"
    sas = _sas(storage)
    url = f"{container}/{blob}?{sas}"
    answer = await http.put(f"{url}&comp=appendblock", content=content)
    if answer.status_code == httpx.codes.NOT_FOUND:
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


async def sample(platform: Platform) -> None:
    """Keep the gauges of all accounts that have nodes, minute by minute, for ever; cancel to stop."""
    while True:
        minute = int(time.time() // _SAMPLE_SECONDS)
        await asyncio.sleep((minute + 1) * _SAMPLE_SECONDS - time.time())
        with platform.store.write() as tx:
            for account in list(tx.resources.of_type(_ACCOUNT)):
                values = gauges(tx, account.key)
                if any(values.values()):
                    tx.service_events.sample(account.key, minute, values)
            if minute % 60 == 0:
                tx.service_events.forget_old(minute)


def gauges(tx: Tx, account: str) -> dict[str, int]:
    """What an account's metrics of nodes and cores show now."""
    found = dict.fromkeys((*NODE_STATES, "CoreCount", "LowPriorityCoreCount"), 0)
    found |= {"TotalNodeCount": 0, "TotalLowPriorityNodeCount": 0}
    by_state = {state: name for name, state in NODE_STATES.items()}
    for pool in tx.pools.of_account(account):
        dedicated, low_priority = tx.nodes.counted(pool.key)
        cores = cores_of(str(pool.properties.get("vmSize", ""))) or 1
        found["CoreCount"] += cores * dedicated
        found["LowPriorityCoreCount"] += cores * low_priority
        found["TotalNodeCount"] += dedicated
        found["TotalLowPriorityNodeCount"] += low_priority
        _add_states(found, by_state, tx.nodes.states(pool.key))
    return found


def _add_states(found: dict[str, int], by_state: Mapping[str, str], states: Iterable[tuple[str, int]]) -> None:
    for state, count in states:
        if state in by_state:
            found[by_state[state]] += count
