"""Cores that a pool may have: the article "Batch service quotas and limits"."""

from __future__ import annotations

import pytest

from batchlocal.domain.quotas import COMPUTE, Cores, PoolQuotaReached, admit, compute_shortages, core_shortages

FAMILY = "standardDSv3Family"
ACCOUNT = {
    "dedicatedCoreQuota": 10,
    "lowPriorityCoreQuota": 4,
    "dedicatedCoreQuotaPerVMFamilyEnforced": True,
    "dedicatedCoreQuotaPerVMFamily": [{"name": FAMILY, "coreQuota": 6}],
}
HELD = Cores(dedicated=4, low_priority=2, families={FAMILY.lower(): 4})


def codes(held: Cores, family: str, dedicated: int, low_priority: int, **changed: object) -> dict[bool, str]:
    found = core_shortages({**ACCOUNT, **changed}, held, family, dedicated, low_priority)
    return {kind: error.code for kind, error in found.items()}


@pytest.mark.parametrize(
    ("family", "dedicated", "low_priority", "short"),
    [
        (FAMILY, 2, 2, {}),
        (FAMILY, 3, 0, {True: "AccountVMSeriesCoreQuotaReached"}),
        (FAMILY.upper(), 3, 0, {True: "AccountVMSeriesCoreQuotaReached"}),
        ("standardFSv2Family", 6, 0, {}),
        ("standardFSv2Family", 7, 0, {True: "AccountCoreQuotaReached"}),
        (FAMILY, 0, 3, {False: "AccountLowPriorityCoreQuotaReached"}),
        (FAMILY, 7, 3, {True: "AccountCoreQuotaReached", False: "AccountLowPriorityCoreQuotaReached"}),
    ],
)
def test_cores_beside_those_that_are_held(
    family: str, dedicated: int, low_priority: int, short: dict[bool, str]
) -> None:
    assert codes(HELD, family, dedicated, low_priority) == short


def test_families_bind_only_while_they_are_enforced() -> None:
    assert codes(HELD, FAMILY, 6, 0, dedicatedCoreQuotaPerVMFamilyEnforced=False) == {}


def test_nothing_wanted_is_never_short_and_no_quota_binds_nobody() -> None:
    full = Cores(dedicated=99, low_priority=99, families={FAMILY.lower(): 99})
    assert codes(full, FAMILY, 0, 0) == {}
    assert core_shortages({}, full, FAMILY, 5, 5) == {}


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ((2, 2), {}),
        ((3, 0), {True: FAMILY}),
        ((0, 3), {False: "lowPriorityCores"}),
        ((9, 0), {True: "cores"}),
        ((0, 0), {}),
    ],
)
def test_a_subscriptions_compute(wanted: tuple[int, int], named: dict[bool, str]) -> None:
    limits = {"cores": 10, FAMILY.lower(): 6, "lowprioritycores": 4}
    found = compute_shortages(limits, HELD, FAMILY, *wanted)
    assert {kind: error.message.split()[-2] for kind, error in found.items()} == named
    assert {error.code for error in found.values()} <= {"AllocationFailed"}


def test_what_was_never_set_of_compute_is_as_at_first() -> None:
    at_most = Cores(dedicated=COMPUTE["cores"] - 1)
    assert compute_shortages({}, at_most, "other", 1, 0) == {}
    assert set(compute_shortages({}, at_most, "other", 2, 0)) == {True}
    assert set(compute_shortages({}, Cores(), "other", 101, 0)) == {True}, "100 a family"


def test_one_more_than_there_may_be_is_refused() -> None:
    admit(1, 2, PoolQuotaReached())
    with pytest.raises(PoolQuotaReached):
        admit(2, 2, PoolQuotaReached())
