"""Applications and their packages.

Source: Application_Create and ApplicationPackage_Create of Microsoft.Batch 2024-07-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import StringConstraints

from infra.model.base import Fault, Model, Spelled, rule

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
    """A folder or a .zip file, relative to the project's folder (where Pulumi.yaml is), or the https URL of a .zip."""
    sha256: Annotated[str, Spelled(r"^[0-9a-f]{64}$", "64 lower-case hexadecimal digits")] | None = None
    """SHA-256 of what a URL gives, which it is held to; required with a URL, and only then."""

    @property
    def is_remote(self) -> bool:
        """Whether the content is fetched from a URL."""
        return "://" in self.source

    @rule
    def _a_url_is_pinned(self) -> Iterator[Fault]:
        if (self.sha256 is not None) != self.is_remote:
            yield "sha256", "is needed with a URL as source, and only then"

    @rule
    def _a_url_is_plain(self) -> Iterator[Fault]:
        if self.is_remote and not self.source.startswith("https://"):
            yield "source", "must be a folder, a .zip file, or an https URL"
        elif "?" in self.source and self.is_remote:
            yield "source", "must have no query: signatures and tokens do not belong in settings or state"


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

    @rule
    def _versions_differ(self) -> Iterator[Fault]:
        versions = [package.version.lower() for package in self.packages]
        if len(set(versions)) != len(versions):
            yield "packages", "must have different versions (Azure compares them without case)"

    @rule
    def _default_is_there(self) -> Iterator[Fault]:
        versions = [package.version for package in self.packages]
        if self.default is not None and self.default.lower() not in map(str.lower, versions):
            yield "default", f"must be one of the packages' versions: {', '.join(versions)} (found {self.default})"
