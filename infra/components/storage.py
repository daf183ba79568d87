"""The linked storage account."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import storage

from infra.model import Storage
from infra.model.storage import LifecycleRule

__all__ = ["LinkedStorage"]


class LinkedStorage(pulumi.ComponentResource):
    """A storage account fit for Batch: encrypted in transit, nothing public, old blobs cleaned up.

    Attributes:
        account_id: its ARM id. account_name: its name. blob_endpoint: URL of its Blob service.
    """

    account_id: pulumi.Output[str]
    account_name: pulumi.Output[str]
    blob_endpoint: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        settings: Storage,
        *,
        resource_group_name: pulumi.Input[str],
        location: pulumi.Input[str],
        keep: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            keep: protect it, and keep it when the stack is destroyed.
        """
        super().__init__("batchenv:index:LinkedStorage", name, None, opts)
        account = storage.StorageAccount(
            name,
            account_name=settings.name,
            resource_group_name=resource_group_name,
            location=location,
            kind=storage.Kind.STORAGE_V2,
            sku={"name": settings.sku},
            access_tier=storage.AccessTier.HOT,
            allow_blob_public_access=False,
            allow_shared_key_access=settings.shared_keys,
            enable_https_traffic_only=True,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            public_network_access=_public_access(settings),
            tags=settings.tags or None,
            opts=pulumi.ResourceOptions(parent=self, protect=keep, retain_on_delete=keep),
        )
        self.account_id, self.account_name = account.id, account.name
        self.blob_endpoint = account.primary_endpoints.apply(lambda endpoints: endpoints.blob)
        self._contents(name, settings, resource_group_name, account.name)
        self.register_outputs({"accountId": self.account_id, "blobEndpoint": self.blob_endpoint})

    def _contents(
        self, name: str, settings: Storage, resource_group_name: pulumi.Input[str], account_name: pulumi.Input[str]
    ) -> None:
        for container in settings.containers:
            storage.BlobContainer(
                f"{name}-{container}",
                container_name=container,
                account_name=account_name,
                resource_group_name=resource_group_name,
                public_access=storage.PublicAccess.NONE,
                opts=pulumi.ResourceOptions(parent=self),
            )
        if settings.lifecycle:
            storage.ManagementPolicy(
                f"{name}-lifecycle",
                management_policy_name="default",
                account_name=account_name,
                resource_group_name=resource_group_name,
                policy={"rules": [_rule(rule) for rule in settings.lifecycle]},
                opts=pulumi.ResourceOptions(parent=self),
            )


def _public_access(settings: Storage) -> storage.PublicNetworkAccess:
    return storage.PublicNetworkAccess.ENABLED if settings.public_access else storage.PublicNetworkAccess.DISABLED


def _rule(rule: LifecycleRule) -> storage.ManagementPolicyRuleArgsDict:
    actions: storage.ManagementPolicyBaseBlobArgsDict = {}
    if rule.cool_after_days is not None:
        actions["tier_to_cool"] = {"days_after_modification_greater_than": rule.cool_after_days}
    if rule.delete_after_days is not None:
        actions["delete"] = {"days_after_modification_greater_than": rule.delete_after_days}
    filters: storage.ManagementPolicyFilterArgsDict = {"blob_types": ["blockBlob"]}
    if rule.prefixes:
        filters["prefix_match"] = list(rule.prefixes)
    return {
        "name": rule.name,
        "enabled": True,
        "type": "Lifecycle",
        "definition": {"actions": {"base_blob": actions}, "filters": filters},
    }
