"""What nodes are given: network, file systems, users, upgrades; as Microsoft.Batch 2024-07-01 has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints
from pydantic.alias_generators import to_camel

from infra.model.base import ArmId, Duration, Fault, Model, rule
from infra.model.machine import IdentityReference

__all__ = ["Mount", "PoolNetwork", "Upgrade", "UserAccount"]


class SecurityRule(Model):
    """Who may reach an inbound port."""

    priority: Annotated[int, Field(ge=150, le=4096)]
    """Lower goes first."""
    access: Literal["Allow", "Deny"]
    """Allowed or not."""
    source_address_prefix: str
    """Address, range or ``*``."""
    source_port_ranges: tuple[str, ...] | None = None
    """Source ports; not set: all."""


class InboundNatPool(Model):
    """A port of the nodes that is reached from outside."""

    name: str
    """Its name."""
    protocol: Literal["TCP", "UDP"]
    """Protocol."""
    backend_port: Annotated[int, Field(ge=1, le=65535)]
    """Port on the node."""
    frontend_port_range_start: Annotated[int, Field(ge=1, le=65534)]
    """First public port."""
    frontend_port_range_end: Annotated[int, Field(ge=1, le=65534)]
    """Last public port."""
    network_security_group_rules: tuple[SecurityRule, ...] | None = None
    """Who may reach it."""


class Endpoints(Model):
    """Ports that are reached from outside."""

    inbound_nat_pools: tuple[InboundNatPool, ...]
    """At most 5."""


class PublicIp(Model):
    """Public addresses of the nodes."""

    provision: Literal["BatchManaged", "UserManaged", "NoPublicIPAddresses"]
    """Who provides them, if anyone."""
    ip_address_ids: tuple[ArmId, ...] | None = None
    """With UserManaged: the addresses."""


class PoolNetwork(Model):
    """How nodes are connected."""

    subnet_id: ArmId | None = None
    """A subnet of one's own; not set: the environment's, where it has one."""
    dynamic_vnet_assignment_scope: Literal["none", "job"] | None = None
    """Whether jobs may bring a network."""
    enable_accelerated_networking: bool | None = None
    """Accelerated networking."""
    endpoint_configuration: Endpoints | None = None
    """Inbound ports."""
    public_ip_address_configuration: PublicIp | None = None
    """Public addresses."""


class BlobMount(Model):
    """A blob container as a folder, by blobfuse."""

    account_name: str
    """Storage account."""
    container_name: str
    """Container."""
    relative_mount_path: str
    """Folder, relative to AZ_BATCH_NODE_MOUNTS_DIR."""
    account_key: SecretStr | None = None
    """One of accountKey, sasKey, identityReference."""
    sas_key: SecretStr | None = None
    """One of accountKey, sasKey, identityReference."""
    identity_reference: IdentityReference | None = None
    """One of accountKey, sasKey, identityReference."""
    blobfuse_options: str | None = None
    """Options of blobfuse."""


class FileShareMount(Model):
    """An Azure Files share."""

    account_name: str
    """Storage account."""
    account_key: SecretStr
    """Its key."""
    azure_file_url: str
    """URL of the share."""
    relative_mount_path: str
    """Folder, relative to AZ_BATCH_NODE_MOUNTS_DIR."""
    mount_options: str | None = None
    """Options of mount."""


class NfsMount(Model):
    """An NFS export."""

    source: str
    """URI of the export."""
    relative_mount_path: str
    """Folder, relative to AZ_BATCH_NODE_MOUNTS_DIR."""
    mount_options: str | None = None
    """Options of mount."""


class CifsMount(Model):
    """A CIFS share."""

    source: str
    """URI of the share."""
    user_name: str
    """User."""
    password: SecretStr
    """Password."""
    relative_mount_path: str
    """Folder, relative to AZ_BATCH_NODE_MOUNTS_DIR."""
    mount_options: str | None = None
    """Options of mount."""


class Mount(Model):
    """One file system that every node mounts."""

    azure_blob_file_system_configuration: BlobMount | None = None
    """A blob container."""
    azure_file_share_configuration: FileShareMount | None = None
    """An Azure Files share."""
    nfs_mount_configuration: NfsMount | None = None
    """An NFS export."""
    cifs_mount_configuration: CifsMount | None = None
    """A CIFS share."""

    @rule
    def _one_kind(self) -> Iterator[Fault]:
        kinds = type(self).model_fields
        if sum(getattr(self, name) is not None for name in kinds) != 1:
            yield to_camel(next(iter(kinds))), "or one of the others: a mount is exactly one of the four kinds"


class LinuxUser(Model):
    """A user account on Linux."""

    uid: int | None = None
    """User id, with gid."""
    gid: int | None = None
    """Group id, with uid."""
    ssh_private_key: SecretStr | None = None
    """Key for passwordless SSH between nodes."""


class WindowsUser(Model):
    """A user account on Windows."""

    login_mode: Literal["Batch", "Interactive"] | None = None
    """How it logs in."""


class UserAccount(Model):
    """A user of every node."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    """User name."""
    password: SecretStr
    """Password; give it as a secret."""
    elevation_level: Literal["NonAdmin", "Admin"] | None = None
    """Rights on the node."""
    linux_user_configuration: LinuxUser | None = None
    """Linux only."""
    windows_user_configuration: WindowsUser | None = None
    """Windows only."""


class OsUpgrade(Model):
    """Automatic upgrades of the operating system's image."""

    enable_automatic_os_upgrade: bool | None = None
    """Upgrade when a newer image is there."""
    disable_automatic_rollback: bool | None = None
    """Do not go back when it fails."""
    os_rolling_upgrade_deferral: bool | None = None
    """Wait while tasks run."""
    use_rolling_upgrade_policy: bool | None = None
    """Follow rollingUpgradePolicy."""


class RollingUpgrade(Model):
    """Upgrades in batches."""

    enable_cross_zone_upgrade: bool | None = None
    """Batches over zones."""
    max_batch_instance_percent: Annotated[int, Field(ge=5, le=100)] | None = None
    """Nodes at once, in per cent."""
    max_unhealthy_instance_percent: Annotated[int, Field(ge=5, le=100)] | None = None
    """Unhealthy nodes at most, in per cent."""
    max_unhealthy_upgraded_instance_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """Unhealthy upgraded nodes at most, in per cent."""
    pause_time_between_batches: Duration | None = None
    """Pause between batches."""
    prioritize_unhealthy_instances: bool | None = None
    """Unhealthy ones first."""
    rollback_failed_instances_on_policy_breach: bool | None = None
    """Roll back on a breach."""


class Upgrade(Model):
    """How nodes get new images."""

    mode: Literal["automatic", "manual", "rolling"]
    """Mode."""
    automatic_os_upgrade_policy: OsUpgrade | None = None
    """Automatic upgrades."""
    rolling_upgrade_policy: RollingUpgrade | None = None
    """Upgrades in batches."""
