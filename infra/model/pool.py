"""Pools: every property of Pool_Create of Microsoft.Batch 2024-07-01, flatter where that reads better.

What is rare keeps the API's own names and nesting (``virtualMachine``, ``network``, ``mounts``); what everyone sets has
short forms: an image by name, ``nodes`` or ``autoscale``, packages by application and version.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, StringConstraints
from pydantic.alias_generators import to_camel

from batchmgmt import autoscale
from infra.model.application import ApplicationName, PackageVersion
from infra.model.base import ArmId, Duration, Fault, Model, Spelled, Tags, rule, seconds

__all__ = [
    "IMAGES",
    "Autoscale",
    "Image",
    "Nodes",
    "OnChange",
    "PackageReference",
    "Pool",
    "PoolName",
    "StartTask",
    "UserAccount",
    "VirtualMachine",
]

PoolName = Annotated[str, Spelled(r"^[A-Za-z0-9_-]{1,64}$", "1 to 64 letters, digits, dashes and underscores")]
"""1 to 64 letters, digits, dashes and underscores."""

OnChange = Literal["drain", "replace", "fail"]


class Image(Model):
    """A marketplace image, or an image of one's own by id, with the node agent that fits it."""

    publisher: str | None = None
    """Publisher of a marketplace image."""
    offer: str | None = None
    """Its offer."""
    sku: str | None = None
    """Its sku."""
    version: str | None = None
    """Its version; not set: latest."""
    id: ArmId | None = None
    """An Azure Compute Gallery image instead."""
    shared_gallery_image_id: str | None = None
    """A shared gallery image instead."""
    community_gallery_image_id: str | None = None
    """A community gallery image instead."""
    node_agent: Annotated[str, Spelled(r"^batch\.node\..+$", "a node agent, such as batch.node.ubuntu 22.04")]
    """The node agent sku that goes with the image (``batchmgmt location images`` lists them)."""

    @rule
    def _one_kind(self) -> Iterator[Fault]:
        marketplace = (self.publisher, self.offer, self.sku)
        others = (self.id, self.shared_gallery_image_id, self.community_gallery_image_id)
        given = sum(other is not None for other in others)
        if any(marketplace) and not all(marketplace):
            yield "publisher", "needs offer and sku, and they it"
        if given + any(marketplace) != 1:
            yield "id", "or publisher, offer and sku: an image is named in exactly one way"


def _marketplace(publisher: str, offer: str, sku: str, node_agent: str) -> Image:
    return Image(publisher=publisher, offer=offer, sku=sku, node_agent=node_agent)


# Source: Location_ListSupportedImages (verified images), as documented for Batch in 2025.
IMAGES: Final[dict[str, Image]] = {
    "ubuntu-22.04": _marketplace("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "batch.node.ubuntu 22.04"),
    "ubuntu-24.04": _marketplace("canonical", "ubuntu-24_04-lts", "server", "batch.node.ubuntu 24.04"),
    "ubuntu-22.04-containers": _marketplace("microsoft-dsvm", "ubuntu-hpc", "2204", "batch.node.ubuntu 22.04"),
    "windows-2022": _marketplace(
        "microsoftwindowsserver", "windowsserver", "2022-datacenter-smalldisk", "batch.node.windows amd64"
    ),
}

ImageName = Literal["ubuntu-22.04", "ubuntu-24.04", "ubuntu-22.04-containers", "windows-2022"]


class Nodes(Model):
    """A fixed number of nodes."""

    dedicated: Annotated[int, Field(ge=0)] = 0
    """Nodes that stay."""
    spot: Annotated[int, Field(ge=0)] = 0
    """Cheaper nodes that Azure may take back at any time."""
    resize_timeout: Duration = "PT15M"
    """How long a resize may take; at least 5 minutes."""

    @rule
    def _resize_has_time(self) -> Iterator[Fault]:
        if seconds(self.resize_timeout) < 300:
            yield "resizeTimeout", f"must be at least PT5M (found {self.resize_timeout})"


READY_FORMULAS: Final = ("officeHours", "pendingTasks")
"""Names of ready formulas; their texts are in ``infra.formulas``."""


class Autoscale(Model):
    """A formula decides the number of nodes."""

    formula: Annotated[str, StringConstraints(min_length=1)] = "pendingTasks"
    """A ready formula by name (pendingTasks: nodes for the waiting tasks; officeHours: maximum on working days from
    8 to 18 UTC, else minimum), or the text of a formula of one's own."""
    minimum: Annotated[int, Field(ge=0)] = 0
    """Nodes that a ready formula always keeps."""
    maximum: Annotated[int, Field(ge=1)] = 4
    """Nodes that a ready formula never exceeds."""
    spot: bool = False
    """Whether a ready formula asks for spot nodes instead of dedicated ones."""
    interval: Duration = "PT5M"
    """Time between evaluations; 5 minutes to 168 hours."""

    @rule
    def _ordered(self) -> Iterator[Fault]:
        if self.minimum > self.maximum:
            yield "minimum", f"{self.minimum} is more than maximum {self.maximum}"

    @rule
    def _formula_is_one(self) -> Iterator[Fault]:
        if self.formula in READY_FORMULAS:
            return
        for found in autoscale.errors(autoscale.check(self.formula)):
            mend = f"; {found.mend}" if found.mend else ""
            told = f"line {found.at.line}, column {found.at.column}: {found.message}{mend}"
            yield "formula", f"is neither {' nor '.join(READY_FORMULAS)} nor a formula that Azure takes: {told}"

    @rule
    def _evaluated_in_time(self) -> Iterator[Fault]:
        if not 300 <= seconds(self.interval) <= 168 * 3600:
            yield "interval", f"must be from PT5M to PT168H (found {self.interval})"


class PackageReference(Model):
    """An application package that every node gets."""

    application: ApplicationName
    """One of applications."""
    version: PackageVersion | None = None
    """One of its packages; not set: the application's default."""


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


class AutoUser(Model):
    """A user that Batch makes for the task."""

    elevation_level: Literal["NonAdmin", "Admin"] | None = None
    """Rights on the node."""
    scope: Literal["Task", "Pool"] | None = None
    """One a task, or one for the pool."""


class UserIdentity(Model):
    """Who a start task runs as."""

    user_name: str | None = None
    """One of the pool's user accounts."""
    auto_user: AutoUser | None = None
    """Or a user that Batch makes."""


class EnvironmentSetting(Model):
    """An environment variable."""

    name: str
    """Its name."""
    value: str | None = None
    """Its value."""


class ResourceFile(Model):
    """A file that is fetched to the node before the task starts."""

    auto_storage_container_name: str | None = None
    """A container of the linked storage account."""
    storage_container_url: str | None = None
    """A container by URL."""
    http_url: str | None = None
    """A file by URL."""
    blob_prefix: str | None = None
    """With a container: only blobs that start so."""
    file_path: str | None = None
    """Where it goes, relative to the task's working directory."""
    file_mode: str | None = None
    """Octal mode on Linux."""
    identity_reference: IdentityReference | None = None
    """Who fetches it."""


class BindMount(Model):
    """A folder of the node in the container."""

    source: Literal["Shared", "Startup", "VfsMounts", "Task", "JobPrep", "Applications"] | None = None
    """Which one."""
    is_read_only: bool | None = None
    """Read only."""


class TaskContainer(Model):
    """The container a start task runs in."""

    image_name: str
    """Its image."""
    container_run_options: str | None = None
    """More options for the runtime."""
    container_host_batch_bind_mounts: tuple[BindMount, ...] | None = None
    """Folders of the node; not set: all."""
    registry: ContainerRegistry | None = None
    """A private registry."""
    working_directory: Literal["TaskWorkingDirectory", "ContainerImageDefault"] | None = None
    """Where it starts."""


class StartTask(Model):
    """What every node runs before it takes tasks."""

    command_line: Annotated[str, StringConstraints(min_length=1)]
    """The command; no shell unless it names one."""
    wait_for_success: bool = True
    """Take tasks only after it succeeded."""
    max_task_retry_count: Annotated[int, Field(ge=-1)] = 0
    """Retries; -1 without end."""
    environment_settings: tuple[EnvironmentSetting, ...] | None = None
    """Environment variables."""
    resource_files: tuple[ResourceFile, ...] | None = None
    """Files it needs."""
    user_identity: UserIdentity | None = None
    """Who it runs as; not set: a user made for it without administrator's rights."""
    container_settings: TaskContainer | None = None
    """The container it runs in."""


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


class Drain(Model):
    """How nodes leave before a change that needs an empty pool."""

    deallocation: Literal["TaskCompletion", "Requeue", "Terminate"] = "TaskCompletion"
    """What becomes of running tasks: they end first, start again on other nodes, or are ended."""
    timeout: Duration = "PT1H"
    """How long it may take; at least 5 minutes. When it is over, nothing is changed."""


class Pool(Model):
    """A pool of nodes. Unless told otherwise: Ubuntu 22.04, the smallest sensible machine, no nodes, no cost."""

    name: PoolName
    """The pool's id."""
    display_name: str | None = None
    """A name for people."""
    vm_size: Annotated[str, StringConstraints(min_length=1)] = "Standard_D2s_v5"
    """Size of the virtual machines."""
    image: ImageName | Image = "ubuntu-22.04"
    """A ready image by name, or an image reference with its node agent."""
    nodes: Nodes | None = None
    """A fixed number of nodes; not set, and no autoscale: none."""
    autoscale: Autoscale | None = None
    """A formula instead of nodes."""
    task_slots_per_node: Annotated[int, Field(ge=1, le=256)] = 1
    """Tasks that run on a node at once; at most 4 times its cores."""
    task_scheduling: Literal["Spread", "Pack"] = "Spread"
    """Spread tasks over nodes, or fill node after node."""
    packages: Annotated[tuple[PackageReference, ...], Field(max_length=10)] = ()
    """Application packages that every node gets."""
    start_task: StartTask | None = None
    """What every node runs before it takes tasks."""
    identities: tuple[ArmId, ...] = ()
    """User-assigned identities of the nodes."""
    inter_node_communication: bool = False
    """Whether nodes may talk to each other; limits the size of the pool."""
    node_communication: Literal["Default", "Classic", "Simplified"] | None = None
    """How nodes talk to Batch."""
    virtual_machine: VirtualMachine = Field(default_factory=VirtualMachine)
    """More about the machines: containers, disks, extensions, placement, security."""
    network: PoolNetwork | None = None
    """How nodes are connected."""
    mounts: tuple[Mount, ...] = ()
    """File systems that every node mounts."""
    user_accounts: tuple[UserAccount, ...] = ()
    """Users of every node."""
    upgrade: Upgrade | None = None
    """How nodes get new images."""
    application_licenses: tuple[str, ...] = ()
    """Licences that Batch lends by the minute."""
    metadata: dict[str, str] = Field(default_factory=dict)
    """Names and values for tools of one's own."""
    tags: Tags = Field(default_factory=dict)
    """Tags of the pool as a resource of ARM."""
    resource_tags: Tags = Field(default_factory=dict)
    """Tags of the resources that Azure makes for the pool (UserSubscription accounts)."""
    on_change: OnChange = "fail"
    """What happens when a property changes that Azure takes only on an empty pool, and this one has nodes. drain: its
    nodes leave when their tasks are done, it is changed in place and scaled back. replace: a new pool (NAME-2) is made,
    then the old one is deleted. fail: nothing is changed, and the message says what could be done."""
    drain: Drain = Field(default_factory=lambda: Drain())
    """How a drain treats running tasks."""
    wait_for_nodes: bool = True
    """Wait until a resize has ended and fail with Azure's resize errors; without it they are not seen."""

    @rule
    def _one_scale(self) -> Iterator[Fault]:
        if self.nodes is not None and self.autoscale is not None:
            yield "autoscale", "is there beside nodes: a pool has nodes or autoscale, not both"
