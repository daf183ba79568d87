"""Pools at the management plane (F6): the same pools as at the service plane, spelt ARM's way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from batchlocal import quotas
from batchlocal.arm.access import ASSIGN_IDENTITY, JOIN_SUBNET, check_linked
from batchlocal.arm.call import ArmCall
from batchlocal.arm.conditions import check_conditions
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.arm.fabric import finished, poll_pending, retry_after
from batchlocal.arm.listing import filter_of, listed, page_size, position, selected
from batchlocal.arm.microsoft_batch.pool_spelling import to_arm, to_service
from batchlocal.arm.microsoft_batch.provider import PROVIDER, InvalidBody, account_of, properties_of
from batchlocal.autoscaling import enabled
from batchlocal.domain import autoscale, formulas, task_settings
from batchlocal.domain import pool as pools
from batchlocal.domain.pool import Pool, PoolNotFound
from batchlocal.domain.pool_changes import PropertyFixed, check_change
from batchlocal.domain.pool_settings import check_disk_key, check_subnet
from batchlocal.domain.quotas import PackageReferenceQuotaReached, PoolQuotaReached
from batchlocal.package_references import PackageReferenceInvalid, check_packages
from batchlocal.protocol import moments
from batchlocal.protocol.filters import EQUALITY, ORDER, Filterable
from batchlocal.protocol.messages import Answer
from batchlocal.store.effects import Effect
from batchlocal.store.operations import LongRunningOperation
from batchlocal.store.resources import Resource

__all__: list[str] = []

POOL_TYPE = "Microsoft.Batch/batchAccounts/pools"

CATALOGUE.update(
    {
        pools.PoolExists: provider(409, "PoolExists", "The specified pool already exists."),
        pools.PoolNotFound: provider(404, "PoolNotFound", "The specified pool does not exist."),
        pools.PoolBeingDeleted: provider(
            409,
            "PoolBeingDeleted",
            "The specified pool has been marked for deletion and is being reclaimed.",
        ),
        PoolQuotaReached: provider(409, "PoolQuotaReached", "The pool quota for the account has been reached."),
        PackageReferenceQuotaReached: provider(
            400,
            "InvalidPropertyValue",
            "The value provided for one of the properties in the request body is invalid.",
            PropertyName="applicationPackages",
            Reason="A pool may reference at most {most} application packages",
        ),
        PackageReferenceInvalid: provider(
            409,
            "InvalidApplicationPackageReferences",
            "One or more of the specified application package references are invalid.",
            **{"{application}": "{reason}"},
        ),
        pools.ResizeOngoing: provider(409, "PoolBeingResized", "The specified pool is being resized."),
        pools.NoResizeToStop: provider(
            409,
            "OperationInvalidForCurrentState",
            "The specified operation is not valid for the current state of the resource.",
        ),
        pools.AutoScaleEnabled: provider(
            409,
            "OperationInvalidForCurrentState",
            "The specified operation is not valid for the current state of the resource.",
            Reason="The specified pool has AutoScale enabled. AutoScale resize cannot be stopped",
        ),
        formulas.FormulaUnreadable: provider(
            400,
            "AutoScalingFormulaSyntaxError",
            "The specified auto-scaling formula has a syntax error.",
            Message="{place}",
        ),
        formulas.FormulaTooLong: provider(
            400,
            "AutoScaleFormulaTooLong",
            "The specified auto-scaling formula exceeds lengths limit.",
            Message="{place}",
        ),
        formulas.AutoScaleSettingsInvalid: provider(
            400,
            "InvalidAutoScalingSettings",
            "The specified auto-scaling settings are not valid.",
            Reason="{reason}",
        ),
        PropertyFixed: provider(
            400,
            "PropertyCannotBeUpdated",
            "A property that can not be updated was specified in the request.",
            PropertyName="{name}",
            Reason="{reason}",
        ),
        pools.PropertyNotTaken: provider(
            400,
            "InvalidPropertyValue",
            "The value provided for one of the properties in the request body is invalid.",
            PropertyName="{name}",
            PropertyValue="{value}",
            Reason="{reason}",
        ),
        # codes of the service plane (Batch Status and Error Codes; the page "Task - Add")
        task_settings.MetadataKeyEmpty: provider(
            400, "EmptyMetadataKey", "The key for one of the metadata key-value pairs is empty."
        ),
        task_settings.ResourceFilesTooLong: provider(
            413, "RequestEntityTooLarge", "The list of resource files exceeds the maximum size permitted."
        ),
    }
)


def _answer(pool: Pool, account: Resource) -> Answer:
    headers = {"ETag": moments.weak_etag(pool.modified), "Last-Modified": moments.http_date(pool.modified)}
    return Answer(200, _shown(pool, account), headers)


def _shown(pool: Pool, account: Resource) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": f"{account.id}/pools/{pool.id}",
        "name": pool.id,
        "type": POOL_TYPE,
        "etag": moments.weak_etag(pool.modified),
        "properties": to_arm(pool, account.id),
    }
    return {**body, **{name: pool.hidden[name] for name in ("tags", "identity") if pool.hidden.get(name)}}


def _pool_of(call: ArmCall, account: Resource) -> Pool:
    pool = call.tx.pools.find(f"{account.key}/pools/{call.parameters['poolName'].lower()}")
    if pool is None:
        raise PoolNotFound
    return pool


def _put(call: ArmCall, pool: Pool) -> None:
    for name in ("tags", "identity"):
        if (call.body or {}).get(name) is not None:
            pool.hidden[name] = call.body[name]
    call.tx.pools.put(pool)


def _check_linked(call: ArmCall, sent: dict[str, Any]) -> None:
    """A pool's subnet and identities are asked too whether the caller may use them."""
    check_linked(call, JOIN_SUBNET, [str((sent.get("networkConfiguration") or {}).get("subnetId") or "")])
    check_linked(call, ASSIGN_IDENTITY, ((call.body or {}).get("identity") or {}).get("userAssignedIdentities") or ())


def _check_whole(properties: dict[str, Any]) -> None:
    """A pool has a size and says what its nodes are (REST reference, Pool - Create; its description does not)."""
    for name in ("vmSize", "deploymentConfiguration"):
        if not properties.get(name):
            raise InvalidBody(f"The property '{name}' is required")


def _check_settings(call: ArmCall, sent: dict[str, Any], account: Resource, before: Pool | None) -> None:
    """What is sent must be there, or be the account's own."""
    identity = (call.body or {}).get("identity") or (before.hidden.get("identity") if before else None)
    check_subnet(sent, account.subscription)
    check_disk_key(sent, identity=bool(identity))
    check_packages(call.tx, account, sent)


def _owe_resize(call: ArmCall, pool: Pool) -> None:
    call.platform.owe(call.tx, Effect("pool.resize", pool.key, call.now, {}, call.request.request_id))


@PROVIDER.operation("Pool_Create")
def put_pool(call: ArmCall) -> Answer:
    """200, new or not; Resizing even for no nodes (F6)."""
    account = account_of(call)
    _check_whole(properties_of(call.body))
    sent = to_service(properties_of(call.body))
    _check_linked(call, sent)
    name = call.parameters["poolName"]
    existing = call.tx.pools.find(f"{account.key}/pools/{name.lower()}")
    check_conditions(call, existing.modified if existing else None)
    if existing is None:
        quotas.admit_pool(call.tx, account, sent)
        login = pools.maps_remote_login(call.request.api_version)
        pool = pools.create(account.key, name, sent, call.now, remote_login=login)
        _check_settings(call, sent, account, None)
        _put(call, pool)
        _owe_resize(call, pool)
        return _answer(_scaled(call, pool), account)
    return _changed(call, account, existing, sent, whole=True)


def _changed(call: ArmCall, account: Resource, pool: Pool, sent: dict[str, Any], *, whole: bool = False) -> Answer:
    """Lay new properties over a pool; other targets are a resize."""
    targets = {name: sent.pop(name) for name in ("targetDedicatedNodes", "targetLowPriorityNodes") if name in sent}
    option = str(sent.pop("nodeDeallocationOption", None) or "requeue").lower()
    rescaled = "enableAutoScale" in sent
    quotas.check_references(account, sent)
    changed = pools.update(pool, sent, call.now, whole=whole)
    check_change(pool, changed, call.request.api_version)
    _check_settings(call, sent, account, pool)
    pool = changed
    dedicated = int(targets.get("targetDedicatedNodes", pool.target_dedicated))
    low_priority = int(targets.get("targetLowPriorityNodes", pool.target_low_priority))
    if (dedicated, low_priority) != (pool.target_dedicated, pool.target_low_priority):
        pool = pools.resize(pool, dedicated, low_priority, option, call.now)
        _owe_resize(call, pool)
    _put(call, pool)
    return _answer(_scaled(call, pool) if rescaled else pool, account)


def _scaled(call: ArmCall, pool: Pool) -> Pool:
    """A formula that was just set is evaluated at once (azure-batch-behaviours, Pools)."""
    return enabled(call.platform, call.tx, pool, call.now) if pool.properties["enableAutoScale"] else pool


@PROVIDER.operation("Pool_Update")
def patch_pool(call: ArmCall) -> Answer:
    """What is left out stays; an empty start task removes it (azure-batch-behaviours, Pools)."""
    account = account_of(call)
    pool = _pool_of(call, account)
    check_conditions(call, pool.modified)
    return _changed(call, account, pool, to_service(properties_of(call.body)))


@PROVIDER.operation("Pool_Get")
def get_pool(call: ArmCall) -> Answer:
    """The pool."""
    account = account_of(call)
    return _answer(_pool_of(call, account), account)


# REST reference, "Pool - List By Batch Account": what the list may be filtered by.
_FILTERABLE: Final = {
    "name": Filterable("string", (*EQUALITY, "startswith")),
    **{f"properties/{name}": Filterable("string", EQUALITY) for name in ("allocationState", "provisioningState")},
    **{f"properties/{name}": Filterable("string", EQUALITY) for name in ("vmSize", "interNodeCommunication")},
    **{
        f"properties/{name}": Filterable("time", ORDER)
        for name in ("allocationStateTransitionTime", "creationTime", "lastModified", "provisioningStateTransitionTime")
    },
}


@PROVIDER.operation("Pool_ListByBatchAccount")
def list_pools(call: ArmCall) -> Answer:
    """The account's pools, by name (F6); filtered, cut to chosen properties, a page at a time."""
    account = account_of(call)
    wanted, size, after = filter_of(call, _FILTERABLE), page_size(call, "maxresults"), position(call)
    found: Iterable[Pool] = call.tx.pools.page(account.key, after, size + 1)
    if wanted is not None:
        every = call.tx.pools.of_account(account.key)
        found = (pool for pool in every if pool.key > after and wanted(_shown(pool, account)))
    return listed(call, found, lambda pool: pool.key, lambda pool: selected(call, _shown(pool, account)), size)


@PROVIDER.operation("Pool_StopResize")
def stop_resize(call: ArmCall) -> Answer:
    """The pool stays at the nodes that it has."""
    account = account_of(call)
    pool = _pool_of(call, account)
    if pool.properties["enableAutoScale"]:
        raise pools.AutoScaleEnabled
    pool = pools.stop_resize(pool, call.now)
    _put(call, pool)
    _owe_resize(call, pool)
    return _answer(pool, account)


@PROVIDER.operation("Pool_DisableAutoScale")
def disable_auto_scale(call: ArmCall) -> Answer:
    """200 with the pool at the targets that its formula gave last (F6)."""
    account = account_of(call)
    pool = autoscale.disable(_pool_of(call, account))
    _put(call, pool)
    return _answer(pool, account)


@PROVIDER.operation("Pool_Delete")
def delete_pool(call: ArmCall) -> Answer:
    """202 and an operation that ends when the pool is gone (F6); 204 when there is none."""
    account = account_of(call)
    try:
        pool = _pool_of(call, account)
    except PoolNotFound:
        return Answer(204)
    pool = pools.delete(pool, call.now)
    _put(call, pool)
    _owe_resize(call, pool)
    name = f"delete-{pool.id}"
    call.tx.operations.put(
        LongRunningOperation(f"{account.key}/{name}", account.subscription, pool.key, "InProgress", call.now)
    )
    url = f"{call.platform.origin}{account.id}/poolOperationResults/{name}?api-version={call.request.api_version}"
    return Answer(202, headers={"Location": url, "Retry-After": retry_after(call)})


@PROVIDER.operation("Pool_OperationResults")
def poll_deletion(call: ArmCall) -> Answer:
    """202 until the pool is gone, then 200 without a body (F6)."""
    account = account_of(call)
    operation = call.tx.operations.find(f"{account.key}/{call.parameters['operationId']}")
    if operation is not None and finished(call.tx, operation.id) is None and call.tx.pools.find(operation.subject):
        return poll_pending(call)
    return Answer(200)
