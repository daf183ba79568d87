"""Applications at the service plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.domain.refusals import Refusal
from batchlocal.package_references import APPLICATION_TYPE, PackageReferenceInvalid, active_versions
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of, selected
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.registry import handles
from batchlocal.store.resources import Resource

__all__: list[str] = []


@dataclass(eq=False)
class ApplicationNotFound(Refusal):
    """The account has no application of this id."""


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
    found = [
        one for one in call.tx.resources.children(call.account.id, APPLICATION_TYPE) if active_versions(call.tx, one)
    ]
    return page_of(call, "listapplicationsummariesresponses", found, lambda one: one.key, lambda one: _shown(call, one))


@handles("Application_Get")
def get_application(call: ServiceCall) -> Answer:
    """One application."""
    found = _application(call, call.parameters["applicationId"])
    if found is None:
        raise ApplicationNotFound
    body = selected(call, _shown(call, found))
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#getapplicationsummaryresponse/@Element", **body})


def _application(call: ServiceCall, name: str) -> Resource | None:
    return call.tx.resources.find(f"{call.account.id}/applications/{name}")


def _shown(call: ServiceCall, application: Resource) -> dict[str, Any]:
    """The application; its display name only where it has one (recorded with 2020-09-01.12.0)."""
    name = application.body["properties"].get("displayName")
    known = {"displayName": name} if name else {}
    return {"id": application.name, **known, "versions": active_versions(call.tx, application)}
