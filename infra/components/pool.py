"""Pools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi
from pulumi_azure_native import batch
from pydantic import SecretStr

from infra.components.account import BatchAccount
from infra.components.application import BatchApplication
from infra.formulas import formula_of
from infra.model import Image, Pool
from infra.model.base import plain
from infra.model.pool import IMAGES, PackageReference

__all__ = ["WHEN_EMPTY", "BatchPool"]

# What Azure changes only while a pool has no node. Source: Microsoft's "Update pool properties", for management API
# 2024-07-01 and later. All else in the list of properties can be changed at any time.
WHEN_EMPTY: Final = (
    "deploymentConfiguration",
    "displayName",
    "interNodeCommunication",
    "mountConfiguration",
    "networkConfiguration",
    "resourceTags",
    "targetNodeCommunicationMode",
    "taskSchedulingPolicy",
    "taskSlotsPerNode",
    "upgradePolicy",
    "userAccounts",
    "vmSize",
)


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
        pool = batch.Pool(
            name,
            pool_name=settings.name,
            account_name=account.account_name,
            resource_group_name=resource_group_name,
            display_name=settings.display_name,
            vm_size=settings.vm_size,
            deployment_configuration={"virtual_machine_configuration": _virtual_machine(settings)},
            scale_settings=_scale(settings),
            task_slots_per_node=settings.task_slots_per_node,
            task_scheduling_policy={"node_fill_type": batch.ComputeNodeFillType(settings.task_scheduling)},
            application_packages=[_package(one, applications or {}) for one in settings.packages] or None,
            start_task=_given(settings.start_task),
            identity=_identity(settings),
            inter_node_communication=batch.InterNodeCommunicationState(
                "Enabled" if settings.inter_node_communication else "Disabled"
            ),
            target_node_communication_mode=(
                batch.NodeCommunicationMode(settings.node_communication) if settings.node_communication else None
            ),
            network_configuration=_network(settings, subnet_id),
            mount_configuration=[_given(mount) for mount in settings.mounts] or None,
            user_accounts=[_given(user) for user in settings.user_accounts] or None,
            upgrade_policy=_given(settings.upgrade),
            application_licenses=list(settings.application_licenses) or None,
            metadata=[{"name": name, "value": value} for name, value in settings.metadata.items()] or None,
            resource_tags=settings.resource_tags or None,
            # Names are fixed, so the old pool goes first.
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,
                replace_on_changes=list(WHEN_EMPTY) if settings.on_change == "replace" else None,
            ),
        )
        self.pool_id, self.pool_name = pool.id, pool.name
        self.register_outputs({"poolId": self.pool_id, "poolName": self.pool_name})


def _secret(value: SecretStr) -> pulumi.Output[str]:
    return pulumi.Output.secret(value.get_secret_value())


def _given(settings: object) -> Any:
    """Settings that are named as the API names them, secrets as secrets; None stays None."""
    return plain(settings, secret=_secret)


def _virtual_machine(settings: Pool) -> Any:
    image = settings.image if isinstance(settings.image, Image) else IMAGES[settings.image]
    reference = {name: value for name, value in plain(image).items() if name != "node_agent"}
    if image.publisher is not None:
        reference.setdefault("version", "latest")
    rest = _given(settings.virtual_machine)
    return {"image_reference": reference, "node_agent_sku_id": image.node_agent, **rest}


def _scale(settings: Pool) -> batch.ScaleSettingsArgsDict:
    if settings.autoscale is not None:
        formula = formula_of(settings.autoscale, settings.task_slots_per_node)
        return {"auto_scale": {"formula": formula, "evaluation_interval": settings.autoscale.interval}}
    nodes = settings.nodes
    return {
        "fixed_scale": {
            "target_dedicated_nodes": nodes.dedicated if nodes else 0,
            "target_low_priority_nodes": nodes.spot if nodes else 0,
            "resize_timeout": nodes.resize_timeout if nodes else "PT15M",
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
