"""Pools at the service plane (F11)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from batchlocal import quotas
from batchlocal.autoscaling import enabled
from batchlocal.domain import node as nodes
from batchlocal.domain import pool as pools
from batchlocal.domain.pool import Pool, PoolExists, PoolNotFound
from batchlocal.domain.pool_changes import PropertyFixed, check_patch
from batchlocal.domain.pool_settings import TARGETS, check_disk_key, check_subnet
from batchlocal.domain.quotas import PackageReferenceQuotaReached, PoolQuotaReached
from batchlocal.domain.refusals import PropertyMissing, Refusal
from batchlocal.package_references import check_packages
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.access import check_key
from batchlocal.service.answers import account_page, changed, entity, expands_stats, stamps
from batchlocal.service.call import ServiceCall
from batchlocal.service.conditions import check_conditions
from batchlocal.service.errors import CATALOGUE, invalid_value, worded
from batchlocal.service.registry import handles
from batchlocal.service.statistics import of_pools
from batchlocal.store.effects import Effect

__all__ = ["pool_asked", "pool_of", "run_in_version"]

_LOW_PRIORITY_SINCE = "2017-05-01.5.0"
_CLOUD_SERVICES_UNTIL = "2024"  # recorded: versions from 2016 to 2023 refuse such a pool for its packages first
_TODAY_SINCE = "2021"  # recorded: pools differ in small things between 2020-09-01.12.0 and 2024-02-01.19.0
_MOST_REMOVED = 100  # REST reference, Pool - Remove Nodes


@dataclass(eq=False)
class NodeListInvalid(Refusal):
    """Nodes to remove are none, too many, or not all the pool's."""

    most: int


@dataclass(eq=False)
class CloudServicesRetired(Refusal):
    """Pools of cloud services cannot be made any more."""


@dataclass(eq=False)
class UsageMetricsRetired(Refusal):
    """Usage metrics of pools are no longer kept."""


CATALOGUE.update(
    {
        pools.PoolExists: worded(409, "PoolExists", "The specified pool already exists."),
        pools.PoolNotFound: worded(404, "PoolNotFound", "The specified pool does not exist."),
        pools.PoolBeingDeleted: worded(
            409,
            "PoolBeingDeleted",
            "The specified pool has been marked for deletion and is being reclaimed.",
        ),
        PoolQuotaReached: worded(409, "PoolQuotaReached", "The pool quota for the account has been reached."),
        PackageReferenceQuotaReached: invalid_value(
            PropertyName="applicationPackageReferences",
            Reason="A pool may reference at most {most} application packages",
        ),
        pools.ResizeOngoing: worded(409, "PoolBeingResized", "The specified pool is being resized."),
        PropertyFixed: worded(  # the management plane's code; the service's is not recorded
            400,
            "PropertyCannotBeUpdated",
            "A property that can not be updated was specified in the request.",
            PropertyName="{name}",
            Reason="{reason}",
        ),
        pools.NoResizeToStop: worded(
            409,
            "OperationInvalidForCurrentState",
            "The specified operation is not valid for the current state of the resource.",
        ),
        pools.AutoScaleEnabled: worded(
            409, "AutoScaleEnabled", "The specified pool has autoscale enabled and cannot be resized by request."
        ),
        NodeListInvalid: invalid_value(
            PropertyName="nodeList", Reason="From 1 to {most} nodes of the pool can be removed at a time"
        ),
        CloudServicesRetired: worded(
            400, "CloudServiceConfigurationRetired", "Pools with cloudServiceConfiguration were retired on 02/29/2024"
        ),
        UsageMetricsRetired: worded(
            400, "PoolUsageMetricAPIRetired", "Pool list usage metrics API was retired on 09/30/2024"
        ),
    }
)


def pool_of(call: ServiceCall) -> Pool:
    """The pool that the path names.

    Raises:
        PoolNotFound
    """
    pool = call.tx.pools.find(f"{call.account.key}/pools/{call.parameters['poolId'].lower()}")
    if pool is None:
        raise PoolNotFound
    return pool


def pool_asked(call: ServiceCall) -> Pool:
    """``pool_of``, once the request's conditions hold for it."""
    pool = pool_of(call)
    check_conditions(call, pool.modified)
    return pool


def owe_resize(call: ServiceCall, pool: Pool) -> None:
    """Write the pool down with the resize that it now waits for."""
    call.tx.pools.put(pool)
    call.platform.owe(call.tx, Effect("pool.resize", pool.key, call.now, {}, call.request.request_id))


@handles("Pool_Add")
def add_pool(call: ServiceCall) -> Answer:
    """201; the pool is resizing from the start."""
    if call.body.get("cloudServiceConfiguration"):
        if call.request.api_version < _CLOUD_SERVICES_UNTIL:
            check_packages(call.tx, call.account, call.body)
        raise CloudServicesRetired
    if not call.body.get("virtualMachineConfiguration"):
        raise PropertyMissing("virtualMachineConfiguration")  # REST reference, Pool - Add
    login = pools.maps_remote_login(call.request.api_version)
    pool = pools.create(call.account.key, call.body["id"], call.body, call.now, remote_login=login)
    if call.tx.pools.find(pool.key) is not None:
        raise PoolExists
    quotas.admit_pool(call.tx, call.account, call.body)
    check_subnet(pool.properties, call.account.subscription)
    check_disk_key(pool.properties, identity=False)
    check_key(call.request, call.body)
    check_packages(call.tx, call.account, pool.properties)
    owe_resize(call, pool)
    if pool.properties["enableAutoScale"]:
        pool = enabled(call.platform, call.tx, pool, call.now)
    return changed(call, 201, f"pools/{pool.id}", pool.modified, created=True)


@handles("Pool_List")
def list_pools(call: ServiceCall) -> Answer:
    """Pools by id (F10)."""
    return account_page(call, "pools", call.tx.pools.page, shown)


@handles("Pool_Get")
def get_pool(call: ServiceCall) -> Answer:
    """The pool, also while it is being deleted."""
    pool = pool_asked(call)
    return entity(call, "pools", shown(call, pool), pool.modified)


@handles("Pool_Exists")
def pool_exists(call: ServiceCall) -> Answer:
    """200 or 404, both empty."""
    return Answer(200, headers=stamps(pool_asked(call).modified))


@handles("Pool_Patch")
def patch_pool(call: ServiceCall) -> Answer:
    """Each property sent replaces the old one whole (F11); most of them only while the pool has no nodes."""
    quotas.check_references(call.account, call.body or {})
    before = pool_asked(call)
    pool = pools.update(before, call.body or {}, call.now)
    check_patch(before, pool)
    check_key(call.request, call.body or {})
    check_disk_key(pool.properties, identity=bool(pool.hidden.get("identity")))
    check_packages(call.tx, call.account, pool.properties)
    call.tx.pools.put(pool)
    return changed(call, 200, f"pools/{pool.id}", pool.modified)


@handles("Pool_UpdateProperties")
def update_pool_properties(call: ServiceCall) -> Answer:
    """204; start task, certificates, packages and metadata are as sent, or gone (F11)."""
    pool = pools.update_properties(pool_of(call), call.body, call.now)
    check_packages(call.tx, call.account, pool.properties)
    call.tx.pools.put(pool)
    return changed(call, 204, f"pools/{pool.id}/updateproperties", pool.modified)


@handles("Pool_Delete")
def delete_pool(call: ServiceCall) -> Answer:
    """202; the pool stays readable as deleting until its nodes are gone. No headers of a change (F10)."""
    owe_resize(call, pools.delete(pool_asked(call), call.now))
    return Answer(202)


@handles("Pool_Resize")
def resize_pool(call: ServiceCall) -> Answer:
    """202 and a new ETag; a target that is not named is 0 (recorded with 2024-02-01.19.0)."""
    body = call.body or {}
    if all(body.get(name) is None for name in TARGETS):
        raise PropertyMissing(" and/or ".join(TARGETS))  # before the pool is looked for (tests of Java's library)
    dedicated, low_priority = (int(body.get(name) or 0) for name in TARGETS)
    option, timeout = _leaving(body)
    pool = pools.resize(pool_asked(call), dedicated, low_priority, option, call.now, timeout)
    owe_resize(call, pool)
    return changed(call, 202, f"pools/{pool.id}/resize", pool.modified)


@handles("Pool_StopResize")
def stop_resize(call: ServiceCall) -> Answer:
    """202."""
    pool = pools.stop_resize(pool_asked(call), call.now)
    owe_resize(call, pool)
    return changed(call, 202, f"pools/{pool.id}/stopresize", pool.modified)


def _leaving(body: dict[str, Any]) -> tuple[str, str]:
    """How running tasks are treated when nodes go, and how long that may take."""
    option = str(body.get("nodeDeallocationOption") or "requeue")
    return option, str(body.get("resizeTimeout") or "")


@handles("Pool_RemoveNodes")
def remove_nodes(call: ServiceCall) -> Answer:
    """202 and a new ETag; the named nodes leave, and the pool's targets with them."""
    pool = pool_asked(call)
    named = [call.tx.nodes.find(f"{pool.key}/nodes/{node_id}") for node_id in call.body["nodeList"]]
    found = [node for node in named if node is not None]
    if not 0 < len(named) <= _MOST_REMOVED:
        raise NodeListInvalid(_MOST_REMOVED)
    dedicated = sum(node.dedicated for node in found)
    option, timeout = _leaving(call.body)
    pool = pools.remove_nodes(pool, dedicated, len(found) - dedicated, option, call.now, timeout)
    if len(found) < len(named):
        raise NodeListInvalid(_MOST_REMOVED)
    for node in found:
        call.tx.nodes.put(nodes.leave(node, call.now))
    owe_resize(call, pool)
    return changed(call, 202, f"pools/{pool.id}/removenodes", pool.modified)


@handles("Pool_ListUsageMetrics")
def list_usage_metrics(_: ServiceCall) -> Answer:
    """Azure took this operation back on 30 September 2024 (recorded)."""
    raise UsageMetricsRetired


def shown(call: ServiceCall, pool: Pool) -> dict[str, Any]:
    """The pool's JSON in the recorded order."""
    body: dict[str, Any] = {
        "id": pool.id,
        "url": f"{call.url}/pools/{pool.id}",
        "eTag": moments.etag(pool.modified),
        "lastModified": moments.iso(pool.modified),
        "creationTime": moments.iso(pool.created),
        "state": pool.state,
        "stateTransitionTime": moments.iso(pool.state_since),
        "allocationState": pool.allocation_state.value,
        "allocationStateTransitionTime": moments.iso(pool.allocation_since),
        **pool.properties,
        **({} if pool.properties["enableAutoScale"] else {"resizeTimeout": pool.timeout}),
        "vmSize": str(pool.properties.get("vmSize", "")).lower(),
        "currentDedicatedNodes": pool.current_dedicated,
        "targetDedicatedNodes": pool.target_dedicated,
        "currentLowPriorityNodes": pool.current_low_priority,
        "targetLowPriorityNodes": pool.target_low_priority,
    }
    if call.request.api_version >= _TODAY_SINCE:
        body.setdefault("certificateReferences", [])
    else:
        body |= _in_lower_case(pool.properties)
    if (mode := pool.properties.get("targetNodeCommunicationMode")) and pool.nodes:
        body["currentNodeCommunicationMode"] = "simplified" if mode == "default" else mode
    if pool.auto_scale_run:
        body["autoScaleRun"] = run_in_version(call, pool.auto_scale_run)
    if pool.resize_errors:
        body["resizeErrors"] = [{"code": error.code, "message": error.message} for error in pool.resize_errors]
    if expands_stats(call):
        seen = pool, call.tx.nodes.of_pool(pool.key), call.tx.tasks.times_of_pool(pool.key)
        body["stats"] = of_pools(f"{body['url']}/stats", pool.created, call.now, [seen])
    return body


def _in_lower_case(properties: dict[str, Any]) -> dict[str, Any]:
    """Disks to encrypt, as they were spelt before 2021 (recorded with 2020-09-01.12.0)."""
    machine = properties.get("virtualMachineConfiguration") or {}
    if not (encryption := machine.get("diskEncryptionConfiguration")):
        return {}
    lowered = {**encryption, "targets": [str(target).lower() for target in encryption.get("targets") or []]}
    return {"virtualMachineConfiguration": {**machine, "diskEncryptionConfiguration": lowered}}


def run_in_version(call: ServiceCall, facts: dict[str, Any]) -> dict[str, Any]:
    """A run in the words of the caller's api-version: before 2017-05-01.5.0 there were no low-priority nodes."""
    if call.request.api_version >= _LOW_PRIORITY_SINCE:
        return facts
    results = facts["results"].replace("$TargetDedicatedNodes=", "$TargetDedicated=", 1)
    return {**facts, "results": re.sub(r"\$TargetLowPriorityNodes=\d+;", "", results, count=1)}
