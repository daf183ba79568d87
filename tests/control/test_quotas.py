"""Quotas bind (the article "Batch service quotas and limits"; codes: "Batch Status and Error Codes", F3)."""

from __future__ import annotations

import uuid

import pytest

from tests.control.conftest import Steered
from tests.service.conftest import UBUNTU
from tests.support.waiting import until

POOL = {"vmSize": "standard_d2s_v3", "virtualMachineConfiguration": UBUNTU}


@pytest.fixture
def account(steered: Steered) -> str:
    return steered.new_account()


def set_quotas(steered: Steered, account: str, **quotas: object) -> None:
    answer = steered.control("PATCH", f"/quotas/accounts/{account}", quotas)
    assert answer.status_code == 200, answer.text


def code_of(answer: object) -> str:
    body = answer.json()  # type: ignore[attr-defined]
    return str(body.get("error", body)["code"])


def errors_of(pool: dict[str, object]) -> list[str]:
    return [error["code"] for error in pool.get("resizeErrors", [])]  # type: ignore[attr-defined]


REGION = "swedencentral"  # no other test has accounts there


def test_an_account_too_many_in_a_region_fails_after_it_was_accepted(steered: Steered) -> None:
    """F3, recorded: 202, then 409 SubscriptionQuotaExceeded at the operation's results."""
    steered.control("PATCH", f"/quotas/subscriptions/{steered.local.subscription}", {"accountQuota": 2})
    names = [f"q{uuid.uuid4().hex[:8]}" for _ in range(3)]
    accepted = [steered.account("PUT", name, body={"location": REGION}) for name in names]
    assert [answer.status_code for answer in accepted] == [202, 202, 202]
    results = [answer.headers["Location"].split(steered.local.subscription)[1].split("?")[0] for answer in accepted]
    until(lambda: all(steered.arm("GET", result).status_code != 202 for result in results))
    ended = [steered.arm("GET", result) for result in results]
    assert [answer.status_code for answer in ended] == [200, 200, 409]
    assert code_of(ended[2]) == "SubscriptionQuotaExceeded"
    assert steered.account("GET", names[2]).status_code == 404
    quotas = steered.arm("GET", f"/providers/Microsoft.Batch/locations/{REGION}/quotas")
    assert quotas.json() == {"accountQuota": 2}
    steered.account("DELETE", names[0])
    until(lambda: steered.account("GET", names[0]).status_code == 404)
    elsewhere = steered.account("PUT", names[2], body={"location": REGION})
    assert elsewhere.status_code == 202
    until(lambda: steered.account("GET", names[2]).json()["properties"]["provisioningState"] == "Succeeded")


def test_what_a_new_account_gets_is_the_subscriptions_to_say(steered: Steered) -> None:
    quotas = f"/quotas/subscriptions/{uuid.uuid4()}"
    changed = steered.control("PATCH", quotas, {"poolQuota": 7, "dedicatedCoreQuotaPerVMFamily": {"f": 3}}).json()
    assert changed == steered.control("GET", quotas).json()
    assert (changed["poolQuota"], changed["accountQuota"]) == (7, 50)
    mine = f"/quotas/subscriptions/{steered.local.subscription}"
    steered.control("PATCH", mine, {"dedicatedCoreQuota": 12, "activeJobAndJobScheduleQuota": 5})
    properties = steered.account("GET", steered.new_account()).json()["properties"]
    assert (properties["dedicatedCoreQuota"], properties["activeJobAndJobScheduleQuota"]) == (12, 5)
    assert {family["coreQuota"] for family in properties["dedicatedCoreQuotaPerVMFamily"]} == {12}


def test_an_accounts_body_shows_its_quotas_as_they_are_set(steered: Steered, account: str) -> None:
    set_quotas(steered, account, dedicatedCoreQuota=6, dedicatedCoreQuotaPerVMFamily={"STANDARDDSV3FAMILY": 2})
    properties = steered.account("GET", account).json()["properties"]
    assert properties["dedicatedCoreQuota"] == 6
    families = {family["name"]: family["coreQuota"] for family in properties["dedicatedCoreQuotaPerVMFamily"]}
    assert families["standardDSv3Family"] == 2
    assert families["standardDv3Family"] == 500


@pytest.mark.parametrize("plane", ["arm", "service"])
def test_a_pool_too_many_is_refused_at_both_planes(steered: Steered, account: str, plane: str) -> None:
    set_quotas(steered, account, poolQuota=1)
    assert steered.new_pool(account, "first", nodes=0).ok
    assert steered.new_pool(account, "first", nodes=0).ok, "changing the one that is there makes no second"
    if plane == "arm":
        refused = steered.new_pool(account, "second", nodes=0)
    else:
        refused = steered.service("POST", account, "pools", {"id": "second", **POOL})
    assert (refused.status_code, code_of(refused)) == (409, "PoolQuotaReached")


def test_a_job_that_gets_no_pool_of_its_own_is_completed_and_says_why(steered: Steered, account: str) -> None:
    set_quotas(steered, account, poolQuota=0)
    own = {"poolLifetimeOption": "job", "pool": {**POOL}}
    job = {"id": "own", "poolInfo": {"autoPoolSpecification": own}, "jobManagerTask": {"id": "m", "commandLine": "x"}}
    assert steered.service("POST", account, "jobs", job).status_code == 201
    found = steered.service("GET", account, "jobs/own").json()
    assert found["state"] == "completed"
    error = found["executionInfo"]["schedulingError"]
    assert (error["category"], error["code"]) == ("UserError", "AutoPoolCreationFailedWithQuotaReached")
    assert steered.service("GET", account, "jobs/own/tasks").json()["value"] == []


def test_jobs_count_until_they_are_completed(steered: Steered, account: str) -> None:
    set_quotas(steered, account, activeJobAndJobScheduleQuota=1)

    def add(job: str) -> object:
        return steered.service("POST", account, "jobs", {"id": job, "poolInfo": {"poolId": "none"}})

    assert add("first").status_code == 201  # type: ignore[attr-defined]
    assert code_of(add("second")) == "ActiveJobAndScheduleQuotaReached"
    assert steered.service("POST", account, "jobs/first/terminate").status_code == 202
    until(lambda: steered.service("GET", account, "jobs/first").json()["state"] == "completed")
    assert add("second").status_code == 201  # type: ignore[attr-defined]


def test_cores_in_total_bind_over_all_pools_of_an_account(steered: Steered, account: str) -> None:
    set_quotas(steered, account, dedicatedCoreQuota=4)
    steered.new_pool(account, "first", nodes=1)
    assert errors_of(steered.settled_pool(account, "first")) == []
    steered.new_pool(account, "second", nodes=2)
    pool = steered.settled_pool(account, "second")
    assert (errors_of(pool), pool["currentDedicatedNodes"]) == (["AccountCoreQuotaReached"], 0)
    assert steered.service("POST", account, "pools/second/resize", {"targetDedicatedNodes": 1}).status_code == 202
    pool = steered.settled_pool(account, "second")
    assert (errors_of(pool), pool["currentDedicatedNodes"]) == ([], 1)


def test_a_pool_over_quota_may_still_shrink(steered: Steered, account: str) -> None:
    steered.new_pool(account, nodes=2)
    steered.settled_pool(account)
    set_quotas(steered, account, dedicatedCoreQuota=0)
    assert steered.service("POST", account, "pools/pool/resize", {"targetDedicatedNodes": 1}).status_code == 202
    pool = steered.settled_pool(account)
    assert (errors_of(pool), pool["currentDedicatedNodes"]) == ([], 1)


def test_cores_bind_by_family(steered: Steered, account: str) -> None:
    """Recorded: no node comes, and the message names the family (java-azure-mgmt-batch__canCRUDBatchPool)."""
    set_quotas(steered, account, dedicatedCoreQuotaPerVMFamily={"standardDSv3Family": 1})
    steered.new_pool(account, "short", nodes=1)
    pool = steered.settled_pool(account, "short")
    text = "The specified account has reached VM series core quota for standardDSv3Family"
    assert pool["resizeErrors"] == [{"code": "AccountVMSeriesCoreQuotaReached", "message": text}]
    steered.new_pool(account, "other", nodes=1, vmSize="Standard_F2s_v2")
    assert errors_of(steered.settled_pool(account, "other")) == []


def test_spot_cores_have_a_quota_of_their_own(steered: Steered, account: str) -> None:
    """One total over all families; dedicated nodes of the same pool come all the same."""
    set_quotas(steered, account, lowPriorityCoreQuota=1)
    scale = {"fixedScale": {"targetDedicatedNodes": 1, "targetLowPriorityNodes": 1}}
    steered.new_pool(account, scaleSettings=scale)
    pool = steered.settled_pool(account)
    assert errors_of(pool) == ["AccountLowPriorityCoreQuotaReached"]
    assert (pool["currentDedicatedNodes"], pool["currentLowPriorityNodes"]) == (1, 0)


@pytest.mark.parametrize("plane", ["arm", "service"])
def test_a_pool_references_ten_packages_at_most(steered: Steered, account: str, plane: str) -> None:
    """The article: "Application packages per pool: 10"."""
    names = [f"app{number}" for number in range(11)]
    if plane == "arm":
        base = steered.account("GET", account).json()["id"]
        refused = steered.new_pool(account, applicationPackages=[{"id": f"{base}/applications/{n}"} for n in names])
    else:
        references = [{"applicationId": name} for name in names]
        body = {"id": "p", **POOL, "applicationPackageReferences": references}
        refused = steered.service("POST", account, "pools", body)
    assert (refused.status_code, code_of(refused)) == (400, "InvalidPropertyValue")
    assert "at most 10" in refused.text


def test_applications_and_packages_are_limited(steered: Steered) -> None:
    """The article: 20 applications an account, 40 packages an application; no code is documented."""
    storage = f"/resourceGroups/{steered.group}/providers/Microsoft.Storage/storageAccounts/s{uuid.uuid4().hex[:9]}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert steered.arm("PUT", storage, body, "2023-05-01").ok
    linked = f"/subscriptions/{steered.local.subscription}{storage}"
    account = steered.new_account({"autoStorage": {"storageAccountId": linked}})
    until(
        lambda: (
            steered.arm("GET", storage, version="2023-05-01").json()["properties"]["provisioningState"] != "Creating"
        )
    )
    assert steered.control("GET", f"/quotas/accounts/{account}").json()["applicationQuota"] == 20
    assert steered.control("GET", f"/quotas/accounts/{account}").json()["packageQuota"] == 40
    set_quotas(steered, account, applicationQuota=1, packageQuota=1)
    assert steered.account("PUT", account, "/applications/first", {}).status_code == 200
    assert steered.account("PUT", account, "/applications/first", {}).status_code == 200
    assert steered.account("PUT", account, "/applications/second", {}).status_code == 409
    assert steered.account("PUT", account, "/applications/first/versions/1", {}).status_code == 200
    assert steered.account("PUT", account, "/applications/first/versions/1", {}).status_code == 200
    assert steered.account("PUT", account, "/applications/first/versions/2", {}).status_code == 409


def test_pools_in_a_users_subscription_are_bound_by_what_compute_lets_it_use(steered: Steered) -> None:
    """The article, "Cores quotas in user subscription mode"; Compute's usages count them."""
    vault = f"/subscriptions/{steered.local.subscription}/resourceGroups/v/providers/Microsoft.KeyVault/vaults/v"
    own = {
        "poolAllocationMode": "UserSubscription",
        "keyVaultReference": {"id": vault, "url": "https://v.vault.local/"},
    }
    first, second = steered.new_account(own), steered.new_account(own)
    mine = f"/quotas/subscriptions/{steered.local.subscription}"
    steered.control("PATCH", mine, {"computeQuota": {"cores": 4, "STANDARDDSV3FAMILY": 3, "lowPriorityCores": 1}})

    def ended(account: str, pool: str, **settings: object) -> list[str]:
        steered.new_pool(account, pool, **settings)  # type: ignore[arg-type]
        errors: list[dict[str, str]] = steered.settled_pool(account, pool).get("resizeErrors", [])
        assert {error["code"] for error in errors} <= {"AllocationFailed"}
        return [error["message"].rpartition("approved ")[2] for error in errors]

    assert ended(first, "fits", nodes=1) == []
    assert ended(second, "family", nodes=1) == ["standardDSv3Family quota"], "over all accounts"
    assert ended(second, "other", nodes=1, vmSize="Standard_F2s_v2") == []
    assert ended(first, "region", nodes=1, vmSize="Standard_E2s_v5") == ["cores quota"]
    assert ended(first, "spot", scaleSettings={"fixedScale": {"targetLowPriorityNodes": 1}}) == [
        "lowPriorityCores quota"
    ]
    path = "/providers/Microsoft.Compute/locations/westeurope/usages"
    usages = {one["name"]["value"]: one for one in steered.arm("GET", path, version="2024-07-01").json()["value"]}
    assert (usages["cores"]["currentValue"], usages["cores"]["limit"]) == (4, 4)
    assert (usages["standardDSv3Family"]["currentValue"], usages["standardDSv3Family"]["limit"]) == (2, 3)
    batch = steered.new_account()
    assert ended(batch, "own", nodes=1) == [], "an account of mode BatchService has quotas of its own"


def test_quotas_that_are_none_are_refused(steered: Steered, account: str) -> None:
    path = f"/quotas/accounts/{account}"
    for wrong in ({"poolQuota": -1}, {"poolsQuota": 1}, {"dedicatedCoreQuotaPerVMFamily": {"f": True}}):
        assert steered.control("PATCH", path, wrong).status_code == 400
    assert steered.control("PATCH", path, {"computeQuota": {"cores": 1}}).status_code == 400, "a subscription's"
    assert steered.control("PATCH", "/quotas/accounts/nobody", {"poolQuota": 1}).status_code == 404


def test_the_command_sets_and_shows(steered: Steered, account: str) -> None:
    changed = steered.local.run("quota", "set", "--account", account, "poolQuota=3", "standardDSv3Family=4")
    assert changed.returncode == 0, changed.stderr
    rows = dict(line.split() for line in steered.local.run("quota", "show", "--account", account).stdout.splitlines())
    assert (rows["QUOTA"], rows["poolQuota"], rows["standardDSv3Family"]) == ("VALUE", "3", "4")
