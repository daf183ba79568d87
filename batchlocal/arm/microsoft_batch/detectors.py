"""Detectors: what Azure's "diagnose and solve problems" finds out about an account, here from what the store knows."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.arm.microsoft_batch.provider import ACCOUNT_TYPE, PROVIDER, account_of
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

Rows = list[list[Any]]
Finding = tuple[list[str], Rows]


@dataclass(eq=False)
class DetectorNotFound(Refusal):
    """There is no such detector."""


CATALOGUE[DetectorNotFound] = provider(404, "DetectorNotFound", "The specified detector does not exist.")


def _pools_and_nodes(call: ArmCall, account: Resource) -> Finding:
    rows = []
    for pool in call.tx.pools.of_account(account.key):
        nodes = sum(1 for _ in call.tx.nodes.of_pool(pool.key))
        errors = ", ".join(error.code for error in pool.resize_errors)
        rows.append([pool.id, str(pool.allocation_state), nodes, pool.target_dedicated, errors])
    return ["pool", "allocationState", "nodes", "targetDedicatedNodes", "resizeErrors"], rows


def _jobs_and_tasks(call: ArmCall, account: Resource) -> Finding:
    return ["job", "state"], [[job.id, str(job.state)] for job in call.tx.jobs.of_account(account.key)]


_DETECTORS: Final[dict[str, tuple[str, Callable[[ArmCall, Resource], Finding]]]] = {
    "poolsAndNodes": ("Pools and Nodes", _pools_and_nodes),
    "jobsAndTasks": ("Jobs and Tasks", _jobs_and_tasks),
}


@PROVIDER.operation("BatchAccount_ListDetectors")
def list_detectors(call: ArmCall) -> Answer:
    """What can be asked about the account."""
    account = account_of(call)
    return Answer(200, {"value": [_shown(call, account, name) for name in _DETECTORS]})


@PROVIDER.operation("BatchAccount_GetDetector")
def get_detector(call: ArmCall) -> Answer:
    """One detector with what it found."""
    account = account_of(call)
    wanted = call.parameters["detectorId"].lower()
    name = next((name for name in _DETECTORS if name.lower() == wanted), None)
    if name is None:
        raise DetectorNotFound
    return Answer(200, _shown(call, account, name))


def _shown(call: ArmCall, account: Resource, name: str) -> dict[str, Any]:
    """A detector; its value is base64 of JSON, with the members that Azure's has (specification, DetectorGet)."""
    title, find = _DETECTORS[name]
    columns, rows = find(call, account)
    table = {"tableName": name, "columns": [{"columnName": column} for column in columns], "rows": rows}
    found = {
        "metadata": {"id": name, "name": title, "description": None, "category": None},
        "dataset": [{"table": table}],
        "status": {"message": None, "statusId": 4},
    }
    return {
        "type": f"{ACCOUNT_TYPE}/detectors",
        "id": f"{account.id}/detectors/{name}",
        "name": name,
        "properties": {"value": base64.b64encode(json.dumps(found).encode()).decode()},
    }
