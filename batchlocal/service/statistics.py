"""Statistics as the service plane shows them: of tasks, jobs, job schedules and pools, now or of an account's life.

What is counted is what nodes can know: time, processors, reads and writes of tasks' processes (``domain/usage.py``).
Azure brings its statistics up to date about every half hour; here they are of this moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from batchlocal.domain.durations import spelt
from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool
from batchlocal.domain.sizes import cores_of
from batchlocal.domain.task import Task
from batchlocal.domain.usage import NOTHING, Usage
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.call import ServiceCall
from batchlocal.service.registry import handles
from batchlocal.store.tasks import TaskCounts, TaskTimes

__all__ = ["of_jobs", "of_pools", "of_task"]

Properties = dict[str, Any]

_GIB: Final = 1 << 30
_NOT_MEASURED: Final = dict.fromkeys(
    ("avgMemoryGiB", "peakMemoryGiB", "avgDiskGiB", "peakDiskGiB", "networkReadGiB", "networkWriteGiB"), 0.0
)
"""A node is a folder on this machine: memory, disk and network are not its own, and nothing is told of them."""


def of_task(url: str, task: Task, now: int) -> Properties:
    """One task's; the wall clock time is that of all attempts, the other sums are of those that have ended."""
    running = now - task.started if task.started and not task.ended else 0
    usage = task.usage._replace(ran=task.usage.ran + max(0, running))
    waited = max(0, (task.started or now) - task.created)
    return {**_span(f"{url}/stats", task.started or task.created, now), **_taken(usage), "waitTime": spelt(waited)}


def of_jobs(url: str, since: int, now: int, counts: Sequence[TaskCounts], times: Sequence[TaskTimes]) -> Properties:
    """Sums over the tasks of jobs."""
    usage = NOTHING
    for one in times:
        usage = usage.plus(one.usage)
    return {
        **_span(url, since, now),
        **_taken(usage),
        "numTaskRetries": str(sum(one.retries for one in times)),
        "numSucceededTasks": str(sum(one.succeeded for one in counts)),
        "numFailedTasks": str(sum(one.failed for one in counts)),
        "waitTime": spelt(sum(one.waited for one in times)),
    }


def of_pools(url: str, since: int, now: int, pools: Iterable[tuple[Pool, Sequence[Node], TaskTimes]]) -> Properties:
    """Sums over pools: the time of the dedicated nodes' cores, and what tasks read and wrote on them.

    The nodes are those that a pool has now.
    """
    dedicated, all_cores, usage = 0, 0, NOTHING
    for pool, nodes, times in pools:
        cores = cores_of(str(pool.properties.get("vmSize", ""))) or 1
        spans = [(node.dedicated, (now - node.allocated) * cores) for node in nodes]
        dedicated += sum(span for is_dedicated, span in spans if is_dedicated)
        all_cores += sum(span for _, span in spans)
        usage = usage.plus(times.usage)
    busy = usage.user + usage.kernel
    span = _span(url, since, now)
    moments_only = {name: span[name] for name in ("startTime", "lastUpdateTime")}
    return {
        **span,
        "usageStats": {**moments_only, "dedicatedCoreTime": spelt(dedicated)},
        "resourceStats": {
            **moments_only,
            "avgCPUPercentage": min(100.0, 100.0 * busy / all_cores) if all_cores else 0.0,
            **_NOT_MEASURED,
            "diskReadIOps": str(usage.reads),
            "diskWriteIOps": str(usage.writes),
            "diskReadGiB": usage.bytes_read / _GIB,
            "diskWriteGiB": usage.bytes_written / _GIB,
        },
    }


def _span(url: str, since: int, now: int) -> Properties:
    return {"url": url, "startTime": moments.iso(since), "lastUpdateTime": moments.iso(now)}


def _taken(usage: Usage) -> Properties:
    return {
        "userCPUTime": spelt(usage.user),
        "kernelCPUTime": spelt(usage.kernel),
        "wallClockTime": spelt(usage.ran),
        "readIOps": str(usage.reads),
        "writeIOps": str(usage.writes),
        "readIOGiB": usage.bytes_read / _GIB,
        "writeIOGiB": usage.bytes_written / _GIB,
    }


@handles("Job_GetAllLifetimeStatistics")
def job_lifetime(call: ServiceCall) -> Answer:
    """Over the account's jobs; Azure counts those that were deleted too."""
    keys = [job.key for job in call.tx.jobs.of_account(call.account.key)]
    counts, times = [call.tx.tasks.counts(key)[0] for key in keys], [call.tx.tasks.times(key) for key in keys]
    return _lifetime(call, "jobstats", of_jobs(f"{call.url}/lifetimejobstats", *_life(call), counts, times))


@handles("Pool_GetAllLifetimeStatistics")
def pool_lifetime(call: ServiceCall) -> Answer:
    """Over the account's pools; Azure counts those that were deleted too."""
    pools = [
        (pool, call.tx.nodes.of_pool(pool.key), call.tx.tasks.times_of_pool(pool.key))
        for pool in call.tx.pools.of_account(call.account.key)
    ]
    shown = of_pools(f"{call.url}/lifetimepoolstats", *_life(call), pools)
    shown = {name: value for name, value in shown.items() if name not in ("startTime", "lastUpdateTime")}  # recorded
    return _lifetime(call, "poolstats", shown)


def _life(call: ServiceCall) -> tuple[int, int]:
    return call.account.created, call.now


def _lifetime(call: ServiceCall, kind: str, shown: Properties) -> Answer:
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#{kind}/@Element", **shown})
