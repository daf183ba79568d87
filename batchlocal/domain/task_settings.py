"""What a task's settings are when the caller has said little, and what they must be.

The page "Task - Add" is the source of every rule here, recorded-facts F11 of the defaults. The tasks that a job brings
along (manager, preparation, release) share both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import orjson

from batchlocal.domain import durations
from batchlocal.domain.images import no_containers
from batchlocal.domain.refusals import PropertyNotTaken, Refusal

__all__ = [
    "LONGEST_DEPENDENCIES",
    "LONGEST_RESOURCE_FILES",
    "DependenciesNotUsed",
    "DependencyListTooLong",
    "DependencyRangesTooLong",
    "MetadataKeyEmpty",
    "Properties",
    "ResourceFilesTooLong",
    "check",
    "check_common",
    "check_container",
    "check_display_name",
    "check_id",
    "check_metadata",
    "check_retries",
    "filled",
    "filled_constraints",
    "filled_identity",
    "span",
]

Properties = dict[str, Any]

LONGEST_DEPENDENCIES: Final = 64_000
"""Characters of all task ids together; the ranges, spelt ``first-last``, may have as many (the page sets the first
limit and for ranges only says that there is one)."""

LONGEST_RESOURCE_FILES: Final = 262_144
"""Characters of the list's JSON; the page names the code and no figure (docs/decisions)."""

_LONGEST_DISPLAY_NAME = 1024
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DRIVE = re.compile(r"[A-Za-z]:")
_SOURCES = ("autoStorageContainerName", "storageContainerUrl", "httpUrl")
_UPLOAD_CONDITIONS = {word.lower(): word for word in ("TaskSuccess", "TaskFailure", "TaskCompletion")}
_IDENTITY: Final = {"scope": "pool", "elevationLevel": "nonadmin"}


@dataclass(eq=False)
class DependenciesNotUsed(Refusal):
    """The task names dependencies and its job does not use them."""


@dataclass(eq=False)
class DependencyListTooLong(Refusal):
    """The task ids that the task depends on are too long together."""


@dataclass(eq=False)
class DependencyRangesTooLong(Refusal):
    """The task depends on too many ranges of ids."""


@dataclass(eq=False)
class MetadataKeyEmpty(Refusal):
    """An item of ``metadata`` has no name."""


@dataclass(eq=False)
class ResourceFilesTooLong(Refusal):
    """The list of resource files is too long to be kept."""


def filled(sent: Properties, job_retries: int) -> Properties:
    """A task's settings with the service's defaults; ``job_retries`` is its job's maxTaskRetryCount."""
    properties = {name: value for name, value in sent.items() if value is not None and name != "id"}
    properties["userIdentity"] = filled_identity(properties.get("userIdentity"))
    properties["constraints"] = filled_constraints(properties.get("constraints"), job_retries)
    properties.setdefault("requiredSlots", 1)
    if references := properties.get("applicationPackageReferences"):  # lower case: Microsoft's tests of azure-batch
        lowered = [{**one, "applicationId": str(one["applicationId"]).lower()} for one in references]
        properties["applicationPackageReferences"] = lowered
    if instances := properties.get("multiInstanceSettings"):
        properties["multiInstanceSettings"] = {"numberOfInstances": 1, **instances}
    if outputs := properties.get("outputFiles"):
        properties["outputFiles"] = _filled_outputs(outputs)
    return properties


def _filled_outputs(sent: list[Properties]) -> list[Properties]:
    """Output files with their conditions spelt as the service shows them, whatever the caller's case was (recorded in
    every api-version from 2017-05-01.5.0 to 2022-01-01.15.0)."""
    return [_filled_output(output) for output in sent]


def _filled_output(sent: Properties) -> Properties:
    options = sent.get("uploadOptions") or {}
    condition = str(options.get("uploadCondition", ""))
    if condition.lower() not in _UPLOAD_CONDITIONS:
        return sent
    return {**sent, "uploadOptions": {**options, "uploadCondition": _UPLOAD_CONDITIONS[condition.lower()]}}


def filled_identity(sent: Properties | None) -> Properties:
    """``userIdentity`` with the automatic user's defaults."""
    if not sent or (not sent.get("username") and not sent.get("autoUser")):
        return {"autoUser": dict(_IDENTITY)}
    return {**sent, "autoUser": {**_IDENTITY, **sent["autoUser"]}} if sent.get("autoUser") else sent


def filled_constraints(sent: Properties | None, retries: int) -> Properties:
    """``constraints`` with defaults, durations in the service's spelling.

    Raises:
        PropertyNotTaken: a duration is none.
    """
    given = {name: value for name, value in (sent or {}).items() if value is not None}
    made = {"maxWallClockTime": durations.UNLIMITED, "retentionTime": "P7D", "maxTaskRetryCount": retries, **given}
    for name in ("maxWallClockTime", "retentionTime"):
        made[name] = span(name, made[name])
    check_retries(made)
    return made


def check_retries(settings: Properties) -> None:
    """``maxTaskRetryCount`` is a number of retries, or -1.

    Raises:
        PropertyNotTaken
    """
    retries = int(settings.get("maxTaskRetryCount") or 0)
    if retries < -1:
        raise PropertyNotTaken("maxTaskRetryCount", str(retries), "-1 means without limit")


def span(name: str, text: str) -> str:
    """A duration in the service's spelling.

    Raises:
        PropertyNotTaken: it is none.
    """
    try:
        return durations.normalised(str(text))
    except durations.DurationInvalid:
        raise PropertyNotTaken(name, str(text), f"{name} must be an ISO 8601 duration, such as PT1H30M") from None


def check(task_id: str, properties: Properties, job: Properties) -> None:
    """What a task's settings must be in a job with these settings; ``properties`` are ``filled`` ones.

    Raises:
        PropertyNotTaken, DependenciesNotUsed, DependencyListTooLong, DependencyRangesTooLong, ResourceFilesTooLong
    """
    check_id(task_id)
    check_common(properties)
    _check_slots(properties)
    if (depends := properties.get("dependsOn")) is not None:
        _check_dependencies(depends, job)
    if conditions := properties.get("exitConditions"):
        _check_exit_conditions(conditions, job)


def check_container(properties: Properties, pool: Properties | None) -> None:
    """Container settings go with a pool's containerConfiguration: both are there or neither; ``pool`` is None where
    it is not known yet.

    Raises:
        PropertyNotTaken
    """
    if pool is None:
        return
    machine = pool.get("virtualMachineConfiguration") or {}
    wanted, configured = bool(properties.get("containerSettings")), bool(machine.get("containerConfiguration"))
    if configured and not wanted:
        raise PropertyNotTaken("containerSettings", "", "It must be set for a pool with containerConfiguration")
    if wanted and not configured:
        raise PropertyNotTaken("containerSettings", "", no_containers(machine.get("imageReference") or {}))


def check_id(text: str) -> None:
    """An id has 1 to 64 letters, digits, hyphens and underscores.

    Raises:
        PropertyNotTaken
    """
    if not _ID.fullmatch(text):
        raise PropertyNotTaken("id", text, "An id has 1 to 64 letters, digits, hyphens and underscores")


def check_common(properties: Properties) -> None:
    """What holds for every command that runs on a node, a job's own tasks included.

    Raises:
        PropertyNotTaken, ResourceFilesTooLong
    """
    if not str(properties.get("commandLine") or "").strip():
        raise PropertyNotTaken("commandLine", "", "The command line must not be empty")
    check_display_name(properties)
    identity = properties.get("userIdentity") or {}
    if identity.get("username") and identity.get("autoUser"):
        raise PropertyNotTaken("userIdentity", "", "Specify username or autoUser, and not both")
    for setting in properties.get("environmentSettings") or []:
        if not setting.get("name"):
            raise PropertyNotTaken("environmentSettings", "", "An environment setting needs a name")
    _check_resource_files(properties.get("resourceFiles") or [])
    _check_resource_files((properties.get("multiInstanceSettings") or {}).get("commonResourceFiles") or [])


def check_display_name(properties: Properties) -> None:
    """At most 1,024 Unicode characters.

    Raises:
        PropertyNotTaken
    """
    name = str(properties.get("displayName") or "")
    if len(name) > _LONGEST_DISPLAY_NAME:
        raise PropertyNotTaken("displayName", name, f"It has at most {_LONGEST_DISPLAY_NAME} characters")


def check_metadata(properties: Properties) -> None:
    """The items of ``metadata`` have names.

    Raises:
        MetadataKeyEmpty
    """
    if any(not item.get("name") for item in properties.get("metadata") or []):
        raise MetadataKeyEmpty


def _check_slots(properties: Properties) -> None:
    slots = int(properties["requiredSlots"])
    if slots < 1:
        raise PropertyNotTaken("requiredSlots", str(slots), "A task needs at least one slot")
    instances = properties.get("multiInstanceSettings")
    if instances and slots != 1:
        raise PropertyNotTaken("requiredSlots", str(slots), "For a multi-instance task it must be 1")
    if instances and int(instances["numberOfInstances"]) < 1:
        raise PropertyNotTaken("numberOfInstances", str(instances["numberOfInstances"]), "It must be at least 1")


def _check_dependencies(depends: Properties, job: Properties) -> None:
    if not job["usesTaskDependencies"]:
        raise DependenciesNotUsed
    if sum(len(one) for one in depends.get("taskIds") or []) > LONGEST_DEPENDENCIES:
        raise DependencyListTooLong
    ranges = depends.get("taskIdRanges") or []
    for one in ranges:
        _check_range("taskIdRanges", one)
    if sum(len(f"{one['start']}-{one['end']}") for one in ranges) > LONGEST_DEPENDENCIES:
        raise DependencyRangesTooLong


def _check_range(name: str, one: Properties) -> None:
    if int(one["start"]) > int(one["end"]):
        raise PropertyNotTaken(name, f"{one['start']}-{one['end']}", "A range ends where it starts, or later")


def _check_exit_conditions(conditions: Properties, job: Properties) -> None:
    """``jobAction`` may only be set where the job looks at it."""
    mapped = [*(conditions.get("exitCodes") or []), *(conditions.get("exitCodeRanges") or [])]
    options = [one.get("exitOptions") for one in mapped]
    options += [conditions.get(name) for name in ("preProcessingError", "fileUploadError", "default")]
    for one in conditions.get("exitCodeRanges") or []:
        _check_range("exitCodeRanges", one)
    for given in filter(None, options):
        if given.get("jobAction") and job["onTaskFailure"] == "noaction":
            reason = "A job action cannot be specified while the job's onTaskFailure is noaction"
            raise PropertyNotTaken("jobAction", str(given["jobAction"]), reason)


def _check_resource_files(files: list[Properties]) -> None:
    for file in files:
        _check_resource_file(file)
    if len(orjson.dumps(files)) > LONGEST_RESOURCE_FILES:
        raise ResourceFilesTooLong


def _check_resource_file(file: Properties) -> None:
    given = [name for name in _SOURCES if file.get(name)]
    path = str(file.get("filePath") or "")
    if len(given) != 1:
        raise PropertyNotTaken("resourceFiles", "", f"Specify exactly one of {', '.join(_SOURCES)}")
    if given == ["httpUrl"] and not path:
        raise PropertyNotTaken("filePath", "", "It is required when httpUrl is specified")
    if given == ["httpUrl"] and file.get("blobPrefix"):
        raise PropertyNotTaken("blobPrefix", str(file["blobPrefix"]), "It goes with a container, not with httpUrl")
    if _escapes(path):
        raise PropertyNotTaken("filePath", path, "It must not break out of the task's working directory")


def _escapes(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return ".." in parts or (len(parts) > 1 and not parts[0]) or _DRIVE.match(path) is not None
