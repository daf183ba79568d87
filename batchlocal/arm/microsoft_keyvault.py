"""Microsoft.KeyVault: vaults and, as far as ARM has them, their keys. The keys sign nothing.

Sources: the types of pulumi_azure_native 3.29 (keyvault, api-version 2024-11-01) and Microsoft's REST reference
"Vaults" and "Keys".
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.kept import KeptType, Values, serve
from batchlocal.arm.provider import ResourceProvider
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.store.resources import Resource

__all__ = ["PROVIDER", "VAULT_TYPE"]

VAULT_TYPE = "Microsoft.KeyVault/vaults"
PROVIDER = ResourceProvider("Microsoft.KeyVault", [])
_NAME = re.compile(r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]")
_DAYS = 90  # of soft deletion, unless told otherwise
_RSA_BITS = 2048
_OPERATIONS = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]


@dataclass(eq=False)
class VaultNameInvalid(Refusal):
    """Not 3 to 24 letters, digits and dashes as a vault's name needs."""

    name: str


@dataclass(eq=False)
class VaultNameTaken(Refusal):
    """Names of vaults are unique over all of Azure."""

    name: str


CATALOGUE.update(
    {
        VaultNameInvalid: gateway(400, "VaultNameNotValid", "The vault name '{name}' is invalid."),
        VaultNameTaken: gateway(409, "VaultAlreadyExists", "The vault name '{name}' is already in use."),
    }
)


def _complete_vault(call: ArmCall, vault: Resource, before: Values | None) -> None:
    taken = [one for one in call.tx.resources.of_type(VAULT_TYPE) if one.name.lower() == vault.name.lower()]
    if before is None and not _NAME.fullmatch(vault.name):
        raise VaultNameInvalid(vault.name)
    if any(one.key != vault.key for one in taken):
        raise VaultNameTaken(vault.name)
    properties = vault.body["properties"]
    properties |= {"vaultUri": f"https://{vault.name.lower()}.vault.azure.net/", "provisioningState": "Succeeded"}


def _complete_key(call: ArmCall, key: Resource, before: Values | None) -> None:
    """A key that is there already stays as it is: ARM makes a key, the vault's own API changes it."""
    if before is not None:
        key.body = before
        return
    vault, version = key.parent.rsplit("/", 1)[-1].lower(), uuid.uuid4().hex
    uri = f"https://{vault}.vault.azure.net/keys/{key.name}"
    properties = key.body["properties"]
    if properties["kty"].upper().startswith("RSA"):
        properties.setdefault("keySize", _RSA_BITS)
    moment = int(moments.to_datetime(call.now).timestamp())
    attributes = {"enabled": True, "created": moment, "updated": moment, "recoveryLevel": "Recoverable+Purgeable"}
    properties["attributes"] = {**attributes, **(properties.get("attributes") or {})}
    properties |= {"keyUri": uri, "keyUriWithVersion": f"{uri}/{version}"}


serve(
    PROVIDER,
    KeptType(
        VAULT_TYPE,
        "Vaults",
        envelope=("id", "name", "type", "location", "tags", "properties"),
        shape={"tenantId": str, "sku": {"family": str, "name": str}, "accessPolicies": [{}]},
        required=("location", "properties.tenantId", "properties.sku.name"),
        defaults={
            "accessPolicies": [],
            "enabledForDeployment": False,
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": _DAYS,
            "publicNetworkAccess": "Enabled",
        },
        patches_properties=True,
        complete=_complete_vault,
    ),
)
serve(
    PROVIDER,
    KeptType(
        f"{VAULT_TYPE}/keys",
        "Keys",
        envelope=("id", "name", "type", "location", "tags", "properties"),
        shape={"kty": str, "keyOps": [str], "keySize": int, "attributes": {}},
        required=("properties.kty",),
        defaults={"keyOps": _OPERATIONS},
        complete=_complete_key,
    ),
)
