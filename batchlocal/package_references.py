"""What pools and tasks may reference of an account's applications; both planes ask it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.domain.refusals import Refusal
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["APPLICATION_TYPE", "PackageReferenceInvalid", "active_versions", "check_packages"]

APPLICATION_TYPE = "Microsoft.Batch/batchAccounts/applications"


@dataclass(eq=False)
class PackageReferenceInvalid(Refusal):
    """An application package is referenced that nodes could not have."""

    application: str
    reason: str


def check_packages(tx: Tx, account: Resource, properties: dict[str, Any]) -> None:
    """What a pool references must be there: the version that it names, or a default version (Task - Add).

    Raises:
        PackageReferenceInvalid
    """
    for reference in properties.get("applicationPackageReferences") or []:
        name = str(reference["applicationId"])
        application = tx.resources.find(f"{account.id}/applications/{name}")
        version = reference.get("version")
        if application is not None and not version:
            version = application.body["properties"].get("defaultVersion")
            if not version:
                raise PackageReferenceInvalid(name, "The specified application does not have a default version.")
        if application is None or version not in active_versions(tx, application):
            raise PackageReferenceInvalid(name, "The specified application package does not exist.")


def active_versions(tx: Tx, application: Resource) -> list[str]:
    """The versions of an application that nodes can have."""
    packages = tx.resources.children(application.id, f"{APPLICATION_TYPE}/versions")
    return [package.name for package in packages if package.body["properties"]["state"] == "Active"]
