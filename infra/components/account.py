"""The Batch account."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import batch

from infra.components.storage import LinkedStorage
from infra.model import Account, Storage
from infra.model.account import EndpointRules

__all__ = ["BatchAccount"]


class BatchAccount(pulumi.ComponentResource):
    """A Batch account, linked to its storage.

    Attributes:
        account_id: its ARM id. account_name: its name. endpoint: URL of its Batch service.
        principal_id: object id of its system-assigned identity, None with user-assigned ones.
    """

    account_id: pulumi.Output[str]
    account_name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    principal_id: pulumi.Output[str | None]

    def __init__(
        self,
        name: str,
        settings: Account,
        *,
        resource_group_name: pulumi.Input[str],
        location: pulumi.Input[str],
        storage: LinkedStorage | None = None,
        link: Storage | None = None,
        keep: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            storage: what to link it to. link: how to link it.
            keep: protect it, and keep it when the stack is destroyed.
        """
        super().__init__("batchenv:index:BatchAccount", name, None, opts)
        account = batch.BatchAccount(
            name,
            account_name=settings.name,
            resource_group_name=resource_group_name,
            location=location,
            pool_allocation_mode=batch.PoolAllocationMode(settings.allocation_mode),
            allowed_authentication_modes=[batch.AuthenticationMode(mode) for mode in settings.authentication_modes],
            auto_storage=_link(storage, link) if storage and link else None,
            key_vault_reference=(
                {"id": settings.key_vault.id, "url": settings.key_vault.url} if settings.key_vault else None
            ),
            identity=_identity(settings),
            encryption=_encryption(settings),
            public_network_access=batch.PublicNetworkAccessType("Enabled" if settings.public_access else "Disabled"),
            network_profile=_network_profile(settings),
            tags=settings.tags or None,
            # Neither can be changed on an account that exists, and the provider would try to.
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=keep,
                retain_on_delete=keep,
                replace_on_changes=["poolAllocationMode", "location"],
                delete_before_replace=True,
            ),
        )
        self.account_id, self.account_name = account.id, account.name
        self.endpoint = pulumi.Output.concat("https://", account.account_endpoint)
        self.principal_id = account.identity.apply(lambda identity: identity.principal_id if identity else None)
        self.register_outputs({"accountId": self.account_id, "endpoint": self.endpoint})


def _link(storage: LinkedStorage, link: Storage) -> batch.AutoStorageBasePropertiesArgsDict:
    linked: batch.AutoStorageBasePropertiesArgsDict = {"storage_account_id": storage.account_id}
    if link.link == "identity":
        linked["authentication_mode"] = batch.AutoStorageAuthenticationMode.BATCH_ACCOUNT_MANAGED_IDENTITY
    else:
        linked["authentication_mode"] = batch.AutoStorageAuthenticationMode.STORAGE_KEYS
    if link.node_identity is not None:
        linked["node_identity_reference"] = {"resource_id": link.node_identity}
    return linked


def _identity(settings: Account) -> batch.BatchAccountIdentityArgsDict:
    if settings.identities:
        return {
            "type": batch.ResourceIdentityType.USER_ASSIGNED,
            "user_assigned_identities": list(settings.identities),
        }
    return {"type": batch.ResourceIdentityType.SYSTEM_ASSIGNED}


def _encryption(settings: Account) -> batch.EncryptionPropertiesArgsDict | None:
    if settings.encryption is None:
        return None
    return {
        "key_source": batch.KeySource.MICROSOFT_KEY_VAULT,
        "key_vault_properties": {"key_identifier": settings.encryption.key_identifier},
    }


def _network_profile(settings: Account) -> batch.NetworkProfileArgsDict | None:
    profile: batch.NetworkProfileArgsDict = {}
    if settings.account_access is not None:
        profile["account_access"] = _rules(settings.account_access)
    if settings.node_management_access is not None:
        profile["node_management_access"] = _rules(settings.node_management_access)
    return profile or None


def _rules(rules: EndpointRules) -> batch.EndpointAccessProfileArgsDict:
    return {
        "default_action": batch.EndpointAccessDefaultAction.DENY,
        "ip_rules": [{"action": batch.IPRuleAction.ALLOW, "value": address} for address in rules.allow],
    }
