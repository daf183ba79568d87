"""What azure-mgmt-storage reads of an account's settings, and what older api-versions showed of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.conftest import Arm
from tests.support.waiting import until

EMPTY = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "location": "westeurope"}


class Made:
    """A storage account of the test's own, made through the client or in an older api-version."""

    def __init__(self, arm: Arm) -> None:
        self.arm, self.name = arm, f"t{uuid.uuid4().hex[:10]}"
        self.at = (arm.group, self.name)
        self.accounts: Any = arm.storage.storage_accounts
        root = f"/subscriptions/{arm.local.subscription}"
        self.path = f"{root}/resourceGroups/{arm.group}/providers/Microsoft.Storage/storageAccounts/{self.name}"

    def create(self, **more: Any) -> Any:
        return self.accounts.begin_create(*self.at, {**EMPTY, **more}).result()

    def create_in(self, version: str) -> None:
        assert self.arm.send("PUT", f"{self.path}?api-version={version}", EMPTY).status_code == 202
        until(lambda: self.shown(version)["provisioningState"] == "Succeeded")

    def update(self, **properties: Any) -> Any:
        return self.accounts.update(*self.at, {"properties": properties})

    def shown(self, version: str) -> dict[str, Any]:
        found: dict[str, Any] = self.arm.send("GET", f"{self.path}?api-version={version}").json()["properties"]
        return found


@pytest.fixture
def account(arm: Arm) -> Iterator[Made]:
    made = Made(arm)
    yield made
    made.accounts.delete(*made.at)


@pytest.mark.parametrize(("version", "https_alone"), [("2018-11-01", False), ("2019-04-01", True)])
def test_https_alone_is_the_default_of_newer_creations(account: Made, version: str, https_alone: bool) -> None:
    account.create_in(version)
    assert account.shown("2023-05-01")["supportsHttpsTrafficOnly"] is https_alone


def test_what_was_never_set_is_shown_as_each_version_takes_it(account: Made) -> None:
    account.create()
    versions = ("2021-04-01", "2021-06-01", "2022-05-01", "2023-01-01")
    shown = [account.shown(version)["allowBlobPublicAccess"] for version in versions]
    assert shown == [False, True, True, False]
    account.update(allowBlobPublicAccess=False)
    assert account.shown("2022-05-01")["allowBlobPublicAccess"] is False


def test_an_account_of_its_own_identity_is_somebody(account: Made) -> None:
    identity = account.create(identity={"type": "SystemAssigned"}).identity
    assert uuid.UUID(identity.principal_id)
    assert identity.tenant_id == account.arm.local.settings["tenantId"]
    again = account.accounts.update(*account.at, {"identity": {"type": "SystemAssigned"}})
    assert again.identity.principal_id == identity.principal_id


def test_a_rule_for_a_subnet_shows_that_it_took_effect(account: Made) -> None:
    group = f"/subscriptions/{account.arm.local.subscription}/resourceGroups/{account.arm.group}"
    subnet = f"{group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    account.create()
    rules = {"defaultAction": "Deny", "virtualNetworkRules": [{"id": subnet, "action": "Allow"}]}
    [rule] = account.update(networkAcls=rules).properties.network_rule_set.virtual_network_rules
    assert (rule.virtual_network_resource_id, rule.state) == (subnet, "Succeeded")


def test_an_account_encrypted_with_a_customers_key_names_its_version(account: Made) -> None:
    account.create()
    key = {"keyname": "mine", "keyvaulturi": "https://vault.example/"}
    encrypted = {"keySource": "Microsoft.Keyvault", "keyvaultproperties": key}
    used = account.update(encryption=encrypted).properties.encryption.key_vault_properties
    assert used.current_versioned_key_identifier.startswith("https://vault.example/keys/mine/")
    again = account.update(encryption=encrypted).properties.encryption.key_vault_properties
    assert again.current_versioned_key_identifier == used.current_versioned_key_identifier
    encrypted["keyvaultproperties"] = {**key, "keyversion": "1"}
    named = account.update(encryption=encrypted).properties.encryption.key_vault_properties
    assert named.current_versioned_key_identifier == "https://vault.example/keys/mine/1"
    back = account.update(encryption={"keySource": "Microsoft.Storage"}).properties.encryption
    assert back.key_vault_properties is None


def test_an_update_leaves_the_rest_of_the_routing_as_it_was(account: Made) -> None:
    account.create(
        properties={"routingPreference": {"routingChoice": "InternetRouting", "publishInternetEndpoints": True}}
    )
    routing = account.update(routingPreference={"routingChoice": "MicrosoftRouting"}).properties.routing_preference
    assert (routing.routing_choice, routing.publish_internet_endpoints) == ("MicrosoftRouting", True)


def test_services_are_encrypted_once_they_are_named(account: Made) -> None:
    services = {"table": {"keyType": "Account"}}
    made = account.create(properties={"encryption": {"services": services}}).properties.encryption.services
    assert (made.blob.enabled, made.file.enabled, made.table.enabled, made.queue) == (True, True, True, None)
