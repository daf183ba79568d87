"""Resources through the plugin on a real batchlocal: made, shown, changed, imported, taken away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Local
from tests.plugin.host import UNKNOWN, Plugin, Refused, Values, secret_value, values
from tests.support.waiting import until

GROUP = "resources:ResourceGroup"
STORAGE = "storage:StorageAccount"
CONTAINER = "storage:BlobContainer"
ACCOUNT = "batch:BatchAccount"
POOL = "batch:Pool"
IMAGE = {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts", "version": "latest"}


class Made:
    """A resource's id, inputs and outputs, as an engine keeps them."""

    def __init__(self, plugin: Plugin, token: str, news: Values) -> None:
        self._plugin, self._token = plugin, token
        self.inputs = plugin.inputs(token, news)
        self.id, self.outputs = plugin.create(token, self.inputs)

    def refresh(self) -> Values:
        """The inputs as a refresh has them; state is as the engine would keep it."""
        answer = self._plugin.read(self._token, self.id, self.outputs, self.inputs)
        assert answer.id.lower() == self.id.lower()
        self.outputs = values(answer.properties)
        return values(answer.inputs)

    def update(self, **news: Any) -> None:
        inputs = self._plugin.inputs(self._token, {**self.inputs, **news}, self.inputs)
        self.outputs = self._plugin.update(self._token, self.id, self.inputs, inputs)
        self.inputs = inputs

    def delete(self) -> None:
        self._plugin.delete(self._token, self.id)


@pytest.fixture(scope="module")
def group(plugin: Plugin) -> str:
    return Made(plugin, GROUP, {"resourceGroupName": "plugin", "location": "West Europe"}).outputs["name"]


@pytest.fixture(scope="module")
def storage(plugin: Plugin, group: str) -> Made:
    account = {"accountName": "pluginstorage", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    return Made(plugin, STORAGE, {"resourceGroupName": group, **account})


@pytest.fixture(scope="module")
def account(plugin: Plugin, group: str, storage: Made) -> Made:
    linked = {"autoStorage": {"storageAccountId": storage.id}}
    return Made(plugin, ACCOUNT, {"resourceGroupName": group, "accountName": "pluginbatch", **linked})


def pool(plugin: Plugin, account: Made, name: str, nodes: int = 0, **more: Any) -> Made:
    news = {
        "resourceGroupName": account.inputs["resourceGroupName"],
        "accountName": account.inputs["accountName"],
        "poolName": name,
        "vmSize": "Standard_D2s_v3",
        "deploymentConfiguration": {
            "virtualMachineConfiguration": {"imageReference": IMAGE, "nodeAgentSkuId": "batch.node.ubuntu 22.04"}
        },
        "scaleSettings": {"fixedScale": {"targetDedicatedNodes": nodes}},
    }
    return Made(plugin, POOL, {**news, **more})


def test_a_resource_goes_where_its_group_is(account: Made) -> None:
    assert account.inputs["location"] == "westeurope"
    assert account.outputs["location"] == "westeurope"


def test_what_exists_already_is_not_taken_over(plugin: Plugin, account: Made) -> None:
    with pytest.raises(Refused, match=r"cannot create already existing resource '/subscriptions/.*/pluginbatch'"):
        plugin.create(ACCOUNT, account.inputs)


def test_a_refresh_of_what_nobody_touched_changes_no_input(plugin: Plugin, account: Made, storage: Made) -> None:
    users = [{"name": "worker", "password": "a-Word-of-16-signs"}]
    made = pool(plugin, account, "untouched", userAccounts=users, metadata=[{"name": "a", "value": "B"}])
    for one in (account, storage, made):
        assert one.refresh() == one.inputs
    made.delete()


def test_a_refresh_shows_what_somebody_changed_added_or_took_away(
    plugin: Plugin, account: Made, group: str, batchlocal: Local
) -> None:
    made = pool(plugin, account, "drifts", metadata=[{"name": "mine", "value": "1"}, {"name": "other", "value": "2"}])
    other = {"metadata": [{"name": "mine", "value": "7"}, {"name": "new", "value": "3"}], "displayName": "drifted"}
    plugin.update(POOL, made.id, made.inputs, {**made.inputs, **other})
    inputs = made.refresh()
    assert inputs == {**made.inputs, **other}
    change = plugin.diff(POOL, inputs, made.inputs, made.outputs)
    assert set(change.diffs) == {"metadata", "displayName"}
    made.delete()


def test_an_import_gives_inputs_that_the_same_program_does_not_differ_from(plugin: Plugin, account: Made) -> None:
    made = pool(plugin, account, "imported", taskSlotsPerNode=1)
    for one, token in ((account, ACCOUNT), (made, POOL)):
        inputs = values(plugin.read(token, one.id).inputs)
        assert inputs["accountName"] == "pluginbatch"
        assert not plugin.diff(token, inputs, one.inputs).diffs
    made.delete()


def test_an_import_of_what_is_not_there_finds_nothing(plugin: Plugin, account: Made) -> None:
    assert plugin.read(POOL, f"{account.id}/pools/missing").id == ""


def test_an_import_by_another_types_id_says_what_the_id_looks_like(plugin: Plugin, account: Made) -> None:
    with pytest.raises(
        Refused, match=r"is not the id of a azure-native:batch:Pool.*batchAccounts/\{accountName\}/pools"
    ):
        plugin.read(POOL, account.id)


def test_a_pool_is_updated_in_place_and_azure_refuses_it_while_there_are_nodes(plugin: Plugin, account: Made) -> None:
    empty, busy = pool(plugin, account, "empty"), pool(plugin, account, "busy", nodes=1)
    for made in (empty, busy):
        wait_until_steady(plugin, made)
        wanted = {**made.inputs, "vmSize": "Standard_D4s_v3"}
        change = plugin.diff(POOL, made.inputs, wanted, made.outputs, made.id)
        assert (list(change.diffs), list(change.replaces)) == (["vmSize"], [])
    empty.update(vmSize="Standard_D4s_v3")
    assert empty.outputs["vmSize"].lower() == "standard_d4s_v3"
    with pytest.raises(Refused, match=r"PropertyCannotBeUpdated.*PropertyName: vmSize.*no compute nodes"):
        busy.update(vmSize="Standard_D4s_v3")
    for made in (empty, busy):
        made.delete()


def wait_until_steady(plugin: Plugin, made: Made) -> None:
    until(lambda: values(plugin.read(POOL, made.id).properties)["allocationState"] == "Steady")


def test_an_update_changes_the_resource_and_keeps_its_id(plugin: Plugin, account: Made) -> None:
    account.update(tags={"team": "rendering"})
    shown = values(plugin.read(ACCOUNT, account.id).properties)
    assert shown["tags"] == {"team": "rendering"}
    assert shown["autoStorage"]["storageAccountId"].endswith("/pluginstorage")


def test_a_package_hands_out_its_upload_address_as_a_secret(plugin: Plugin, account: Made) -> None:
    where = {"resourceGroupName": "plugin", "accountName": "pluginbatch"}
    application = Made(plugin, "batch:Application", {**where, "applicationName": "tool", "displayName": "Tool"})
    package = Made(plugin, "batch:ApplicationPackage", {**where, "applicationName": "tool", "versionName": "1.0"})
    assert secret_value(package.outputs["storageUrl"]).startswith("http")
    assert package.outputs["state"] == "Pending"
    assert package.refresh() == package.inputs
    package.delete()
    application.delete()


def test_a_container_is_made_and_deleted(plugin: Plugin, storage: Made) -> None:
    made = Made(
        plugin, CONTAINER, {"resourceGroupName": "plugin", "accountName": "pluginstorage", "containerName": "results"}
    )
    assert made.refresh() == made.inputs
    made.delete()
    assert plugin.read(CONTAINER, made.id).id == ""


def test_deleting_what_is_gone_is_well(plugin: Plugin, account: Made) -> None:
    plugin.delete(POOL, f"{account.id}/pools/never-was")


def test_functions_give_keys_as_secrets_and_resources_as_they_are(plugin: Plugin, account: Made, storage: Made) -> None:
    where = {"resourceGroupName": "plugin", "accountName": "pluginbatch"}
    keys = plugin.invoke("batch:listBatchAccountKeys", **where)
    assert keys["accountName"] == "pluginbatch"
    assert len(secret_value(keys["primary"])) == len(secret_value(keys["secondary"])) == 88
    stored = plugin.invoke("storage:listStorageAccountKeys", resourceGroupName="plugin", accountName="pluginstorage")
    assert [key["keyName"] for key in secret_value(stored["keys"])] == ["key1", "key2"]
    assert plugin.invoke("batch:getBatchAccount", **where)["accountEndpoint"] == account.outputs["accountEndpoint"]
    with pytest.raises(Refused, match=r"pools/missing' does not exist"):
        plugin.invoke("batch:getPool", **where, poolName="missing")


def test_the_client_knows_itself(plugin: Plugin, batchlocal: Local) -> None:
    found = plugin.invoke("authorization:getClientConfig")
    assert found["clientId"] == batchlocal.settings["clientId"]
    assert found["subscriptionId"] == batchlocal.subscription
    assert found["objectId"]


def test_azures_own_words_reach_the_user(plugin: Plugin) -> None:
    inputs = plugin.inputs(ACCOUNT, {"resourceGroupName": "nowhere", "accountName": "lost", "location": "westeurope"})
    with pytest.raises(Refused, match="ResourceGroupNotFound: Resource group 'nowhere' could not be found"):
        plugin.create(ACCOUNT, inputs)


def test_an_operation_that_fails_after_it_was_taken_leaves_nothing_half_known(plugin: Plugin, group: str) -> None:
    missing = "/subscriptions/{0}/resourceGroups/plugin/providers/Microsoft.Storage/storageAccounts/nosuch"
    subscription = plugin.invoke("authorization:getClientConfig")["subscriptionId"]
    news = {
        "resourceGroupName": group,
        "accountName": "pluginbroken",
        "autoStorage": {"storageAccountId": missing.format(subscription)},
    }
    with pytest.raises(Refused, match="nosuch") as refused:
        plugin.create(ACCOUNT, plugin.inputs(ACCOUNT, news))
    is_there = plugin.read(
        ACCOUNT,
        missing.format(subscription).replace(
            "Microsoft.Storage/storageAccounts/nosuch", "Microsoft.Batch/batchAccounts/pluginbroken"
        ),
    ).id
    assert bool(is_there) == bool(refused.value.partial)


def test_a_preview_knows_its_inputs_and_nothing_else(plugin: Plugin, account: Made) -> None:
    inputs = {**account.inputs, "accountName": "previewed"}
    resource_id, outputs = plugin.create(ACCOUNT, inputs, preview=True)
    assert resource_id == ""
    assert outputs["location"] == "westeurope"
    assert outputs["accountEndpoint"] == outputs["id"] == UNKNOWN
    assert plugin.read(ACCOUNT, account.id.replace("pluginbatch", "previewed")).id == ""
