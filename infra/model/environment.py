"""A whole environment: what a stack's file may say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field

from infra.model.access import ROLES, Grant
from infra.model.account import Account
from infra.model.application import Application
from infra.model.base import Fault, Model, Spelled, Tags, rule
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
    """The Batch account of the environment."""
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

    @rule
    def _pools_differ(self) -> Iterator[Fault]:
        yield from _twice("pools", [one.name for one in self.pools])

    @rule
    def _applications_differ(self) -> Iterator[Fault]:
        yield from _twice("applications", [one.name for one in self.applications])

    @rule
    def _packages_have_storage(self) -> Iterator[Fault]:
        if self.storage is None and self.applications:
            yield "storage", "is needed by applications: their packages are kept in the linked storage account"

    @rule
    def _storage_scopes_exist(self) -> Iterator[Fault]:
        for number, one in enumerate(self.access if self.storage is None else ()):
            on_blobs = [role for role in one.roles if ROLES[role].scope == "storage"]
            if on_blobs:
                yield f"access[{number}].roles", f"{', '.join(on_blobs)} need storage"

    @rule
    def _endpoint_of_blobs_has_storage(self) -> Iterator[Fault]:
        if self.storage is None and self.network is not None and "blob" in self.network.private_endpoints:
            yield "network.privateEndpoints", "blob needs storage"

    @rule
    def _references_exist(self) -> Iterator[Fault]:
        known = {one.name.lower(): {package.version.lower() for package in one.packages} for one in self.applications}
        for number, pool in enumerate(self.pools):
            for place, reference in enumerate(pool.packages):
                path = f"pools[{number}].packages[{place}]"
                versions = known.get(reference.application.lower())
                if versions is None:
                    yield f"{path}.application", f"{reference.application} is none of applications{_of(known)}"
                elif reference.version is not None and reference.version.lower() not in versions:
                    told = f"{reference.version} is no package of {reference.application}{_of(versions)}"
                    yield f"{path}.version", told


def _of(known: Iterable[str]) -> str:
    return f" ({', '.join(sorted(known))})" if known else " (there are none)"


def _twice(what: str, names: list[str]) -> Iterator[Fault]:
    lowered = [name.lower() for name in names]
    twice = sorted({name for name in lowered if lowered.count(name) > 1})
    if twice:
        yield what, f"must have different names, without regard to case: {', '.join(twice)}"
