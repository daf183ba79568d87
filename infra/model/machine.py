"""The machines of a pool, as VirtualMachineConfiguration of Microsoft.Batch 2024-07-01 has them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from infra.model.base import ArmId, Model

__all__ = ["ContainerRegistry", "IdentityReference", "VirtualMachine"]


class IdentityReference(Model):
    """An identity of the pool."""

    resource_id: ArmId
    """A user-assigned identity that is among the pool's identities."""


class ContainerRegistry(Model):
    """A registry that images are pulled from."""

    registry_server: str | None = None
    """Host name; not set: docker.io."""
    user_name: str | None = None
    """User name, with a password."""
    password: SecretStr | None = None
    """Give it as a secret: ``pulumi config set --secret --path``."""
    identity_reference: IdentityReference | None = None
    """Instead of user name and password."""


class Containers(Model):
    """Makes tasks run in containers."""

    type: Literal["DockerCompatible", "CriCompatible"] = "DockerCompatible"
    """The kind of runtime."""
    container_image_names: tuple[str, ...] = ()
    """Images that every node pulls when it starts."""
    container_registries: tuple[ContainerRegistry, ...] = ()
    """Private registries."""


class DataDisk(Model):
    """An empty disk attached to every node."""

    lun: Annotated[int, Field(ge=0, le=63)]
    """Logical unit number, different for each disk."""
    disk_size_gb: Annotated[int, Field(ge=1)]
    """Size in GB."""
    caching: Literal["None", "ReadOnly", "ReadWrite"] | None = None
    """Host caching."""
    storage_account_type: Literal["Standard_LRS", "Premium_LRS", "StandardSSD_LRS"] | None = None
    """Kind of disk."""


class DiffDisk(Model):
    """An operating system disk on the host itself."""

    placement: Literal["CacheDisk"] = "CacheDisk"
    """Where on the host."""


class DiskSecurity(Model):
    """Encryption of a confidential machine's disk."""

    security_encryption_type: Literal["NonPersistedTPM", "VMGuestStateOnly"]
    """What is encrypted."""


class ManagedDisk(Model):
    """Kind of a managed disk."""

    storage_account_type: Literal["Standard_LRS", "Premium_LRS", "StandardSSD_LRS"] | None = None
    """Kind of disk."""
    security_profile: DiskSecurity | None = None
    """For confidential machines."""


class OsDisk(Model):
    """The operating system's disk."""

    caching: Literal["None", "ReadOnly", "ReadWrite"] | None = None
    """Host caching."""
    disk_size_gb: Annotated[int, Field(ge=1)] | None = None
    """Size in GB."""
    ephemeral_os_disk_settings: DiffDisk | None = None
    """Put it on the host."""
    managed_disk: ManagedDisk | None = None
    """Kind of managed disk."""
    write_accelerator_enabled: bool | None = None
    """Write accelerator."""


class DiskEncryption(Model):
    """Encryption at the nodes' operating system."""

    targets: tuple[Literal["OsDisk", "TemporaryDisk"], ...]
    """Which disks; Linux takes TemporaryDisk only."""


class Extension(Model):
    """A virtual machine extension."""

    name: str
    """Name on the node."""
    publisher: str
    """Publisher of its handler."""
    type: str
    """Type of its handler."""
    type_handler_version: str | None = None
    """Version of its handler."""
    auto_upgrade_minor_version: bool | None = None
    """Take newer minor versions when deployed."""
    enable_automatic_upgrade: bool | None = None
    """Take newer versions by itself."""
    settings: dict[str, Any] | None = None
    """Public settings."""
    protected_settings: SecretStr | None = None
    """Protected settings as JSON text; give it as a secret."""
    provision_after_extensions: tuple[str, ...] | None = None
    """Names of extensions to wait for."""


class NodePlacement(Model):
    """Where nodes are allocated."""

    policy: Literal["Regional", "Zonal"]
    """All in one place, or spread over zones."""


class Uefi(Model):
    """Firmware settings."""

    secure_boot_enabled: bool | None = None
    """Secure boot."""
    v_tpm_enabled: bool | None = None
    """Virtual TPM."""


class Security(Model):
    """Security of the machines."""

    security_type: Literal["trustedLaunch", "confidentialVM"] | None = None
    """Kind of machine."""
    encryption_at_host: bool | None = None
    """Encryption on the host, temporary disk included."""
    uefi_settings: Uefi | None = None
    """Firmware settings."""


class ServiceArtifact(Model):
    """A version set for automatic upgrades."""

    id: ArmId
    """Service artifact of a gallery."""


class Windows(Model):
    """Windows nodes."""

    enable_automatic_updates: bool
    """Windows Update."""


class VirtualMachine(Model):
    """The rest of the API's virtualMachineConfiguration."""

    container_configuration: Containers | None = None
    """Run tasks in containers."""
    data_disks: tuple[DataDisk, ...] | None = None
    """Disks beside the operating system's."""
    disk_encryption_configuration: DiskEncryption | None = None
    """Disk encryption."""
    extensions: tuple[Extension, ...] | None = None
    """Extensions."""
    license_type: Literal["Windows_Server", "Windows_Client"] | None = None
    """A licence of one's own."""
    node_placement_configuration: NodePlacement | None = None
    """Placement."""
    os_disk: OsDisk | None = None
    """The operating system's disk."""
    security_profile: Security | None = None
    """Security of the machines."""
    service_artifact_reference: ServiceArtifact | None = None
    """Version set for automatic upgrades."""
    windows_configuration: Windows | None = None
    """Windows only."""
