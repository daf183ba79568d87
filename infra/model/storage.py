"""The linked storage account's settings. Source: StorageAccounts_Create of Microsoft.Storage 2024-01-01."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from infra.model.base import ArmId, Fault, Model, Spelled, Tags, rule

__all__ = ["LifecycleRule", "Storage", "StorageName"]

StorageName = Annotated[str, Spelled(r"^[a-z0-9]{3,24}$", "3 to 24 lower-case letters and digits")]
"""3 to 24 lower-case letters and digits, unique in all of Azure."""

ContainerName = Annotated[
    str, Spelled(r"^[a-z0-9](-?[a-z0-9]){2,62}$", "3 to 63 lower-case letters, digits and single dashes")
]
"""3 to 63 lower-case letters, digits and single dashes."""


class LifecycleRule(Model):
    """Deletes or cools old blobs, so that outputs of tasks do not pile up."""

    name: Annotated[str, Spelled(r"^[A-Za-z0-9-]{1,256}$", "letters, digits and dashes")]
    """The rule's name."""
    prefixes: tuple[str, ...] = ()
    """Container or container/path prefixes it is for; none: all blobs."""
    cool_after_days: Annotated[int, Field(ge=0)] | None = None
    """Days without a change after which a blob goes to the cool tier."""
    delete_after_days: Annotated[int, Field(ge=0)] | None = None
    """Days without a change after which a blob is deleted."""

    @rule
    def _does_something(self) -> Iterator[Fault]:
        if self.cool_after_days is None and self.delete_after_days is None:
            yield "deleteAfterDays", "or coolAfterDays must be set"


class Storage(Model):
    """The storage account linked to the Batch account: packages, resource files and outputs live there."""

    name: StorageName
    """Part of the blob endpoint."""
    sku: Literal[
        "Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS", "Standard_RAGRS", "Standard_RAGZRS"
    ] = "Standard_LRS"
    """How the data is replicated."""
    link: Literal["keys", "identity"] = "keys"
    """How Batch reaches it: with the storage account's keys, or as the Batch account's identity."""
    node_identity: ArmId | None = None
    """With link identity: the user-assigned identity with which nodes fetch packages; pools must carry it."""
    shared_keys: bool = True
    """Whether the storage account takes its keys at all; link keys needs it."""
    public_access: bool = True
    """Whether public networks reach it; without it, a private endpoint must."""
    containers: tuple[ContainerName, ...] = ()
    """Blob containers to make, private ones."""
    lifecycle: tuple[LifecycleRule, ...] = ()
    """Rules on old blobs."""
    tags: Tags = Field(default_factory=dict)
    """Tags of the storage account only."""

    @rule
    def _keys_are_taken(self) -> Iterator[Fault]:
        if self.link == "keys" and not self.shared_keys:
            yield "link", "keys needs sharedKeys: true; use identity instead"

    @rule
    def _nodes_have_an_identity(self) -> Iterator[Fault]:
        if self.node_identity is not None and self.link != "identity":
            yield "nodeIdentity", "is for link identity"
