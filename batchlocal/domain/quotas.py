"""Quotas: how much of what an account or a subscription may have, and what is said when there is no more.

Sources: the article "Batch service quotas and limits" for the defaults of what is not shown in an account's body;
recorded-facts F3 for the body and for the accounts of a region; the REST reference's "Batch Status and Error Codes" for
pools and jobs; a recorded resize (java-azure-mgmt-batch__canCRUDBatchPool) for cores: no node comes, and the error
names the family. Accounts of allocation mode UserSubscription have their subscription's quotas for compute instead, by
region and family (the same article; REST reference "Usage - List").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from batchlocal.domain.pool import ResizeError
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.resize_errors import RESIZE_ERRORS

__all__ = [
    "ACCOUNTS_A_REGION",
    "COMPUTE",
    "FAMILIES",
    "FAMILY_QUOTA",
    "HIDDEN",
    "SHOWN",
    "AccountQuotaReached",
    "ApplicationQuotaReached",
    "Cores",
    "JobQuotaReached",
    "PackageQuotaReached",
    "PackageReferenceQuotaReached",
    "PoolQuotaReached",
    "admit",
    "compute_limit",
    "compute_shortages",
    "core_shortages",
]

ACCOUNTS_A_REGION: Final = 50
"""The documented maximum; Azure's defaults are 1 to 3. It leaves room to try things."""

SHOWN: Final[Mapping[str, int]] = {
    "dedicatedCoreQuota": 500,
    "lowPriorityCoreQuota": 500,
    "poolQuota": 100,
    "activeJobAndJobScheduleQuota": 300,
}
"""Quotas that an account's body shows, with what a new account gets (recorded: 500, 500, 100, 300)."""

HIDDEN: Final[Mapping[str, int]] = {"applicationQuota": 20, "packageQuota": 40, "packageReferenceQuota": 10}
"""Limits that no body shows: applications an account, packages an application, package references a pool."""

FAMILY_QUOTA: Final = "dedicatedCoreQuotaPerVMFamily"
FAMILIES: Final = (
    *("standardAv2Family", "standardDSv2Family", "standardDSv3Family", "standardDv3Family", "standardFSv2Family"),
)
"""The families that a new account lists; each may have all of the account's dedicated cores."""

COMPUTE: Final[Mapping[str, int]] = {"cores": 1000, "lowPriorityCores": 1000}
"""Cores that a subscription may use of a region, by their names in Compute's usages, where a family has its own."""
_OF_A_FAMILY: Final = 100


@dataclass(eq=False)
class AccountQuotaReached(Refusal):
    """The region has as many accounts of the subscription as it may."""


@dataclass(eq=False)
class PoolQuotaReached(Refusal):
    """The account has as many pools as it may."""


@dataclass(eq=False)
class JobQuotaReached(Refusal):
    """The account has as many active jobs and job schedules as it may; completed ones do not count."""


@dataclass(eq=False)
class ApplicationQuotaReached(Refusal):
    """The account has as many applications as it may."""

    most: int


@dataclass(eq=False)
class PackageQuotaReached(Refusal):
    """The application has as many packages as it may."""

    most: int


@dataclass(eq=False)
class PackageReferenceQuotaReached(Refusal):
    """The pool references more packages than one may."""

    most: int


def admit(there: int, most: int, refusal: Refusal) -> None:
    """Let one more in beside those that are ``there``.

    Raises:
        Refusal: the one given; there are ``most`` already.
    """
    if there >= most:
        raise refusal


@dataclass(frozen=True, slots=True)
class Cores:
    """Cores held or wanted: dedicated ones in all and by family (lower case), and low-priority or Spot ones."""

    dedicated: int = 0
    low_priority: int = 0
    families: Mapping[str, int] = field(default_factory=dict)


def core_shortages(
    quotas: Mapping[str, Any], held: Cores, family: str, dedicated: int, low_priority: int
) -> dict[bool, ResizeError]:
    """Why a pool cannot have the cores that it wants, by whether they are dedicated; empty when it can.

    ``quotas`` are an account's ``properties``; without core quotas (allocation mode UserSubscription) nothing is short.
    ``held`` are the cores of the account's other pools. Low-priority cores have one quota over all families.
    """
    short: dict[bool, ResizeError] = {}
    total = quotas.get("dedicatedCoreQuota")
    if total is not None and dedicated > 0:
        if held.dedicated + dedicated > total:
            short[True] = ResizeError("AccountCoreQuotaReached", RESIZE_ERRORS["AccountCoreQuotaReached"])
        elif held.families.get(family.lower(), 0) + dedicated > _of_family(quotas, family, total):
            text = f"{RESIZE_ERRORS['AccountVMSeriesCoreQuotaReached']} for {family}"
            short[True] = ResizeError("AccountVMSeriesCoreQuotaReached", text)
    spot = quotas.get("lowPriorityCoreQuota")
    if spot is not None and low_priority > 0 and held.low_priority + low_priority > spot:
        code = "AccountLowPriorityCoreQuotaReached"
        short[False] = ResizeError(code, RESIZE_ERRORS[code])
    return short


def _of_family(quotas: Mapping[str, Any], family: str, total: int) -> int:
    """A family's quota; the total for a family that the account does not list, or when families are not enforced."""
    if not quotas.get("dedicatedCoreQuotaPerVMFamilyEnforced"):
        return total
    listed = {one["name"].lower(): int(one["coreQuota"]) for one in quotas.get(FAMILY_QUOTA) or []}
    return listed.get(family.lower(), total)


def compute_limit(limits: Mapping[str, int], name: str) -> int:
    """A subscription's quota of compute by its name in usages; ``limits`` are those that were set."""
    return limits.get(name.lower(), COMPUTE.get(name, _OF_A_FAMILY))


def compute_shortages(
    limits: Mapping[str, int], held: Cores, family: str, dedicated: int, low_priority: int
) -> dict[bool, ResizeError]:
    """Why a pool of allocation mode UserSubscription cannot have its cores, by whether they are dedicated.

    ``held`` are the cores of the subscription's other pools of that mode in the region. What Azure Batch answers is
    documented nowhere: the code is that of a failed allocation, the text Compute's.
    """
    short: dict[bool, ResizeError] = {}
    wanted = {
        "lowPriorityCores": (False, held.low_priority, low_priority),
        family: (True, held.families.get(family.lower(), 0), dedicated),
        "cores": (True, held.dedicated, dedicated),
    }
    for name, (kind, before, more) in wanted.items():
        if more > 0 and before + more > compute_limit(limits, name):
            reason = f"Operation could not be completed as it results in exceeding approved {name} quota"
            short[kind] = ResizeError("AllocationFailed", f"{RESIZE_ERRORS['AllocationFailed']}: {reason}")
    return short
