"""Encryption scopes: which key encrypts some of an account's blobs. Kept and shown; Azurite does not encrypt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE
from batchlocal.arm.microsoft_storage.children import Child, serve
from batchlocal.arm.microsoft_storage.provider import storage_error
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.store.resources import Resource

__all__ = ["SCOPES"]


@dataclass(eq=False)
class KeyUriMissing(Refusal):
    """A scope with a key of its own does not say which."""


@dataclass(eq=False)
class ScopeFixed(Refusal):
    """What is decided when a scope is made is asked to change."""

    name: str


CATALOGUE.update(
    {
        # "Encryption scopes for Blob storage" has the rules; no document or recording seen has their codes
        KeyUriMissing: storage_error(
            400, "InvalidRequestPropertyValue", "'properties.keyVaultProperties.keyUri' must be set with this source."
        ),
        ScopeFixed: storage_error(
            409, "EncryptionScopePropertyCannotBeUpdated", "'{name}' is decided when an encryption scope is made."
        ),
    }
)


def _complete(call: ArmCall, scope: Resource, before: dict[str, Any] | None) -> None:
    properties = scope.body["properties"]
    key = properties.get("keyVaultProperties") or {}
    if properties["source"] == "Microsoft.KeyVault" and not key.get("keyUri"):
        raise KeyUriMissing
    fixed = "requireInfrastructureEncryption"
    if before is not None and properties.get(fixed, False) != before.get(fixed, False):
        raise ScopeFixed(fixed)
    properties["lastModifiedTime"] = moments.iso(call.now)


SCOPES = Child(
    "encryptionScopes",
    "EncryptionScopes",
    "encryptionScopeName",
    "encryption scope",
    missing="EncryptionScopeNotFound",
    name="(?!.*--)[A-Za-z0-9-]{3,63}",
    names="3 to 63 letters, digits and single hyphens",  # description, encryptionScopeName
    created=201,
    defaults={"source": "Microsoft.Storage", "state": "Enabled"},
    drawn=lambda call: {"creationTime": moments.iso(call.now)},
    complete=_complete,
)
serve(SCOPES)
