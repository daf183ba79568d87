"""Pools: every property of Pool_Create of Microsoft.Batch 2024-07-01, flatter where that reads better.

What is rare keeps the API's own names and nesting (``virtualMachine``, ``network``, ``mounts``); what everyone sets has
short forms: an image by name, ``nodes`` or ``autoscale``, packages by application and version.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.model.application import ApplicationName, PackageVersion
from infra.model.base import ArmId, Fault, Model, Spelled, Tags, rule
from infra.model.image import Image, ImageName
from infra.model.machine import VirtualMachine
from infra.model.node_settings import Mount, PoolNetwork, Upgrade, UserAccount
from infra.model.scale import Autoscale, Drain, Nodes
from infra.model.start_task import StartTask

__all__ = ["OnChange", "PackageReference", "Pool", "PoolName"]

PoolName = Annotated[str, Spelled(r"^[A-Za-z0-9_-]{1,64}$", "1 to 64 letters, digits, dashes and underscores")]
"""1 to 64 letters, digits, dashes and underscores."""

OnChange = Literal["drain", "replace", "fail"]


class PackageReference(Model):
    """An application package that every node gets."""

    application: ApplicationName
    """One of applications."""
    version: PackageVersion | None = None
    """One of its packages; not set: the application's default."""


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
    drain: Drain = Field(default_factory=Drain)
    """How a drain treats running tasks."""
    wait_for_nodes: bool = True
    """Wait until a resize has ended and fail with Azure's resize errors; without it they are not seen."""

    @rule
    def _one_scale(self) -> Iterator[Fault]:
        if self.nodes is not None and self.autoscale is not None:
            yield "autoscale", "is there beside nodes: a pool has nodes or autoscale, not both"
