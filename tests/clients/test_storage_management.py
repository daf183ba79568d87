"""azure-mgmt-storage, as people run it, through what lies below a storage account."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from tests.clients.conftest import Arm


class Store:
    """A storage account of the test's own; ``at`` is its group and name."""

    def __init__(self, arm: Arm) -> None:
        self.arm, self.client = arm, arm.storage
        name = f"t{uuid.uuid4().hex[:10]}"
        self.at = (arm.group, name)
        sent = {
            "sku": {"name": "Standard_LRS"},
            "kind": "StorageV2",
            "location": "westeurope",
            "properties": {"allowBlobPublicAccess": True},
        }
        self.account = self.client.storage_accounts.begin_create(*self.at, sent).result()

    def container(self, name: str) -> ContainerClient:
        """The blobs' own view of a container."""
        key = self.client.storage_accounts.list_keys(*self.at).keys_property[0].value
        url, ca_file = self.account.properties.primary_endpoints.blob, self.arm.local.settings["caFile"]
        credential = {"account_name": self.at[1], "account_key": key}
        return ContainerClient(url, name, credential=credential, connection_verify=ca_file)


@pytest.fixture(scope="module")
def store(arm: Arm) -> Iterator[Store]:
    made = Store(arm)
    yield made
    made.client.storage_accounts.delete(*made.at)


def test_accounts_are_counted_and_named_and_never_fail_over(store: Store) -> None:
    usage = next(iter(store.client.usages.list_by_location("westeurope")))
    assert 1 <= usage.current_value <= usage.limit
    skus = {(one.name, one.kind) for one in store.client.skus.list() if "westeurope" in one.locations}
    assert ("Standard_LRS", "StorageV2") in skus
    listed = store.arm.send("GET", "/providers/Microsoft.Storage/operations?api-version=2023-05-01").json()["value"]
    assert "Microsoft.Storage/storageAccounts/write" in [one["name"] for one in listed]
    with pytest.raises(HttpResponseError, match="InvalidAccountType"):
        store.client.storage_accounts.begin_failover(*store.at)
    store.client.storage_accounts.update(*store.at, {"sku": {"name": "Standard_RAGRS"}})
    with pytest.raises(HttpResponseError, match="LastSyncTimeUnavailable"):
        store.client.storage_accounts.begin_failover(*store.at)
    store.client.storage_accounts.update(*store.at, {"sku": {"name": "Standard_LRS"}})
    store.client.storage_accounts.revoke_user_delegation_keys(*store.at)


@pytest.mark.parametrize("service", ["blob", "file", "queue", "table"])
def test_a_service_keeps_its_settings(store: Store, service: str) -> None:
    group = getattr(store.client, f"{service}_services")
    rule = {"allowedOrigins": ["*"], "allowedMethods": ["GET"], "maxAgeInSeconds": 5}
    rule |= {"exposedHeaders": ["*"], "allowedHeaders": ["*"]}
    group.set_service_properties(*store.at, {"properties": {"cors": {"corsRules": [rule]}}})
    shown = group.get_service_properties(*store.at)
    assert shown.as_dict()["properties"]["cors"]["corsRules"][0]["maxAgeInSeconds"] == 5
    listed = group.list(*store.at)
    assert [one.id for one in (getattr(listed, "value", None) or listed)] == [shown.id]


def test_queues_and_tables_are_kept(store: Store) -> None:
    queue = store.client.queue
    queue.create(*store.at, "jobs", {"properties": {"metadata": {"a": "b"}}})
    queue.update(*store.at, "jobs", {"properties": {"metadata": {"a": "c"}}})
    assert queue.get(*store.at, "jobs").as_dict()["properties"]["metadata"] == {"a": "c"}
    assert [one.name for one in queue.list(*store.at)] == ["jobs"]
    queue.delete(*store.at, "jobs")
    with pytest.raises(ResourceNotFoundError, match="QueueNotFound"):
        queue.get(*store.at, "jobs")
    with pytest.raises(HttpResponseError, match="InvalidResourceName"):
        queue.create(*store.at, "No--queue", {})
    table = store.client.table
    assert table.create(*store.at, "Results").as_dict()["properties"]["tableName"] == "Results"
    policy = {"startTime": "2030-01-01T00:00:00Z", "expiryTime": "2031-01-01T00:00:00Z", "permission": "raud"}
    identifier = {"id": "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI", "accessPolicy": policy}
    table.update(*store.at, "Results", {"properties": {"signedIdentifiers": [identifier]}})
    assert [one.name for one in table.list(*store.at)] == ["Results"]
    table.delete(*store.at, "Results")
    assert list(table.list(*store.at)) == []


def test_a_deleted_share_can_come_back(store: Store) -> None:
    shares = store.client.file_shares
    made = shares.create(*store.at, "data", {"properties": {"shareQuota": 100}})
    assert (made.share_quota if hasattr(made, "share_quota") else made.file_share_properties.share_quota) == 100
    shares.update(*store.at, "data", {"properties": {"metadata": {"team": "render"}}})
    shares.delete(*store.at, "data")
    assert list(shares.list(*store.at)) == []
    (gone,) = shares.list(*store.at, expand="deleted")
    facts = gone.as_dict()["properties"]
    assert (facts["deleted"], facts["remainingRetentionDays"]) == (True, 7)
    shares.restore(*store.at, "data", {"deletedShareName": "data", "deletedShareVersion": facts["version"]})
    assert shares.get(*store.at, "data").as_dict()["properties"]["metadata"] == {"team": "render"}
    with pytest.raises(HttpResponseError, match="access tier"):
        shares.update(*store.at, "data", {"properties": {"accessTier": "Premium"}})


def test_a_container_is_one_thing_with_its_blobs(store: Store) -> None:
    group = store.client.blob_containers
    group.create(*store.at, "pictures", {"properties": {"metadata": {"kind": "frames"}, "publicAccess": "Blob"}})
    blobs = store.container("pictures")
    assert blobs.get_container_properties().metadata == {"kind": "frames"}
    leased = group.lease(*store.at, "pictures", {"action": "Acquire", "leaseDuration": -1})
    assert blobs.get_container_properties().lease.state == "leased"
    assert group.get(*store.at, "pictures").as_dict()["properties"]["leaseState"] == "Leased"
    with pytest.raises(ResourceExistsError, match="LeaseAlreadyPresent"):
        group.lease(*store.at, "pictures", {"action": "Acquire", "leaseDuration": -1})
    with pytest.raises(ResourceExistsError, match="LeaseIdMissing"):
        group.delete(*store.at, "pictures")
    group.lease(*store.at, "pictures", {"action": "Release", "leaseId": leased.lease_id})
    group.delete(*store.at, "pictures")
    assert not blobs.exists()


def test_nobody_reads_without_a_key_where_the_account_forbids_it(store: Store) -> None:
    store.client.storage_accounts.update(*store.at, {"properties": {"allowBlobPublicAccess": False}})
    with pytest.raises(ResourceExistsError, match="PublicAccessNotPermitted"):
        store.client.blob_containers.create(*store.at, "open", {"properties": {"publicAccess": "Container"}})
    store.client.storage_accounts.update(*store.at, {"properties": {"allowBlobPublicAccess": True}})


def test_holds_and_policies_keep_a_container(store: Store) -> None:
    group = store.client.blob_containers
    group.create(*store.at, "records", {})
    held = group.set_legal_hold(*store.at, "records", {"tags": ["case1", "case2"]})
    assert (held.has_legal_hold, held.tags) == (True, ["case1", "case2"])
    with pytest.raises(ResourceExistsError, match="legal hold"):
        group.delete(*store.at, "records")
    assert group.clear_legal_hold(*store.at, "records", {"tags": ["case1", "case2"]}).has_legal_hold is False
    days = {"properties": {"immutabilityPeriodSinceCreationInDays": 3}}
    policy = group.create_or_update_immutability_policy(*store.at, "records", parameters=days)
    with pytest.raises(HttpResponseError, match="ConditionNotMet"):
        group.lock_immutability_policy(*store.at, "records", etag="8d5", match_condition=MatchConditions.IfNotModified)
    locked = group.lock_immutability_policy(
        *store.at, "records", etag=policy.etag, match_condition=MatchConditions.IfNotModified
    )
    days["properties"]["immutabilityPeriodSinceCreationInDays"] = 5
    extended = group.extend_immutability_policy(
        *store.at, "records", days, etag=locked.etag, match_condition=MatchConditions.IfNotModified
    )
    assert extended.as_dict()["properties"]["immutabilityPeriodSinceCreationInDays"] == 5
    with pytest.raises(ResourceExistsError, match="is locked"):
        group.create_or_update_immutability_policy(*store.at, "records", parameters=days)
    store.container("records").upload_blob("one.txt", b"1")
    with pytest.raises(ResourceExistsError, match="immutability policy"):
        group.delete(*store.at, "records")


def test_a_leased_share_stays(store: Store) -> None:
    shares = store.client.file_shares
    shares.create(*store.at, "leased", {})
    with pytest.raises(HttpResponseError, match="JSON object"):
        shares.lease(*store.at, "leased")
    lease = shares.lease(*store.at, "leased", {"action": "Acquire", "leaseDuration": -1}).lease_id
    state = shares.get(*store.at, "leased").as_dict()["properties"]
    assert (state["leaseStatus"], state["leaseState"], state["leaseDuration"]) == ("Locked", "Leased", "Infinite")
    with pytest.raises(ResourceExistsError, match="LeaseIdMissing"):
        shares.delete(*store.at, "leased")
    with pytest.raises(ResourceExistsError, match="LeaseAlreadyPresent"):
        shares.lease(*store.at, "leased", {"action": "Acquire", "leaseDuration": 15})
    other = str(uuid.uuid4())
    with pytest.raises(ResourceExistsError, match="LeaseIdMismatch"):
        shares.lease(*store.at, "leased", {"action": "Release", "leaseId": other})
    changed = {"action": "Change", "leaseId": lease, "proposedLeaseId": other}
    assert shares.lease(*store.at, "leased", changed).lease_id == other
    assert shares.lease(*store.at, "leased", {"action": "Renew", "leaseId": other}).lease_id == other
    assert shares.lease(*store.at, "leased", {"action": "Break", "breakPeriod": 30}).lease_time_seconds == "30"
    assert shares.get(*store.at, "leased").as_dict()["properties"]["leaseState"] == "Breaking"
    with pytest.raises(ResourceExistsError, match="LeaseIsBroken"):
        shares.lease(*store.at, "leased", {"action": "Renew", "leaseId": other})
    assert shares.lease(*store.at, "leased", {"action": "Break", "breakPeriod": 0}).lease_time_seconds == "0"
    assert shares.get(*store.at, "leased").as_dict()["properties"]["leaseState"] == "Broken"
    with pytest.raises(ResourceExistsError, match="InvalidHeaderValue"):
        shares.lease(*store.at, "leased", {"action": "Acquire", "leaseDuration": 5})
    shares.delete(*store.at, "leased")
    shares.create(*store.at, "leased", {})
    with pytest.raises(ResourceExistsError, match="LeaseNotPresent"):
        shares.lease(*store.at, "leased", {"action": "Break"})
    shares.delete(*store.at, "leased")


def test_an_account_goes_to_several_zones_and_back(store: Store) -> None:
    accounts = store.client.storage_accounts
    with pytest.raises(ResourceNotFoundError):
        accounts.get_customer_initiated_migration(*store.at, "default")
    with pytest.raises(HttpResponseError, match="Standard_ZRS"):
        accounts.begin_customer_initiated_migration(*store.at, {"properties": {"targetSkuName": "Standard_GRS"}})
    for sku in ("Standard_ZRS", "Standard_LRS"):
        going = accounts.begin_customer_initiated_migration(*store.at, {"properties": {"targetSkuName": sku}})
        going.result()
        assert accounts.get_properties(*store.at).sku.name == sku
        shown = accounts.get_customer_initiated_migration(*store.at, "default").as_dict()["properties"]
        assert shown == {"targetSkuName": sku, "migrationStatus": "Complete"}


def test_only_an_account_with_a_second_region_tells_of_it(store: Store) -> None:
    accounts = store.client.storage_accounts
    asked = {"expand": "geoReplicationStats"}
    assert accounts.get_properties(*store.at, **asked).as_dict()["properties"].get("geoReplicationStats") is None
    accounts.update(*store.at, {"sku": {"name": "Standard_RAGRS"}})
    shown = accounts.get_properties(*store.at, **asked).as_dict()["properties"]
    assert (shown["secondaryLocation"], shown["geoReplicationStats"]["status"]) == ("northeurope", "Bootstrap")
    assert "geoReplicationStats" not in accounts.get_properties(*store.at).as_dict()["properties"]
    accounts.update(*store.at, {"sku": {"name": "Standard_LRS"}})
    assert "secondaryLocation" not in accounts.get_properties(*store.at).as_dict()["properties"]


def test_a_deleted_account_is_known_until_its_name_is_taken_again(store: Store) -> None:
    other, deleted = Store(store.arm), store.client.deleted_accounts
    name = other.at[1]
    other.client.storage_accounts.delete(*other.at)
    assert name in [one.name for one in deleted.list()]
    facts = deleted.get(name, "westeurope").as_dict()["properties"]
    assert facts["storageAccountResourceId"] == other.account.id
    assert facts["creationTime"] < facts["deletionTime"]
    with pytest.raises(ResourceNotFoundError):
        deleted.get(name, "northeurope")
    sent = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "location": "westeurope"}
    other.client.storage_accounts.begin_create(*other.at, sent).result()
    assert name not in [one.name for one in deleted.list()]
    other.client.storage_accounts.delete(*other.at)


def test_an_account_shows_the_perimeter_that_it_is_within(store: Store) -> None:
    group = store.client.network_security_perimeter_configurations
    root = f"/subscriptions/{store.arm.local.subscription}/resourceGroups/{store.at[0]}/providers"
    perimeter, version = f"{root}/Microsoft.Network/networkSecurityPerimeters/{store.at[1]}", "?api-version=2024-07-01"
    member = {"privateLinkResource": {"id": store.account.id}, "profile": {"id": f"{perimeter}/profiles/usual"}}
    bodies = {
        perimeter: {"location": "westeurope"},
        f"{perimeter}/profiles/usual": {"properties": {}},
        f"{perimeter}/resourceAssociations/inside": {"properties": member},
    }
    for path, body in bodies.items():
        assert store.arm.send("PUT", path + version, body).status_code in (200, 201)
    (one,) = group.list(*store.at)
    assert one.as_dict()["properties"]["networkSecurityPerimeter"]["id"] == perimeter
    group.begin_reconcile(*store.at, one.name).result()
    assert group.get(*store.at, one.name).as_dict()["properties"]["provisioningState"] == "Succeeded"
    store.arm.send("DELETE", f"{perimeter}/resourceAssociations/inside{version}")
    assert list(group.list(*store.at)) == []
    with pytest.raises(ResourceNotFoundError):
        group.get(*store.at, one.name)


def test_scopes_users_and_policies_are_kept(store: Store) -> None:
    scopes = store.client.encryption_scopes
    assert scopes.put(*store.at, "own", {}).as_dict()["properties"]["state"] == "Enabled"
    scopes.patch(*store.at, "own", {"properties": {"state": "Disabled"}})
    assert [one.as_dict()["properties"]["state"] for one in scopes.list(*store.at)] == ["Disabled"]
    with pytest.raises(HttpResponseError, match="keyUri"):
        scopes.put(*store.at, "vault", {"properties": {"source": "Microsoft.KeyVault"}})
    users = store.client.local_users
    home = {"properties": {"homeDirectory": "home", "hasSshPassword": True}}
    assert users.create_or_update(*store.at, "uploader", home).as_dict()["properties"]["sid"].startswith("S-1-2-0-")
    assert users.list_keys(*store.at, "uploader").shared_key
    assert users.regenerate_password(*store.at, "uploader").ssh_password
    users.delete(*store.at, "uploader")
    rule = {"enabled": True, "name": "all", "destination": "reports"}
    rule["definition"] = {"format": "Csv", "schedule": "Daily", "objectType": "Blob", "schemaFields": ["Name"]}
    policy = {"properties": {"policy": {"enabled": True, "type": "Inventory", "rules": [rule]}}}
    inventories = store.client.blob_inventory_policies
    assert inventories.create_or_update(*store.at, "default", policy).name == "DefaultInventoryPolicy"
    inventories.delete(*store.at, "default")
    with pytest.raises(ResourceNotFoundError):
        inventories.get(*store.at, "default")


def test_replication_is_agreed_on_by_both_accounts(store: Store) -> None:
    source = Store(store.arm)
    policies = store.client.object_replication_policies
    rule = {"sourceContainer": "from", "destinationContainer": "to"}
    body = {"sourceAccount": source.at[1], "destinationAccount": store.at[1], "rules": [rule]}
    made = policies.create_or_update(*store.at, "default", {"properties": body})
    facts = made.as_dict()["properties"]
    policies.create_or_update(*source.at, facts["policyId"], {"properties": {**body, "rules": facts["rules"]}})
    assert policies.get(*source.at, facts["policyId"]).as_dict()["properties"]["rules"] == facts["rules"]
    nowhere = {"properties": {**body, "sourceAccount": "nobodyhasthis"}}
    with pytest.raises(HttpResponseError, match="no such storage account"):
        policies.create_or_update(*store.at, "default", nowhere)
    store.client.storage_accounts.delete(*source.at)


def test_what_is_not_modelled_says_so(store: Store) -> None:
    with pytest.raises(HttpResponseError, match="NotImplemented"):
        store.client.storage_accounts.begin_restore_blob_ranges(
            *store.at, {"timeToRestore": "2030-01-01T00:00:00Z", "blobRanges": []}
        )
