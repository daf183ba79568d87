"""What a job's settings are when the caller has said little, and what they must be.

Sources: recorded-facts F11 for defaults; the REST reference's pages Job - Add, Job - Patch and Job - Update for rules.
A job schedule's ``jobSpecification`` has the same settings.
"""

from __future__ import annotations

from typing import Any, Final

from batchlocal.domain import pool_settings, task_settings
from batchlocal.domain.durations import UNLIMITED, seconds
from batchlocal.domain.refusals import PropertyNotTaken

__all__ = ["DEFAULTS", "OWN_TASKS", "Properties", "check", "filled", "pool_id"]

Properties = dict[str, Any]

DEFAULTS: Final[Properties] = {
    "priority": 0,
    "maxParallelTasks": -1,
    "allowTaskPreemption": False,
    "usesTaskDependencies": False,
    "onAllTasksComplete": "noaction",
    "onTaskFailure": "noaction",
}
OWN_TASKS: Final = ("jobManagerTask", "jobPreparationTask", "jobReleaseTask")
_HIGHEST_PRIORITY = 1000
_LONGEST_RELEASE = 15 * 60.0
_LONGEST_PREFIX = 20


def filled(sent: Properties) -> Properties:
    """The settings with the service's defaults.

    Raises:
        PropertyNotTaken: a duration is none, or a pool's setting is wrong.
    """
    properties = {**DEFAULTS, **{name: value for name, value in sent.items() if value is not None and name != "id"}}
    properties["constraints"] = _constraints(properties.get("constraints"))
    retries = int(properties["constraints"]["maxTaskRetryCount"])
    if manager := properties.get("jobManagerTask"):
        properties["jobManagerTask"] = _manager(manager, retries)
    if preparation := properties.get("jobPreparationTask"):
        properties["jobPreparationTask"] = _preparation(preparation)
    if release := properties.get("jobReleaseTask"):
        properties["jobReleaseTask"] = _release(release)
    if automatic := (properties.get("poolInfo") or {}).get("autoPoolSpecification"):
        properties["poolInfo"] = {"autoPoolSpecification": _automatic(automatic)}
    return properties


def _constraints(sent: Properties | None) -> Properties:
    given = {name: value for name, value in (sent or {}).items() if value is not None}
    made = {"maxWallClockTime": UNLIMITED, "maxTaskRetryCount": 0, **given}
    made["maxWallClockTime"] = task_settings.span("maxWallClockTime", made["maxWallClockTime"])
    return made


def _manager(sent: Properties, retries: int) -> Properties:
    made = {"runExclusive": True, "allowLowPriorityNode": True, "killJobOnCompletion": True}
    return {**made, **task_settings.filled(sent, retries), "id": sent["id"]}


def _preparation(sent: Properties) -> Properties:
    given = {name: value for name, value in sent.items() if value is not None}
    made = {"id": "jobpreparation", "waitForSuccess": True, "rerunOnNodeRebootAfterSuccess": True, **given}
    made["constraints"] = task_settings.filled_constraints(sent.get("constraints"), 0)
    return {**made, "userIdentity": task_settings.filled_identity(sent.get("userIdentity"))}


def _release(sent: Properties) -> Properties:
    given = {name: value for name, value in sent.items() if value is not None}
    made = {"id": "jobrelease", "maxWallClockTime": "PT15M", "retentionTime": "P7D", **given}
    for name in ("maxWallClockTime", "retentionTime"):
        made[name] = task_settings.span(name, made[name])
    return {**made, "userIdentity": task_settings.filled_identity(sent.get("userIdentity"))}


def _automatic(sent: Properties) -> Properties:
    """An automatic pool's settings, shown with every default of a pool (recorded, 2020-09-01.12.0)."""
    made = {"keepAlive": False, **{name: value for name, value in sent.items() if value is not None}}
    if pool := made.get("pool"):
        targets = dict.fromkeys(pool_settings.TARGETS, 0)
        made["pool"] = {**targets, **pool_settings.filled(pool), "vmSize": str(pool.get("vmSize", "")).lower()}
    return made


def pool_id(properties: Properties) -> str:
    """The id of the pool that is named, '' where the job brings its own."""
    return str((properties.get("poolInfo") or {}).get("poolId") or "")


def check(properties: Properties) -> None:
    """What a job's settings must be; ``properties`` are ``filled`` ones.

    Raises:
        PropertyNotTaken, ResourceFilesTooLong, MetadataKeyEmpty; what ``pool_settings.check`` raises
    """
    task_settings.check_display_name(properties)
    task_settings.check_metadata(properties)
    priority, parallel = int(properties["priority"]), int(properties["maxParallelTasks"])
    if not -_HIGHEST_PRIORITY <= priority <= _HIGHEST_PRIORITY:
        raise PropertyNotTaken("priority", str(priority), "A priority is from -1000 to 1000")
    if parallel < 1 and parallel != -1:
        raise PropertyNotTaken("maxParallelTasks", str(parallel), "It is at least 1, or -1 for no limit")
    task_settings.check_retries(properties["constraints"])
    _check_pool(properties.get("poolInfo") or {})
    _check_own_tasks(properties)


def _check_pool(info: Properties) -> None:
    automatic = info.get("autoPoolSpecification")
    if bool(info.get("poolId")) == bool(automatic):
        raise PropertyNotTaken("poolInfo", "", "Specify either poolId or autoPoolSpecification")
    prefix = str((automatic or {}).get("autoPoolIdPrefix") or "")
    if len(prefix) > _LONGEST_PREFIX:
        raise PropertyNotTaken("autoPoolIdPrefix", prefix, f"It has at most {_LONGEST_PREFIX} characters")
    if automatic and not automatic.get("pool"):
        raise PropertyNotTaken("autoPoolSpecification", "", "It needs a pool")
    if automatic:
        pool_settings.check(automatic["pool"])


def _check_own_tasks(properties: Properties) -> None:
    for name in OWN_TASKS:
        if task := properties.get(name):
            task_settings.check_id(str(task["id"]))
            task_settings.check_common(task)
    release, preparation = properties.get("jobReleaseTask"), properties.get("jobPreparationTask")
    if release and not preparation:
        reason = "A job release task cannot be specified without a job preparation task"
        raise PropertyNotTaken("jobReleaseTask", "", reason)
    if release and (seconds(release["maxWallClockTime"]) or _LONGEST_RELEASE + 1) > _LONGEST_RELEASE:
        raise PropertyNotTaken("maxWallClockTime", release["maxWallClockTime"], "A job release task has 15 minutes")
    if preparation and release and preparation["id"].lower() == release["id"].lower():
        raise PropertyNotTaken("id", release["id"], "The preparation and the release task need different ids")
