"""The Batch account's settings. Source: BatchAccount_Create of Microsoft.Batch 2024-07-01."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from infra.model.base import ArmId, Fault, Model, Spelled, Tags, rule

__all__ = ["Account", "AccountName", "CustomerManagedKey", "EndpointRules", "KeyVault"]

AccountName = Annotated[str, Spelled(r"^[a-z0-9]{3,24}$", "3 to 24 lower-case letters and digits")]
"""3 to 24 lower-case letters and digits."""

AuthenticationMode = Literal["AAD", "SharedKey", "TaskAuthenticationToken"]


class KeyVault(Model):
    """The Key Vault that a UserSubscription account keeps its secrets in."""

    id: ArmId
    """The vault's ARM id."""
    url: Annotated[str, Spelled(r"^https://[^/]+/?$", "the vault's https URL")]
    """The vault's URL."""


class CustomerManagedKey(Model):
    """Encryption of the account's data with a key of one's own."""

    key_identifier: Annotated[
        str, Spelled(r"^https://[^/]+/keys/[^/]+(/[^/]+)?$", "a key's URL, https://VAULT/keys/NAME")
    ]
    """URL of the key; with a version it is pinned, without one it follows the key's rotation."""
    identity: ArmId
    """User-assigned identity that may wrap and unwrap with the key."""


class EndpointRules(Model):
    """Who may reach an endpoint from public networks."""

    allow: tuple[str, ...] = ()
    """IPv4 addresses or ranges in CIDR notation; all others are denied."""


class Account(Model):
    """The Batch account."""

    name: AccountName
    """Unique in its region, and part of the endpoint."""
    allocation_mode: Literal["BatchService", "UserSubscription"] = "BatchService"
    """Whose subscription the nodes live in. Cannot be changed later: the account would be replaced."""
    authentication_modes: tuple[AuthenticationMode, ...] = ("AAD", "TaskAuthenticationToken")
    """How callers of the Batch service may prove who they are. Account keys exist only with SharedKey."""
    key_vault: KeyVault | None = None
    """Required by, and only for, allocation mode UserSubscription."""
    identities: tuple[ArmId, ...] = ()
    """User-assigned identities of the account; none gives it a system-assigned one."""
    encryption: CustomerManagedKey | None = None
    """Not set: Microsoft keeps the keys."""
    public_access: bool = True
    """Whether public networks reach the account at all; without it, private endpoints must."""
    account_access: EndpointRules | None = None
    """Restricts public access to the account's endpoint."""
    node_management_access: EndpointRules | None = None
    """Restricts public access to the endpoint that nodes use."""
    tags: Tags = Field(default_factory=dict)
    """Tags of the account only."""

    @rule
    def _vault_goes_with_user_subscription(self) -> Iterator[Fault]:
        if (self.key_vault is not None) != (self.allocation_mode == "UserSubscription"):
            yield "keyVault", "is needed with allocationMode UserSubscription, and only then"

    @rule
    def _user_subscription_takes_tokens(self) -> Iterator[Fault]:
        if self.allocation_mode == "UserSubscription" and self.authentication_modes != ("AAD",):
            yield "authenticationModes", "must be [AAD]: allocationMode UserSubscription takes Entra tokens only"
        elif not self.authentication_modes:
            yield "authenticationModes", "must name at least one of AAD, SharedKey, TaskAuthenticationToken"

    @rule
    def _key_is_reached_by_an_identity(self) -> Iterator[Fault]:
        if self.encryption is not None and self.encryption.identity not in self.identities:
            yield "encryption.identity", "must be one of account.identities"
