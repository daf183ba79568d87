"""Pools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pulumi
from pulumi_azure_native import batch
from pydantic import SecretStr
from pydantic.alias_generators import to_camel

from infra.components.account import BatchAccount
from infra.components.application import BatchApplication
from infra.formulas import formula_of
from infra.model import Image, Nodes, Pool
from infra.model.base import plain, seconds
from infra.model.image import IMAGES
from infra.model.pool import PackageReference
from infra.resources import PoolChange, PoolNodes

__all__ = ["BatchPool", "lasting"]

GRACE: Final = 300
"""Seconds that a resize is waited for beyond its own time-out."""


class BatchPool(pulumi.ComponentResource):
    """A pool of nodes with its application packages.

    Attributes:
        pool_id: its ARM id. pool_name: its id within the account.
    """

    pool_id: pulumi.Output[str]
    pool_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        settings: Pool,
        *,
        resource_group_name: pulumi.Input[str],
        account: BatchAccount,
        applications: Mapping[str, BatchApplication] | None = None,
        subnet_id: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            applications: by name; those that the settings' packages name must be among them.
            subnet_id: where the nodes go unless the settings name a subnet.
        """
        super().__init__("batchenv:index:BatchPool", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._place: dict[str, Any] = {
            "subscription_id": account.account_id.apply(lambda id: id.split("/")[2]),
            "resource_group_name": resource_group_name,
            "account_name": account.account_name,
        }
        properties = lasting(settings, subnet_id)
        change = self._change(name, settings, properties)
        pool = batch.Pool(
            name,
            pool_name=change.current_name,
            account_name=account.account_name,
            resource_group_name=resource_group_name,
            scale_settings=_scale(settings),
            application_packages=[_package(one, applications or {}) for one in settings.packages] or None,
            start_task=_sealed(settings.start_task),
            identity=_identity(settings),
            metadata=[{"name": name, "value": value} for name, value in settings.metadata.items()] or None,
            **_sealed(properties),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=settings.on_change != "replace"),
        )
        self.pool_id, self.pool_name = pool.id, pool.name
        self._nodes(name, settings, change)
        self.register_outputs({"poolId": self.pool_id, "poolName": self.pool_name})

    def _change(self, name: str, settings: Pool, properties: Mapping[str, Any]) -> PoolChange:
        secrets = dict(_secrets("", properties))
        return PoolChange(
            name,
            **self._place,
            pool_name=settings.name,
            on_change=settings.on_change,
            deallocation=settings.drain.deallocation,
            drain_seconds=seconds(settings.drain.timeout),
            settings=_spelt(properties),
            secrets=pulumi.Output.secret(secrets) if secrets else None,
            opts=self._child,
        )

    def _nodes(self, name: str, settings: Pool, change: PoolChange) -> PoolNodes:
        timeout = settings.nodes.resize_timeout if settings.nodes else Nodes().resize_timeout
        return PoolNodes(
            name,
            **self._place,
            pool_name=self.pool_name,
            scale=_targets(settings),
            drains=change.drains,
            wait=settings.wait_for_nodes,
            wait_seconds=seconds(timeout) + GRACE,
            opts=self._child,
        )


def lasting(settings: Pool, subnet_id: pulumi.Input[str] | None = None) -> dict[str, Any]:
    """The pool's properties that Azure does not change at any time, in the SDK's spelling; secrets as SecretStr."""
    return {
        "display_name": settings.display_name,
        "vm_size": settings.vm_size,
        "deployment_configuration": {"virtual_machine_configuration": _virtual_machine(settings)},
        "task_slots_per_node": settings.task_slots_per_node,
        "task_scheduling_policy": {"node_fill_type": settings.task_scheduling},
        "inter_node_communication": "Enabled" if settings.inter_node_communication else "Disabled",
        "target_node_communication_mode": settings.node_communication,
        "network_configuration": _network(settings, subnet_id),
        "mount_configuration": _given(settings.mounts) or None,
        "user_accounts": _given(settings.user_accounts) or None,
        "upgrade_policy": _given(settings.upgrade),
        "application_licenses": list(settings.application_licenses) or None,
        "resource_tags": settings.resource_tags or None,
        "tags": settings.tags or None,
    }


def _given(settings: object) -> Any:
    """Settings that are named as the API names them, secrets as they are; None stays None."""
    return plain(settings, secret=lambda secret: secret)


def _sealed(value: Any) -> Any:
    """With secrets as Pulumi's."""
    return plain(value, secret=lambda secret: pulumi.Output.secret(secret.get_secret_value()))


_OF_USERS: Final = frozenset({"resource_tags", "settings", "tags"})
"""Maps whose keys are not ours to spell."""


def _spelt(value: Any) -> Any:
    """In the management plane's spelling, without secrets and what is not set."""
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if inner is not None and not isinstance(inner, SecretStr)}
        return {to_camel(name): inner if name in _OF_USERS else _spelt(inner) for name, inner in kept.items()}
    return [_spelt(item) for item in value] if isinstance(value, list) else value


def _secrets(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Secrets by their path in the management plane's spelling."""
    if isinstance(value, SecretStr):
        yield path, value.get_secret_value()
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _secrets(f"{path}.{to_camel(name)}" if path else to_camel(name), inner)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _secrets(f"{path}[{number}]", item)


def _virtual_machine(settings: Pool) -> Any:
    image = settings.image if isinstance(settings.image, Image) else IMAGES[settings.image]
    reference = {name: value for name, value in plain(image).items() if name != "node_agent"}
    if image.publisher is not None:
        reference.setdefault("version", "latest")
    rest = _given(settings.virtual_machine)
    return {"image_reference": reference, "node_agent_sku_id": image.node_agent, **rest}


def _targets(settings: Pool) -> dict[str, Any]:
    """The scale settings as ``PoolNodes`` takes them."""
    if settings.autoscale is not None:
        formula = formula_of(settings.autoscale, settings.task_slots_per_node)
        return {"formula": formula, "intervalSeconds": seconds(settings.autoscale.interval)}
    nodes = settings.nodes or Nodes()
    return {"dedicated": nodes.dedicated, "spot": nodes.spot}


def _scale(settings: Pool) -> batch.ScaleSettingsArgsDict:
    if settings.autoscale is not None:
        formula = formula_of(settings.autoscale, settings.task_slots_per_node)
        return {"auto_scale": {"formula": formula, "evaluation_interval": settings.autoscale.interval}}
    nodes = settings.nodes or Nodes()
    return {
        "fixed_scale": {
            "target_dedicated_nodes": nodes.dedicated,
            "target_low_priority_nodes": nodes.spot,
            "resize_timeout": nodes.resize_timeout,
        }
    }


def _package(
    reference: PackageReference, applications: Mapping[str, BatchApplication]
) -> batch.ApplicationPackageReferenceArgsDict:
    """By outputs of the package, so that the pool waits until it is active."""
    known = {name.lower(): application for name, application in applications.items()}
    application = known[reference.application.lower()]
    if reference.version is None:
        return {
            "id": pulumi.Output.all(application.application_id, application.default_version).apply(lambda of: of[0])
        }
    versions = {version.lower(): package for version, package in application.packages.items()}
    return {"id": application.application_id, "version": versions[reference.version.lower()].version}


def _identity(settings: Pool) -> batch.BatchPoolIdentityArgsDict | None:
    if not settings.identities:
        return None
    return {"type": batch.PoolIdentityType.USER_ASSIGNED, "user_assigned_identities": list(settings.identities)}


def _network(settings: Pool, subnet_id: pulumi.Input[str] | None) -> Any:
    network = _given(settings.network) or {}
    if subnet_id is not None:
        network.setdefault("subnet_id", subnet_id)
    return network or None
