"""What the storage provider makes of an account's settings: what it fills in, and what stays in an update.

Every rule here is recorded (Azure CLI's storage accounts, api-versions 2018-03-01-preview to 2023-05-01) unless it
names another source. ``old`` are the settings that were there, ``sent`` those of the request; both may be empty.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from batchlocal.arm.call import ArmCall
from batchlocal.arm.microsoft_keyvault import VAULT_TYPE
from batchlocal.protocol import moments

__all__ = ["defaults_shown", "filled", "https_alone", "identity"]

Values = dict[str, Any]

_HTTPS_ALONE_SINCE: Final = "2019-04-01"  # REST reference of storage accounts: the default of creations since
_NO_EXPIRY: Final = "1970-01-01T00:00:00.0000000Z"
_BLANK: Final = dict.fromkeys(("netBiosDomainName", "forestName", "domainSid", "azureStorageSid"), " ")


def defaults_shown(api_version: str) -> Values:
    """What is shown of settings that an account was made without; no document says why it depends on the version.

    Recorded are TLS1_2 in all answers of api-versions of 2019 and TLS1_0 in all from 2021-06-01 on; and public access
    allowed in all from 2021-06-01 to 2022-05-01, in some of 2022-09-01, and in none before or after.
    """
    public = "2021-06-01" <= api_version < "2022-09-01"
    return {"minimumTlsVersion": "TLS1_2" if api_version < "2020" else "TLS1_0", "allowBlobPublicAccess": public}


def https_alone(api_version: str) -> bool:
    """Whether an account takes HTTPS alone when its creation does not say."""
    return api_version >= _HTTPS_ALONE_SINCE


def identity(call: ArmCall, old: Values, sent: Values) -> Values:
    """The identities with who they are: the account's own is drawn once, those of users are as they were made."""
    made = {name: value for name, value in sent.items() if value is not None}
    if "SystemAssigned" in str(sent.get("type", "")):
        made["principalId"] = old.get("principalId") or str(uuid.uuid4())
        made["tenantId"] = call.platform.credentials.tenant_id
    if named := sent.get("userAssignedIdentities"):
        made["userAssignedIdentities"] = {one: _principal(call, one) for one in named}
    return made


def _principal(call: ArmCall, identity_id: str) -> Values:
    found = call.tx.resources.find(identity_id)
    known = found.body["properties"] if found is not None else {}
    return {name: known[name] for name in ("principalId", "clientId") if name in known}


def filled(call: ArmCall, old: Values, sent: Values) -> Values:
    """The settings that are objects of their own."""

    def both(name: str) -> tuple[Values, Values]:
        return old.get(name) or {}, sent.get(name) or {}

    made = {"networkAcls": _networks(*both("networkAcls")), "encryption": _encryption(call, *both("encryption"))}
    if sent.get("routingPreference"):  # what an update leaves out of it stays
        made["routingPreference"] = {**(old.get("routingPreference") or {}), **sent["routingPreference"]}
    if files := sent.get("azureFilesIdentityBasedAuthentication"):
        made["azureFilesIdentityBasedAuthentication"] = _directory(files)
    return made


def _networks(old: Values, sent: Values) -> Values:
    """The account's firewall; a rule for a subnet shows that it took effect."""
    rules = {"ipv6Rules": [], "bypass": "AzureServices", "defaultAction": "Allow"}
    made = {**rules, "ipRules": [], "virtualNetworkRules": [], **old, **sent}
    made["virtualNetworkRules"] = [{"state": "Succeeded", **rule} for rule in made["virtualNetworkRules"] or []]
    return made


def _encryption(call: ArmCall, old: Values, sent: Values) -> Values:
    """Blobs and files are always encrypted, other services once they are named; what was sent says with which key."""
    moment = moments.iso(call.now)
    before, asked = old.get("services") or {}, sent.get("services") or {}
    services = {
        name: {
            "keyType": "Account",
            "lastEnabledTime": moment,
            **(before.get(name) or {}),
            **(asked.get(name) or {}),
            "enabled": True,
        }
        for name in dict.fromkeys(("blob", "file", *before, *asked))
    }
    made = {"keySource": "Microsoft.Storage", **old, **sent, "services": services}
    if made["keySource"] == "Microsoft.Storage":
        made.pop("keyvaultproperties", None)
    elif key := sent.get("keyvaultproperties"):
        made["keyvaultproperties"] = _customers_key(call, old.get("keyvaultproperties") or {}, key)
    return made


def _customers_key(call: ArmCall, old: Values, sent: Values) -> Values:
    """A key in a vault with the version that is in use: the one named, the vault's, or one drawn."""
    key = f"{str(sent.get('keyvaulturi', '')).rstrip('/')}/keys/{sent.get('keyname', '')}"
    used = str(old.get("currentVersionedKeyIdentifier", ""))
    if sent.get("keyversion"):
        used = f"{key}/{sent['keyversion']}"
    elif not used.startswith(f"{key}/"):
        used = _in_vault(call, key) or f"{key}/{uuid.uuid4().hex}"
    rotated = {"lastKeyRotationTimestamp": moments.iso(call.now), "currentVersionedKeyExpirationTimestamp": _NO_EXPIRY}
    return {**sent, "currentVersionedKeyIdentifier": used, **rotated}


def _in_vault(call: ArmCall, key: str) -> str:
    """The key's URI with its version where ARM made the key, else ''."""
    vault = call.tx.resources.named(VAULT_TYPE, key.removeprefix("https://").partition(".")[0])
    found = vault and call.tx.resources.find(f"{vault.id}/keys/{key.rpartition('/')[2]}")
    return str(found.body["properties"]["keyUriWithVersion"]) if found else ""


def _directory(sent: Values) -> Values:
    """Sign-in of file shares; what a directory was not told of is a blank."""
    known = sent.get("activeDirectoryProperties")
    return {**sent, "activeDirectoryProperties": {**_BLANK, **known}} if known else sent
