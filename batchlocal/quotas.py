"""Quotas asked of the store: what an account has already, and whether it may have more. Both planes use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from batchlocal.domain import quotas
from batchlocal.domain.pool import Pool, ResizeError
from batchlocal.domain.quotas import Cores
from batchlocal.domain.sizes import cores_of, family_of
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = [
    "COMPUTE_QUOTA",
    "account_quota",
    "admit_account",
    "admit_application",
    "admit_job",
    "admit_package",
    "admit_pool",
    "check_references",
    "compute_limits",
    "compute_used",
    "core_shortages",
    "new_account",
]

COMPUTE_QUOTA: Final = "computeQuota"
"""What was set of a subscription's compute, beside its quotas of Batch: name in usages -> cores."""


def account_quota(tx: Tx, subscription: str) -> int:
    """How many Batch accounts the subscription may have in a region."""
    return int(tx.quotas.of(subscription).get("accountQuota", quotas.ACCOUNTS_A_REGION))


def new_account(tx: Tx, subscription: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A new account's quotas: those that its body shows, in the recorded order (F3), and those that it does not."""
    values = {**quotas.SHOWN, **quotas.HIDDEN, **tx.quotas.of(subscription)}
    cores, families = values["dedicatedCoreQuota"], values.get(quotas.FAMILY_QUOTA, {})
    by_family = {**dict.fromkeys(quotas.FAMILIES, cores), **families}
    body = {
        "dedicatedCoreQuota": cores,
        quotas.FAMILY_QUOTA: [{"name": name, "coreQuota": quota} for name, quota in by_family.items()],
        "dedicatedCoreQuotaPerVMFamilyEnforced": True,
        "lowPriorityCoreQuota": values["lowPriorityCoreQuota"],
        "poolQuota": values["poolQuota"],
        "activeJobAndJobScheduleQuota": values["activeJobAndJobScheduleQuota"],
    }
    return body, {name: values[name] for name in quotas.HIDDEN}


def admit_account(tx: Tx, account: Resource) -> None:
    """Let an account stand beside those that were accepted before it in its region.

    Raises:
        AccountQuotaReached
    """
    others = tx.resources.of_type(account.type, subscription=account.subscription)
    place = account.body["location"], (account.created, account.key)
    before = sum((one.body["location"] == place[0] and (one.created, one.key) < place[1]) for one in others)
    quotas.admit(before, account_quota(tx, account.subscription), quotas.AccountQuotaReached())


def admit_pool(tx: Tx, account: Resource, sent: dict[str, Any]) -> None:
    """Let one more pool in; ``sent`` are its properties in the service's spelling.

    Raises:
        PackageReferenceQuotaReached, PoolQuotaReached
    """
    check_references(account, sent)
    there = tx.pools.count(account.key)
    quotas.admit(there, account.body["properties"]["poolQuota"], quotas.PoolQuotaReached())


def check_references(account: Resource, sent: dict[str, Any]) -> None:
    """Refuse a pool that references too many packages.

    Raises:
        PackageReferenceQuotaReached
    """
    most = _hidden(account, "packageReferenceQuota")
    if len(sent.get("applicationPackageReferences") or ()) > most:
        raise quotas.PackageReferenceQuotaReached(most)


def admit_job(tx: Tx, account: Resource) -> None:
    """Let one more job or job schedule in.

    Raises:
        JobQuotaReached
    """
    most = account.body["properties"]["activeJobAndJobScheduleQuota"]
    there = tx.jobs.count_open(account.key) + tx.job_schedules.count_open(account.key)
    quotas.admit(there, most, quotas.JobQuotaReached())


def admit_application(account: Resource, there: int) -> None:
    """Let one more application in beside those ``there``.

    Raises:
        ApplicationQuotaReached
    """
    most = _hidden(account, "applicationQuota")
    quotas.admit(there, most, quotas.ApplicationQuotaReached(most))


def admit_package(account: Resource, there: int) -> None:
    """Let one more package into an application beside those ``there``.

    Raises:
        PackageQuotaReached
    """
    most = _hidden(account, "packageQuota")
    quotas.admit(there, most, quotas.PackageQuotaReached(most))


def core_shortages(tx: Tx, account: Resource, pool: Pool) -> dict[bool, ResizeError]:
    """Why the pool's targets cannot be reached, by whether nodes are dedicated; a pool that shrinks is never short."""
    cores = _cores(pool)
    dedicated, low_priority = tx.nodes.counted(pool.key)
    wanted = (
        cores * pool.target_dedicated if pool.target_dedicated > dedicated else 0,
        cores * pool.target_low_priority if pool.target_low_priority > low_priority else 0,
    )
    if wanted == (0, 0):
        return {}  # and nobody needs to look through the account's other pools
    if _is_of_subscription(account):
        held = compute_used(tx, account.subscription, account.body["location"], pool.key)
        return quotas.compute_shortages(compute_limits(tx, account.subscription), held, _family(pool), *wanted)
    return quotas.core_shortages(account.body["properties"], _held(tx, [account], pool.key), _family(pool), *wanted)


def compute_limits(tx: Tx, subscription: str) -> dict[str, int]:
    """The quotas of compute that were set for a subscription, by their names in lower case."""
    return {name.lower(): value for name, value in tx.quotas.of(subscription).get(COMPUTE_QUOTA, {}).items()}


def compute_used(tx: Tx, subscription: str, location: str, but: str = "") -> Cores:
    """The cores that pools of allocation mode UserSubscription use of a region, leaving out one pool (by key)."""
    every = tx.resources.of_type("Microsoft.Batch/batchAccounts", subscription=subscription)
    found = [one for one in every if one.body["location"] == location and _is_of_subscription(one)]
    return _held(tx, found, but)


def _is_of_subscription(account: Resource) -> bool:
    return bool(account.body["properties"]["poolAllocationMode"] == "UserSubscription")


def _held(tx: Tx, accounts: Iterable[Resource], but: str) -> Cores:
    """The cores that the pools of accounts have, but one."""
    dedicated = low_priority = 0
    families: dict[str, int] = {}
    for pool in (pool for account in accounts for pool in tx.pools.of_account(account.key)):
        if pool.key != but:
            counts = tx.nodes.counted(pool.key)
            cores, family = _cores(pool), _family(pool).lower()
            dedicated += cores * counts[0]
            low_priority += cores * counts[1]
            families[family] = families.get(family, 0) + cores * counts[0]
    return Cores(dedicated, low_priority, families)


def _cores(pool: Pool) -> int:
    return cores_of(str(pool.properties.get("vmSize", ""))) or 1


def _family(pool: Pool) -> str:
    return family_of(str(pool.properties.get("vmSize", "")))


def _hidden(account: Resource, name: str) -> int:
    return int((account.hidden.get("quotas") or {}).get(name, quotas.HIDDEN[name]))
