"""What a Batch account may be, and who is let in by which kind of credential.

Sources: the REST reference "Batch Account - Create" and "Update"; the article "Create a Batch account in the Azure
portal" (allocation and authentication modes); recorded-facts F3.
"""

from __future__ import annotations

import base64
import hmac
import uuid
from email.utils import formatdate

import pytest

from tests.neighbours.conftest import WHERE, Caller
from tests.neighbours.test_roles import name_of

BATCH = {"version": "2024-07-01"}


def account_path(owner: Caller, name: str = "") -> str:
    return owner.path(f"Microsoft.Batch/batchAccounts/{name or f'a{uuid.uuid4().hex[:9]}'}")


@pytest.mark.parametrize("name", ["ab", "a" * 25, "Upper1", "with-hyphen"])
def test_an_accounts_name_is_of_lower_case_letters_and_numbers(owner: Caller, name: str) -> None:
    assert owner.refused("PUT", account_path(owner, name), WHERE, **BATCH) == (400, "InvalidAccountName")


def test_an_accounts_name_is_taken_for_everybody(owner: Caller, everyone: Caller) -> None:
    taken = owner.account()
    elsewhere = account_path(everyone, name_of(taken))
    assert everyone.refused("PUT", elsewhere, WHERE, **BATCH) == (409, "AccountAlreadyExists")


def test_the_allocation_mode_is_chosen_once_and_user_subscription_needs_a_vault(owner: Caller) -> None:
    own = {"poolAllocationMode": "UserSubscription"}
    refused = owner.refused("PUT", account_path(owner), {**WHERE, "properties": own}, **BATCH)
    assert refused == (400, "InvalidRequestBody")
    changed = owner.refused("PUT", owner.account(), {**WHERE, "properties": own}, **BATCH)
    assert changed == (400, "PropertyCannotBeUpdated")


def test_linked_storage_must_be_there(owner: Caller) -> None:
    gone = owner.path("Microsoft.Storage/storageAccounts/gone")
    body = {**WHERE, "properties": {"autoStorage": {"storageAccountId": gone}}}
    assert owner.refused("PUT", account_path(owner), body, **BATCH) == (400, "InvalidAutoStorageAccount")
    account = owner.account()
    refused = owner.refused("POST", f"{account}/syncAutoStorageKeys", **BATCH)
    assert refused == (409, "AccountNotEnabledForAutoStorage")


def test_keys_are_named_and_shown_only_where_they_open_something(owner: Caller) -> None:
    account = owner.account()
    wrong = {"keyName": "Tertiary"}
    assert owner.refused("POST", f"{account}/regenerateKeys", wrong, **BATCH) == (400, "InvalidPropertyValue")
    for unknown in (["Password"], ["AAD", "Kerberos"]):
        body = {"properties": {"allowedAuthenticationModes": unknown}}
        assert owner.send("PATCH", account, body, **BATCH).status_code == 400
    assert owner.send("PATCH", account, {"properties": {"allowedAuthenticationModes": ["AAD"]}}, **BATCH).ok
    for action, sent in (("listKeys", None), ("regenerateKeys", {"keyName": "Primary"})):
        assert owner.refused("POST", f"{account}/{action}", sent, **BATCH) == (403, "OperationNotAllowed")


def test_an_account_lets_in_by_its_authentication_modes_only(owner: Caller) -> None:
    """With a key that is right, and with a token that is right."""
    account = owner.account()
    name = name_of(account)
    key = owner.send("POST", f"{account}/listKeys", **BATCH).json()["primary"]
    assert status_by_key(owner, name, key) == 200
    assert owner.service("GET", name, "pools").status_code == 200
    for modes, by_key, by_token in ((["AAD"], 403, 200), (["SharedKey"], 200, 403)):
        assert owner.send("PATCH", account, {"properties": {"allowedAuthenticationModes": modes}}, **BATCH).ok
        assert (status_by_key(owner, name, key), owner.service("GET", name, "pools").status_code) == (by_key, by_token)


def test_a_signature_with_another_key_lets_nobody_in(owner: Caller) -> None:
    name = name_of(owner.account())
    assert status_by_key(owner, name, base64.b64encode(b"another").decode()) == 403
    assert status_by_key(owner, f"x{name}", base64.b64encode(b"another").decode()) == 403, "nor anybody to nowhere"


def status_by_key(owner: Caller, account: str, key: str) -> int:
    """The status of a list of pools that is signed with a key ("Authentication", SharedKey)."""
    date = formatdate(usegmt=True)
    canonical = f"/{account}/{account}/pools\napi-version:2024-07-01.20.0"
    text = "\n".join(["GET", *[""] * 11, f"ocp-date:{date}", canonical])
    signature = base64.b64encode(hmac.digest(base64.b64decode(key), text.encode(), "sha256")).decode()
    headers = {"ocp-date": date, "Authorization": f"SharedKey {account}:{signature}"}
    url = f"{owner.local.settings['armEndpoint']}/{account}/pools?api-version=2024-07-01.20.0"
    return owner.http.get(url, headers=headers, timeout=30).status_code


def test_built_in_roles_stay_as_they_are(owner: Caller) -> None:
    reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    role = f"{owner.scope}/providers/Microsoft.Authorization/roleDefinitions/{reader}"
    body = {"properties": {"roleName": "Mine", "permissions": [{"actions": ["*"]}]}}
    for method, sent in (("PUT", body), ("DELETE", None)):
        assert owner.refused(method, role, sent)[1] == "RoleDefinitionIsBuiltIn"
    assert owner.send("GET", role).json()["properties"]["roleName"] == "Reader"


def test_a_subnet_without_an_address_left_takes_no_private_endpoint(owner: Caller) -> None:
    subnet = {"name": "tiny", "properties": {"addressPrefix": "10.20.0.0/29"}}  # 8 addresses, 5 of them Azure's
    space = {"addressSpace": {"addressPrefixes": ["10.20.0.0/16"]}, "subnets": [subnet]}
    network = owner.put("Microsoft.Network/virtualNetworks/net", {**WHERE, "properties": space})
    where, account = network["properties"]["subnets"][0]["id"], owner.account()

    def status(name: str) -> int:
        link = {"name": "l", "properties": {"privateLinkServiceId": account, "groupIds": ["batchAccount"]}}
        body = {**WHERE, "properties": {"subnet": {"id": where}, "privateLinkServiceConnections": [link]}}
        return owner.send("PUT", f"Microsoft.Network/privateEndpoints/{name}", body).status_code

    assert [status(f"door{number}") for number in range(4)] == [201, 201, 201, 400]
