"""A whole environment, made of the other components."""

from __future__ import annotations

from pathlib import Path

import pulumi
from pulumi_azure_native import resources

from infra.components.account import BatchAccount
from infra.components.application import BatchApplication
from infra.components.pool import BatchPool
from infra.components.storage import LinkedStorage
from infra.components.tags import tag_children
from infra.model import Environment

__all__ = ["BatchEnvironment"]


class BatchEnvironment(pulumi.ComponentResource):
    """One Batch environment in a resource group of its own.

    Attributes:
        resource_group: name of the resource group. account: the Batch account. storage: None when not asked for.
        applications, pools: by name, in the settings' order.
    """

    resource_group: pulumi.Output[str]
    account: BatchAccount
    storage: LinkedStorage | None
    applications: dict[str, BatchApplication]
    pools: dict[str, BatchPool]

    def __init__(
        self, name: str, settings: Environment, *, root: Path, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare it.

        Args:
            root: the folder that the packages' sources are relative to.
        """
        super().__init__("batchenv:index:BatchEnvironment", name, None, tag_children(settings.tags, opts))
        self._child = pulumi.ResourceOptions(parent=self)
        self._keep = settings.profile == "production"
        group = resources.ResourceGroup(
            name, resource_group_name=settings.resource_group, location=settings.location, opts=self._child_kept()
        )
        self.resource_group = group.name
        self.storage = self._storage(settings)
        self.account = self._account(settings)
        self.applications = {
            one.name: BatchApplication(
                f"app-{one.name}",
                one,
                resource_group_name=group.name,
                account=self.account,
                root=root,
                opts=self._child,
            )
            for one in settings.applications
        }
        self.pools = {
            one.name: BatchPool(
                f"pool-{one.name}",
                one,
                resource_group_name=group.name,
                account=self.account,
                applications=self.applications,
                opts=self._child,
            )
            for one in settings.pools
        }
        self.register_outputs({"resourceGroup": self.resource_group, "accountId": self.account.account_id})

    def _child_kept(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, protect=self._keep, retain_on_delete=self._keep)

    def _storage(self, settings: Environment) -> LinkedStorage | None:
        if settings.storage is None:
            return None
        return LinkedStorage(
            "storage",
            settings.storage,
            resource_group_name=self.resource_group,
            location=settings.location,
            keep=self._keep,
            opts=self._child,
        )

    def _account(self, settings: Environment) -> BatchAccount:
        return BatchAccount(
            "account",
            settings.account,
            resource_group_name=self.resource_group,
            location=settings.location,
            storage=self.storage,
            link=settings.storage,
            keep=self._keep,
            opts=self._child,
        )
