"""A whole environment, made of the other components."""

from __future__ import annotations

from pathlib import Path

import pulumi
from pulumi_azure_native import resources

from infra.components.access import Access, Locks, grant
from infra.components.account import BatchAccount
from infra.components.application import BatchApplication
from infra.components.monitoring import BatchMonitoring
from infra.components.network import BatchNetwork, PrivateEndpoints
from infra.components.pool import BatchPool
from infra.components.storage import LinkedStorage
from infra.components.tags import tag_children
from infra.model import Application, Environment, Pool
from infra.model.network import PrivateEndpointTarget

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
        self._settings, self._root = settings, root
        self._child = pulumi.ResourceOptions(parent=self)
        self._keep = settings.profile == "production"
        self.resource_group = resources.ResourceGroup(
            name,
            resource_group_name=settings.resource_group,
            location=settings.location,
            opts=pulumi.ResourceOptions(parent=self, protect=self._keep, retain_on_delete=self._keep),
        ).name
        self.storage = self._storage()
        self.account = self._account()
        network = self._network()
        linked = self._link_by_identity()
        self.applications = {one.name: self._application(one, linked) for one in settings.applications}
        self.pools = {one.name: self._pool(one, network) for one in settings.pools}
        self._private_endpoints(network)
        self._access()
        self._monitoring()
        self._locks()
        self.register_outputs({"resourceGroup": self.resource_group, "accountId": self.account.account_id})

    def _storage(self) -> LinkedStorage | None:
        if self._settings.storage is None:
            return None
        return LinkedStorage(
            "storage",
            self._settings.storage,
            resource_group_name=self.resource_group,
            location=self._settings.location,
            keep=self._keep,
            opts=self._child,
        )

    def _account(self) -> BatchAccount:
        return BatchAccount(
            "account",
            self._settings.account,
            resource_group_name=self.resource_group,
            location=self._settings.location,
            storage=self.storage,
            link=self._settings.storage,
            keep=self._keep,
            opts=self._child,
        )

    def _link_by_identity(self) -> list[pulumi.Resource]:
        """Let the account's own identity keep packages; identities that were brought have their roles already.

        Returns:
            What packages must wait for: without the role Batch cannot keep them.
        """
        settings = self._settings
        if self.storage is None or settings.storage is None or settings.storage.link != "identity":
            return []
        if settings.account.identities:
            return []
        role = grant(
            "account-storage",
            "blobDataContributor",
            principal_id=self.account.principal_id.apply(lambda id: id or ""),
            scope=self.storage.account_id,
            opts=self._child,
        )
        return [role]

    def _application(self, one: Application, linked: list[pulumi.Resource]) -> BatchApplication:
        return BatchApplication(
            f"app-{one.name}",
            one,
            resource_group_name=self.resource_group,
            account=self.account,
            root=self._root,
            after=linked,
            opts=self._child,
        )

    def _pool(self, one: Pool, network: BatchNetwork | None) -> BatchPool:
        return BatchPool(
            f"pool-{one.name}",
            one,
            resource_group_name=self.resource_group,
            account=self.account,
            applications=self.applications,
            subnet_id=network.pool_subnet_id if network else None,
            opts=self._child,
        )

    def _network(self) -> BatchNetwork | None:
        if self._settings.network is None:
            return None
        return BatchNetwork(
            "network",
            self._settings.network,
            resource_group_name=self.resource_group,
            location=self._settings.location,
            opts=self._child,
        )

    def _private_endpoints(self, network: BatchNetwork | None) -> None:
        if network is None or self._settings.network is None:
            return
        ids: dict[PrivateEndpointTarget, pulumi.Input[str]] = {
            "batchAccount": self.account.account_id,
            "nodeManagement": self.account.account_id,
        }
        if self.storage is not None:
            ids["blob"] = self.storage.account_id
        targets = {target: ids[target] for target in self._settings.network.private_endpoints}
        if targets:
            PrivateEndpoints(
                "endpoint",
                targets,
                place=network,
                resource_group_name=self.resource_group,
                location=self._settings.location,
                opts=self._child,
            )

    @property
    def _data(self) -> dict[str, pulumi.Output[str]]:
        """ARM ids of what holds data."""
        storage = {"storage": self.storage.account_id} if self.storage else {}
        return {"account": self.account.account_id, **storage}

    def _access(self) -> None:
        if self._settings.access:
            Access("access", self._settings.access, scopes=self._data, opts=self._child)

    def _monitoring(self) -> None:
        if self._settings.monitoring is not None:
            BatchMonitoring(
                "monitoring",
                self._settings.monitoring,
                account=self.account,
                resource_group_name=self.resource_group,
                location=self._settings.location,
                opts=self._child,
            )

    def _locks(self) -> None:
        if self._settings.locks:
            after = [self.account, *self.applications.values(), *self.pools.values()]
            Locks("lock", self._data, after=after, opts=self._child)
