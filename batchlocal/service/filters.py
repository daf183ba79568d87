"""``$filter`` at the Batch service: what each list may be filtered by (``protocol/filters.py`` reads the filters).

Source: Microsoft's article "OData filters in Azure Batch": which list takes which properties, of which type, with
which operators. Values compare without case, property names do not (article batch-efficient-list-queries).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from batchlocal.protocol.filters import EQUALITY, ORDER, Filterable

__all__ = ["FILTERABLE"]

_TEXT = (*ORDER, "startswith")


def _times(*names: str) -> dict[str, Filterable]:
    return {name: Filterable("time", ORDER) for name in names}


def _words(*names: str) -> dict[str, Filterable]:
    return {name: Filterable("string", EQUALITY) for name in names}


def _run(prefix: str) -> dict[str, Filterable]:
    return {
        **_words(f"{prefix}/state", f"{prefix}/result"),
        **_times(f"{prefix}/startTime", f"{prefix}/endTime"),
        f"{prefix}/exitCode": Filterable("integer", ORDER),
    }


_CHANGES = _times("stateTransitionTime", "creationTime", "lastModified")
_ID = {"id": Filterable("string", _TEXT)}
_JOBS = {
    **_words("state"),
    **_CHANGES,
    **_times("executionInfo/startTime", "executionInfo/endTime"),
    "executionInfo/poolId": Filterable("string", _TEXT),
}

FILTERABLE: Final[Mapping[str, Mapping[str, Filterable]]] = {
    "Account_ListSupportedImages": _words("osType", "verificationType", "nodeAgentSKUId"),
    "Account_ListPoolNodeCounts": {"poolId": Filterable("string", ("eq",))},
    "Certificate_List": {**_words("state"), **_times("stateTransitionTime")},
    "ComputeNode_List": {
        **_words("state"),
        **_times("stateTransitionTime", "lastBootTime", "allocationTime"),
        **_run("startTaskInfo"),
    },
    "File_ListFromTask": {"name": Filterable("string", ("startswith",))},
    "File_ListFromComputeNode": {"name": Filterable("string", ("startswith",))},
    "Job_List": {**_ID, **_JOBS},
    "Job_ListFromJobSchedule": _JOBS,
    "Job_ListPreparationAndReleaseTaskStatus": {
        **_words("poolId", "nodeId"),
        **_run("jobPreparationTaskExecutionInfo"),
        **_run("jobReleaseTaskExecutionInfo"),
    },
    "JobSchedule_List": {
        **_ID,
        **_words("state"),
        **_CHANGES,
        **_times("executionInfo/endTime", "schedule/doNotRunUntil", "schedule/doNotRunAfter"),
    },
    "Pool_List": {
        **_ID,
        **_words("state", "allocationState", "vmSize"),
        **_CHANGES,
        **_times("allocationStateTransitionTime"),
        "enableAutoScale": Filterable("boolean", EQUALITY),
        "enableInterNodeCommunication": Filterable("boolean", EQUALITY),
    },
    "Task_List": {
        **_ID,
        **_words("state"),
        **_CHANGES,
        # the article calls it lastModifiedTime in the list of tasks, where the property is lastModified
        "lastModifiedTime": Filterable("time", ORDER, shown="lastModified"),
        **_run("executionInfo"),
    },
}
"""By operationId: the properties that a list can be filtered by."""
