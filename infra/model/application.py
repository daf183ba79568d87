"""Applications and their packages.

Source: Application_Create and ApplicationPackage_Create of Microsoft.Batch 2024-07-01.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from infra.model.base import Model, Spelled

__all__ = ["Application", "ApplicationName", "Package", "PackageVersion"]

ApplicationName = Annotated[str, Spelled(r"^[A-Za-z0-9_-]{1,64}$", "1 to 64 letters, digits, dashes and underscores")]
"""1 to 64 letters, digits, dashes and underscores."""

PackageVersion = Annotated[
    str, Spelled(r"^[A-Za-z0-9_.-]{1,64}$", "1 to 64 letters, digits, dots, dashes and underscores")
]
"""1 to 64 letters, digits, dots, dashes and underscores. Write it in quotes: 1.0 without them is a number."""


class Package(Model):
    """One version of an application, and where its content is."""

    version: PackageVersion
    """The version; nodes see it in the name of AZ_BATCH_APP_PACKAGE_<application>_<version>."""
    source: Annotated[str, StringConstraints(min_length=1)]
    """A folder or a .zip file, relative to the project's folder (where Pulumi.yaml is)."""


class Application(Model):
    """A program that nodes get installed."""

    name: ApplicationName
    """The application's id; Azure compares it without case."""
    display_name: str | None = None
    """A name for people."""
    allow_updates: bool = False
    """Whether a version's content may be replaced. Without it, other content needs another version."""
    packages: tuple[Package, ...] = ()
    """Its versions."""
    default: PackageVersion | None = None
    """The version nodes get when none is named; not set: the last of packages."""

    @property
    def default_version(self) -> str | None:
        """The version that is the default, if there is any."""
        return self.default or (self.packages[-1].version if self.packages else None)

    @model_validator(mode="after")
    def _versions_are_consistent(self) -> Self:
        versions = [package.version.lower() for package in self.packages]
        if len(set(versions)) != len(versions):
            raise ValueError("packages must have different versions (Azure compares them without case)")
        if self.default is not None and self.default.lower() not in versions:
            raise ValueError(f"default {self.default} is none of packages")
        return self
