"""A whole environment: what a stack's file may say."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.model.access import ROLES, Grant
from infra.model.account import Account
from infra.model.application import Application
from infra.model.base import Model, Spelled, Tags
from infra.model.monitoring import Monitoring
from infra.model.network import Network
from infra.model.pool import Pool
from infra.model.storage import Storage

__all__ = ["Environment"]

ResourceGroupName = Annotated[
    str,
    Spelled(
        r"^[-\w.()]{0,89}[-\w()]$",
        "up to 90 letters, digits, dashes, dots, underscores and parentheses, no dot at the end",
    ),
]
"""1 to 90 letters, digits, dashes, dots, underscores and parentheses, no dot at the end."""


class Environment(Model):
    """One Batch environment: an account, its storage, its applications and pools."""

    location: Annotated[str, Spelled(r"^[a-z0-9]+$", "a region's short name, such as westeurope")]
    """Region, by its short name such as westeurope."""
    resource_group: ResourceGroupName
    """Resource group that is made for the environment, and goes with it."""
    profile: Literal["development", "production"] = "development"
    """production protects the account and the storage from deletion and keeps them when the stack is destroyed."""
    account: Account
    """The Batch account."""
    storage: Storage | None = None
    """The linked storage account; application packages need it."""
    applications: tuple[Application, ...] = ()
    """Programs that nodes get installed."""
    pools: tuple[Pool, ...] = ()
    """Pools of nodes."""
    network: Network | None = None
    """Where nodes and private endpoints live; not set: networks that Batch provides."""
    access: tuple[Grant, ...] = ()
    """Who may do what with the account and its storage."""
    monitoring: Monitoring | None = None
    """Logs, metrics and alerts; not set: none."""
    locks: bool = False
    """Lock the account and the storage against deletion by anyone; to destroy the stack, set it to false first."""
    tags: Tags = Field(default_factory=dict)
    """Tags of everything that takes tags."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for what, named in (("pools", self.pools), ("applications", self.applications)):
            names = [one.name.lower() for one in named]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} must have different names, without regard to case: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _packages_have_storage(self) -> Self:
        if self.applications and self.storage is None:
            raise ValueError("applications need storage: their packages are kept in the linked storage account")
        return self

    @model_validator(mode="after")
    def _storage_scopes_exist(self) -> Self:
        if self.storage is None and any(ROLES[role].scope == "storage" for one in self.access for role in one.roles):
            raise ValueError("access: roles on blobs need storage")
        if self.storage is None and self.network and "blob" in self.network.private_endpoints:
            raise ValueError("network: a private endpoint for blob needs storage")
        return self

    @model_validator(mode="after")
    def _references_exist(self) -> Self:
        known = {one.name.lower(): {package.version.lower() for package in one.packages} for one in self.applications}
        for pool in self.pools:
            for reference in pool.packages:
                versions = known.get(reference.application.lower())
                if versions is None:
                    raise ValueError(f"pool {pool.name} wants application {reference.application}, which is not there")
                if reference.version is not None and reference.version.lower() not in versions:
                    raise ValueError(
                        f"pool {pool.name} wants {reference.application} {reference.version}, which is no package of it"
                    )
        return self
