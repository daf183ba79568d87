"""Samples what metrics show, minute by minute, and exports it where diagnostic settings say.

Sources: the article batch-diagnostics (every minute, kept for 30 days, container ``insights-metrics-pt1m``); Azure
Monitor documentation, "Diagnostic settings" (a record a metric and minute) and the table AzureMetrics. As on Azure,
delivery is not guaranteed: a minute in which the server is down is in no export.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from batchlocal.domain.service_events import COUNTED_EVENTS, NODE_STATES, metric_record
from batchlocal.domain.sizes import cores_of
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.resources import Resource
from batchlocal.telemetry import LogStorage, NotStored, hour_blob, origin_row, settings_of

__all__ = ["gauges", "sample"]

_ACCOUNT: Final = "Microsoft.Batch/batchAccounts"
_CONTAINER: Final = "insights-metrics-pt1m"
_SAMPLE_SECONDS: Final = 60.0  # article batch-diagnostics: metrics are generated every minute
_log = logging.getLogger(__name__)


async def sample(platform: Platform) -> None:
    """Keep the gauges of all accounts that have nodes, and export what is asked for, for ever; cancel to stop."""
    async with LogStorage(platform) as logs:
        while True:
            minute = int(time.time() // _SAMPLE_SECONDS)
            await asyncio.sleep((minute + 1) * _SAMPLE_SECONDS - time.time())
            _keep(platform, minute)
            try:
                await _export(platform, logs, minute)
            except NotStored as trouble:
                _log.warning("metrics of a minute were not exported: %s", trouble)


def _keep(platform: Platform, minute: int) -> None:
    with platform.store.write() as tx:
        for account in list(tx.resources.of_type(_ACCOUNT)):
            values = gauges(tx, account.key)
            if any(values.values()):
                tx.service_events.sample(account.key, minute, values)
        if minute % 60 == 0:
            tx.service_events.forget_old(minute)


async def _export(platform: Platform, logs: LogStorage, minute: int) -> None:
    lines: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    rows: list[tuple[str, dict[str, Any]]] = []
    read = platform.store.read
    for account in read.resources.of_type(_ACCOUNT):
        for setting in settings_of(read, account.key, "metrics", _wanted):
            for record in _records(read, account, minute):
                if storage := setting.get("storageAccountId"):
                    lines[storage, f"{_CONTAINER}/{hour_blob(record)}"].append(orjson.dumps(record))
                if workspace := setting.get("workspaceId"):
                    rows.append((workspace.lower(), _row(record)))
    if rows:
        with platform.store.write() as tx:
            for workspace, row in rows:
                tx.service_events.log(workspace, row)
    for (storage, place), content in lines.items():
        await logs.append(storage, place, content)


def _wanted(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("enabled"))


def _records(tx: Tx, account: Resource, minute: int) -> list[dict[str, Any]]:
    """The minute's metrics that have a value."""
    at = moments.iso(round(minute * _SAMPLE_SECONDS) * moments.TICKS_PER_SECOND + moments.UNIX_EPOCH)
    names = (*COUNTED_EVENTS, *gauges(tx, account.key))
    values = tx.service_events.counts(account.key, names, minute, minute + 1)
    return [metric_record(account.id, name, value, at) for (name, _), value in sorted(values.items())]


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as a row of the workspace's table AzureMetrics."""
    figures = ("count", "total", "minimum", "maximum", "average")
    return {
        **origin_row(record),
        "MetricName": record["metricName"],
        **{name.title(): record[name] for name in figures},
        "TimeGrain": record["timeGrain"],
        "UnitName": "Count",
        "Type": "AzureMetrics",
    }


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
