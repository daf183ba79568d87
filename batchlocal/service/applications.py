"""Applications at the service plane: which there are, and what pools and tasks may reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of, selected
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.registry import handles
from batchlocal.store.resources import Resource

__all__ = ["PackageReferenceInvalid", "check_packages"]

_APPLICATION = "Microsoft.Batch/batchAccounts/applications"


@dataclass(eq=False)
class ApplicationNotFound(Refusal):
    """The account has no application of this id."""


@dataclass(eq=False)
class PackageReferenceInvalid(Refusal):
    """An application package is referenced that nodes could not have."""

    application: str
    reason: str


CATALOGUE.update(
    {
        ApplicationNotFound: worded(404, "ApplicationNotFound", "The specified application does not exist."),
        PackageReferenceInvalid: worded(
            409,
            "InvalidApplicationPackageReferences",
            "One or more of the specified application package references are invalid.",
            **{"{application}": "{reason}"},
        ),
    }
)


@handles("Application_List")
def list_applications(call: ServiceCall) -> Answer:
    """The account's applications that have an active version."""
    found = [one for one in call.tx.resources.children(call.account.id, _APPLICATION) if _versions(call, one)]
    return page_of(call, "listapplicationsummariesresponses", found, lambda one: one.key, lambda one: _shown(call, one))


@handles("Application_Get")
def get_application(call: ServiceCall) -> Answer:
    """One application."""
    found = _application(call, call.parameters["applicationId"])
    if found is None:
        raise ApplicationNotFound
    body = selected(call, _shown(call, found))
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#getapplicationsummaryresponse/@Element", **body})


def check_packages(call: ServiceCall, properties: dict[str, Any]) -> None:
    """What a pool references must be there: the version that it names, or a default version (Task - Add).

    Raises:
        PackageReferenceInvalid
    """
    for reference in properties.get("applicationPackageReferences") or []:
        name = str(reference["applicationId"])
        application = _application(call, name)
        version = reference.get("version")
        if application is not None and not version:
            version = application.body["properties"].get("defaultVersion")
            if not version:
                raise PackageReferenceInvalid(name, "The specified application does not have a default version.")
        if application is None or version not in _versions(call, application):
            raise PackageReferenceInvalid(name, "The specified application package does not exist.")


def _application(call: ServiceCall, name: str) -> Resource | None:
    return call.tx.resources.find(f"{call.account.id}/applications/{name}")


def _versions(call: ServiceCall, application: Resource) -> list[str]:
    packages = call.tx.resources.children(application.id, f"{_APPLICATION}/versions")
    return [package.name for package in packages if package.body["properties"]["state"] == "Active"]


def _shown(call: ServiceCall, application: Resource) -> dict[str, Any]:
    """The application; its display name only where it has one (recorded with 2020-09-01.12.0)."""
    name = application.body["properties"].get("displayName")
    known = {"displayName": name} if name else {}
    return {"id": application.name, **known, "versions": _versions(call, application)}
