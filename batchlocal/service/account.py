"""What the service says about the account as a whole: images that pools may use, applications that tasks may use."""

from __future__ import annotations

from typing import Any

from batchlocal.domain.images import IMAGES, Image
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of, selected
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.registry import handles
from batchlocal.store.resources import Resource

__all__: list[str] = []

_APPLICATION = "Microsoft.Batch/batchAccounts/applications"


class ApplicationNotFound(Refusal):
    """The account has no application of this id."""


CATALOGUE[ApplicationNotFound] = worded(404, "ApplicationNotFound", "The specified application does not exist.")


@handles("Account_ListSupportedImages")
def list_images(call: ServiceCall) -> Answer:
    """The images that pools may be made of, with the node agent that each needs."""
    found = [(f"{number:02}", image) for number, image in enumerate(IMAGES)]
    return page_of(call, "supportedimages", found, lambda one: one[0], lambda one: _image(one[1]))


def _image(image: Image) -> dict[str, Any]:
    return {
        "nodeAgentSKUId": image.agent,
        "imageReference": {"publisher": image.publisher, "offer": image.offer, "sku": image.sku, "version": "latest"},
        "osType": image.system,
        "capabilities": [],
        "verificationType": "verified",
    }


@handles("Application_List")
def list_applications(call: ServiceCall) -> Answer:
    """The account's applications that have an active version."""
    found = [one for one in call.tx.resources.children(call.account.id, _APPLICATION) if _versions(call, one)]
    return page_of(call, "applications", found, lambda one: one.key, lambda one: _shown(call, one))


@handles("Application_Get")
def get_application(call: ServiceCall) -> Answer:
    """One application."""
    found = call.tx.resources.find(f"{call.account.id}/applications/{call.parameters['applicationId']}")
    if found is None:
        raise ApplicationNotFound
    body = selected(call, _shown(call, found))
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#applications/@Element", **body})


def _versions(call: ServiceCall, application: Resource) -> list[str]:
    packages = call.tx.resources.children(application.id, f"{_APPLICATION}/versions")
    return [package.name for package in packages if package.body["properties"]["state"] == "Active"]


def _shown(call: ServiceCall, application: Resource) -> dict[str, Any]:
    name = application.body["properties"].get("displayName", application.name)
    return {"id": application.name, "displayName": name, "versions": _versions(call, application)}
