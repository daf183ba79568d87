"""What the service says about the account as a whole: images that pools may use, applications that tasks may use."""

from __future__ import annotations

from typing import Any, Final

from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of, selected
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.registry import handles
from batchlocal.store.resources import Resource

__all__: list[str] = []

_APPLICATION = "Microsoft.Batch/batchAccounts/applications"

# Marketplace images and their node agent SKUs as Microsoft's article batch-linux-nodes lists them.
_IMAGES: Final = (
    ("batch.node.ubuntu 22.04", "canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "linux"),
    ("batch.node.ubuntu 20.04", "canonical", "0001-com-ubuntu-server-focal", "20_04-lts", "linux"),
    ("batch.node.ubuntu 24.04", "canonical", "ubuntu-24_04-lts", "server", "linux"),
    ("batch.node.debian 12", "debian", "debian-12", "12-gen2", "linux"),
    ("batch.node.el 9", "almalinux", "almalinux-x86_64", "9-gen2", "linux"),
    ("batch.node.ubuntu 22.04", "microsoft-dsvm", "ubuntu-hpc", "2204", "linux"),
    ("batch.node.windows amd64", "microsoftwindowsserver", "windowsserver", "2022-datacenter", "windows"),
    ("batch.node.windows amd64", "microsoftwindowsserver", "windowsserver", "2019-datacenter", "windows"),
)


class ApplicationNotFound(Refusal):
    """The account has no application of this id."""


CATALOGUE[ApplicationNotFound] = worded(404, "ApplicationNotFound", "The specified application does not exist.")


@handles("Account_ListSupportedImages")
def list_images(call: ServiceCall) -> Answer:
    """The images that pools may be made of, with the node agent that each needs."""
    found = [(f"{number:02}", image) for number, image in enumerate(_IMAGES)]
    return page_of(call, "supportedimages", found, lambda one: one[0], lambda one: _image(*one[1]))


def _image(agent: str, publisher: str, offer: str, sku: str, system: str) -> dict[str, Any]:
    return {
        "nodeAgentSKUId": agent,
        "imageReference": {"publisher": publisher, "offer": offer, "sku": sku, "version": "latest"},
        "osType": system,
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
