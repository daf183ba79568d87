"""Every method of azure-mgmt-batch, called once: a program of its own, so that any version's environment can run it.

Settings come from the environment: ``METHODS`` is JSON with endpoint, subscription, group, account, storage (an id),
connection (a private endpoint connection's name), ids (what pools refer to), and pfx (base64, password "secret") with
its thumbprint. Prints the methods that were called, a line each, and "left out: ..." for those that were not. What
version 19 is answered is held to its models: "other than the model: ..." and, for what none had, "never shown: ...".
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import time
import urllib.request
from functools import partial
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.batch import BatchManagementClient, __version__, operations

SETTINGS = json.loads(os.environ["METHODS"])
GROUP, ACCOUNT = SETTINGS["group"], SETTINGS["account"]
AT = (GROUP, ACCOUNT)
WHERE = {"location": "westeurope"}
POOL = {
    "properties": {
        "vmSize": "Standard_D2s_v3",
        "deploymentConfiguration": {
            "virtualMachineConfiguration": {
                "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
                "nodeAgentSkuId": "batch.node.ubuntu 24.04",
            }
        },
    }
}
called: set[str] = set()
held = None
if __version__.startswith("19."):
    from held_to_models import Held
    from pools_with_everything import pools_with_everything

    held = Held()


class Noted:
    """A client, or a group of its methods, that notes what is called, and holds what is answered to the models."""

    def __init__(self, target: Any, name: str = "") -> None:
        self._target, self._name = target, name

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not self._name:
            return Noted(found, type(found).__name__)
        called.add(f"{self._name}.{name}")
        return partial(holding, f"{self._name}.{name}", found)


def holding(name: str, method: Any, *arguments: Any, **options: Any) -> Any:
    """Call a method to its end, pages and polls too; what it gives is held to the JSON that was answered."""
    answers: list[Any] = []
    given = method(*arguments, raw_response_hook=answers.append, **options)
    pages = hasattr(given, "by_page")
    result = list(given) if pages else given.result() if hasattr(given, "result") else given
    if held is not None:
        bodies = [json.loads(one.http_response.content or "null") for one in answers]
        if pages:
            items = [item for body in bodies for item in body["value"]]
            for one, raw in zip(result, items, strict=True):
                held.answer(name, one, raw)
        else:
            held.answer(name, result, bodies[-1])
    return result if pages else given


def every_method() -> set[str]:
    groups = [
        (name, one) for name, one in inspect.getmembers(operations, inspect.isclass) if name.endswith("Operations")
    ]
    return {
        f"{name}.{method}"
        for name, group in groups
        for method, found in inspect.getmembers(group)
        if not method.startswith("_") and callable(found) and not inspect.isclass(found) and method != "models"
    }


def properties(found: Any) -> Any:
    """A resource's properties, which older versions show flat."""
    return getattr(found, "properties", None) or found


def refused(call: Any, *arguments: Any) -> None:
    try:
        call(*arguments)
    except ResourceNotFoundError:
        return
    raise AssertionError("it was not refused")


def accounts(client: Any) -> None:
    accounts = client.batch_account
    body = {**WHERE, "properties": {"autoStorage": {"storageAccountId": SETTINGS["storage"]}}}
    assert properties(accounts.begin_create(*AT, body).result()).provisioning_state == "Succeeded"
    assert accounts.update(*AT, {"tags": {"a": "b"}}).tags == {"a": "b"}
    assert accounts.get(*AT).tags == {"a": "b"}
    assert ACCOUNT in [one.name for one in accounts.list()]
    assert ACCOUNT in [one.name for one in accounts.list_by_resource_group(GROUP)]
    before = accounts.get_keys(*AT)
    assert accounts.regenerate_key(*AT, {"keyName": "Primary"}).primary != before.primary
    accounts.synchronize_auto_storage_keys(*AT)
    assert "Azure Batch" in [one.category for one in accounts.list_outbound_network_dependencies_endpoints(*AT)]
    name = next(iter(accounts.list_detectors(*AT))).name
    assert accounts.get_detector(*AT, name).name == name


def applications(client: Any) -> None:
    application, package = client.application, client.application_package
    application.create(*AT, "app", {"tags": {"a": "b"}} if held else {})
    url = properties(package.create(*AT, "app", "1", {})).storage_url
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02"}
    content = b"PK\x05\x06" + bytes(18)
    urllib.request.urlopen(urllib.request.Request(url, content, headers, method="PUT")).close()
    assert properties(package.activate(*AT, "app", "1", {"format": "zip"})).state == "Active"
    assert properties(package.get(*AT, "app", "1")).state == "Active"
    assert [one.name for one in package.list(*AT, "app")] == ["1"]
    application.update(*AT, "app", {"properties": {"displayName": "App", "defaultVersion": "1"}})
    assert properties(application.get(*AT, "app")).display_name == "App"
    assert [one.name for one in application.list(*AT)] == ["app"]
    package.delete(*AT, "app", "1")
    application.delete(*AT, "app")


def pools(client: Any) -> None:
    pool = client.pool
    pool.create(*AT, "fixed", POOL)
    formula = {"scaleSettings": {"autoScale": {"formula": "$TargetDedicatedNodes=0;"}}}
    pool.create(*AT, "scaled", {"properties": {**POOL["properties"], **formula}})
    assert [one.name for one in pool.list_by_batch_account(*AT, maxresults=1)] == ["fixed", "scaled"]
    assert [one.name for one in pool.list_by_batch_account(*AT, filter="name eq 'scaled'")] == ["scaled"]
    many = {"targetDedicatedNodes": 50, "nodeDeallocationOption": "TaskCompletion"}
    until_steady(pool, "fixed")
    pool.update(*AT, "fixed", {"properties": {"scaleSettings": {"fixedScale": many}}})
    pool.stop_resize(*AT, "fixed")
    until_steady(pool, "fixed")
    assert properties(pool.get(*AT, "fixed")).resize_operation_status.errors[0].code == "ResizeStopped"
    until_steady(pool, "scaled")
    assert properties(pool.disable_auto_scale(*AT, "scaled")).scale_settings.fixed_scale is not None
    for name in ("fixed", "scaled"):
        pool.begin_delete(*AT, name).result()


def pools_of_every_setting(client: Any) -> None:
    """Pools, whose settings only the newest api-version has all."""
    at, bodies = SETTINGS["connected"], pools_with_everything(SETTINGS["ids"])
    for name, body in bodies.items():
        client.pool.create(*at, name, body)
        until_steady(client.pool, name, at)
    assert bodies.keys() < {one.name for one in client.pool.list_by_batch_account(*at)}
    for name in bodies:
        client.pool.begin_delete(*at, name, polling=False)


def accounts_of_every_setting(client: Any) -> None:
    """An account with an identity of each kind, customer's key, network rules and allocation mode."""
    accounts, ids, name = client.batch_account, SETTINGS["ids"], f"{ACCOUNT}all"
    rules = {"defaultAction": "Deny", "ipRules": [{"action": "Allow", "value": "1.2.3.4"}]}
    key = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyIdentifier": f"{ids['vaultUrl']}keys/k"}}
    storage = {"storageAccountId": SETTINGS["storage"], "authenticationMode": "BatchAccountManagedIdentity"}
    properties = {
        "poolAllocationMode": "UserSubscription",
        "keyVaultReference": {"id": ids["vault"], "url": ids["vaultUrl"]},
        "networkProfile": {"accountAccess": rules, "nodeManagementAccess": rules},
        "encryption": key,
        "autoStorage": {**storage, "nodeIdentityReference": {"resourceId": ids["identity"]}},
        "allowedAuthenticationModes": ["AAD", "TaskAuthenticationToken"],
    }
    body = {**WHERE, "identity": {"type": "SystemAssigned"}, "properties": properties}
    accounts.begin_create(GROUP, name, body).result()
    own = {"type": "UserAssigned", "userAssignedIdentities": {ids["identity"]: {}}}
    accounts.update(GROUP, name, {"identity": own})
    accounts.begin_delete(GROUP, name).result()


def until_steady(pool: Any, name: str, at: Any = AT) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if properties(pool.get(*at, name)).allocation_state.lower() == "steady":
            return
    raise AssertionError(f"pool {name} is not steady")


def surroundings(client: Any) -> None:
    location = client.location
    assert location.get_quotas("westeurope").account_quota >= 1
    assert list(location.list_supported_virtual_machine_skus("westeurope"))
    if hasattr(location, "list_supported_cloud_service_skus"):
        refused(lambda: list(location.list_supported_cloud_service_skus("westeurope")))
    asked = {"name": ACCOUNT, "type": "Microsoft.Batch/batchAccounts"}
    assert location.check_name_availability("westeurope", asked).name_available is False
    assert list(client.operations.list())
    assert client.private_link_resource.get(*AT, "batchAccount").name == "batchAccount"
    assert len(list(client.private_link_resource.list_by_batch_account(*AT))) == 2


def connections(client: Any) -> None:
    name, group, endpoints = SETTINGS["connection"], SETTINGS["connected"], client.private_endpoint_connection
    assert [one.name for one in endpoints.list_by_batch_account(*group)] == [name]
    state = {"privateLinkServiceConnectionState": {"status": "Rejected", "description": "no"}}
    endpoints.begin_update(*group, name, {"properties": state}).result()
    found = properties(endpoints.get(*group, name))
    assert found.private_link_service_connection_state.status == "Rejected"
    endpoints.begin_delete(*group, name).result()
    refused(endpoints.get, *group, name)


def perimeters(client: Any) -> None:
    perimeter = client.network_security_perimeter
    assert list(perimeter.list_configurations(*AT)) == []
    refused(perimeter.get_configuration, *AT, "none")
    refused(perimeter.begin_reconcile_configuration, *AT, "none")
    at = SETTINGS["connected"]
    (one,) = perimeter.list_configurations(*at)
    perimeter.begin_reconcile_configuration(*at, one.name).result()
    assert properties(perimeter.get_configuration(*at, one.name)).provisioning_state == "Succeeded"


def certificates(client: Any) -> None:
    certificate, name = client.certificate, f"sha1-{SETTINGS['thumbprint']}"
    body = {"properties": {"data": SETTINGS["pfx"], "password": "secret", "format": "Pfx"}}
    assert certificate.create(*AT, name, body).name == name
    certificate.update(*AT, name, body)
    assert certificate.get(*AT, name).name == name
    assert [one.name for one in certificate.list_by_batch_account(*AT)] == [name]
    certificate.cancel_deletion(*AT, name)
    certificate.begin_delete(*AT, name).result()
    refused(certificate.get, *AT, name)


def main() -> int:
    environment = os.environ
    credential = ClientSecretCredential(
        environment["AZURE_TENANT_ID"],
        environment["AZURE_CLIENT_ID"],
        environment["AZURE_CLIENT_SECRET"],
        authority=environment["AZURE_AUTHORITY_HOST"],
        disable_instance_discovery=True,
    )
    endpoint = SETTINGS["endpoint"]
    options = {"base_url": endpoint, "credential_scopes": [f"{endpoint}/.default"]}
    with BatchManagementClient(credential, SETTINGS["subscription"], **options) as real:
        client = Noted(real)
        for part in (accounts, applications, pools, surroundings, connections):
            part(client)
        if held is not None:
            pools_of_every_setting(client)
            accounts_of_every_setting(client)
        if hasattr(real, "network_security_perimeter"):
            perimeters(client)
        if hasattr(real, "certificate"):
            certificates(client)
        client.batch_account.begin_delete(*AT).result()
    print(*sorted(called), sep="\n")
    if held is not None:
        print(*map("other than the model: {}".format, held.problems), sep="\n")
        print(*map("never shown: {}".format, held.never_shown()), sep="\n")
    if missing := every_method() - called:
        print(f"left out: {', '.join(sorted(missing))}")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
