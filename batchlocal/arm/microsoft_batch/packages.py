"""Application packages (F5): Pending with a signed URL, uploaded by the client, then activated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.blob_access import StorageRefused, blob_exists, make_container, signed_url
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.arm.fabric import shown
from batchlocal.arm.listing import listed_by_key
from batchlocal.arm.microsoft_batch import old_forms
from batchlocal.arm.microsoft_batch.account_links import check_identity
from batchlocal.arm.microsoft_batch.applications import (
    PACKAGE_TYPE,
    AccountNotEnabledForAutoStorage,
    application_of,
    linked_storage,
)
from batchlocal.arm.microsoft_batch.provider import PROVIDER, InvalidProperty, account_of
from batchlocal.domain.refusals import Refusal
from batchlocal.linked_storage import key_of
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.quotas import admit_package
from batchlocal.store.resources import Resource

__all__ = ["ApplicationPackageNotFound"]

_ENVELOPE = ("type", "id", "name", "etag", "properties", "tags")
_ORDER = ("storageUrl", "storageUrlExpiry", "state", "format", "lastActivationTime")
_VERSION = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(eq=False)
class ApplicationPackageNotFound(Refusal):
    """The version does not exist."""


@dataclass(eq=False)
class ApplicationPackageBlobNotFound(Refusal):
    """Activation was asked before anything was uploaded."""


@dataclass(eq=False)
class ApplicationPackageUpdatesNotAllowed(Refusal):
    """The application forbids changing a version that is active."""


@dataclass(eq=False)
class AutoStorageKeyStale(Refusal):
    """Linked storage does not take the key that Batch knows: it was regenerated and not synchronised."""


CATALOGUE.update(
    {
        AutoStorageKeyStale: provider(  # unconfirmed: Azure's answer is neither documented nor recorded
            409,
            "AutoStorageKeysOutOfSync",
            "The auto storage account refused the key that Batch knows.",
            Reason="A key of the storage account was regenerated; call syncAutoStorageKeys on the Batch account.",
        ),
        ApplicationPackageNotFound: provider(
            404, "ApplicationPackageNotFound", "The specified application package does not exist."
        ),
        ApplicationPackageBlobNotFound: provider(
            409,
            "ApplicationPackageBlobNotFound",
            "No blob could be found for the specified application package.",
        ),
        ApplicationPackageUpdatesNotAllowed: provider(
            409,
            "UpdatesNotAllowed",
            "The application does not allow updates: an active package cannot be changed.",
        ),
    }
)


@dataclass(frozen=True)
class _Place:
    """Where a package lies: the package, its application, the storage account's name and key."""

    package: Resource
    application: Resource
    storage: tuple[str, str]

    @property
    def container(self) -> str:
        return str(self.application.hidden["container"])


def _place(call: ArmCall, package: Resource | None = None) -> _Place:
    application = application_of(call)
    if package is None:
        package = call.tx.resources.find(f"{application.id}/versions/{call.parameters['versionName']}")
    if package is None:
        raise ApplicationPackageNotFound
    return _Place(package, application, _storage(call))


def _storage(call: ArmCall) -> tuple[str, str]:
    account = account_of(call)
    linked_storage(account)
    storage = key_of(call.tx, account)
    if storage is None:
        raise AccountNotEnabledForAutoStorage
    return storage


@PROVIDER.operation("ApplicationPackage_Create")
async def put_package(call: ArmCall) -> Answer:
    """A Pending version and the URL to upload its zip to; the container is there before the answer is."""
    application = application_of(call)
    version = call.parameters["versionName"]
    if not _VERSION.fullmatch(version):
        raise InvalidProperty("versionName", "1 to 64 letters, digits, dots, hyphens and underscores", "Application")
    existing = call.tx.resources.find(f"{application.id}/versions/{version}")
    if existing and existing.body["properties"]["state"] == "Active" and not _updatable(application):
        raise ApplicationPackageUpdatesNotAllowed
    if existing is None:
        admit_package(account_of(call), call.tx.resources.count_children(application.id, PACKAGE_TYPE))
    check_identity(call, account_of(call))
    with _stale_key_told():
        await make_container(call.platform, _storage(call), application.hidden["container"])
    with call.platform.store.write() as tx:
        application = application_of(call)  # it may have gone meanwhile
        package = tx.resources.find(f"{application.id}/versions/{version}") or Resource(
            f"{application.id}/versions/{version}",
            PACKAGE_TYPE,
            application.subscription,
            application.resource_group,
            version,
            parent=application.id,
            hidden={"type": PACKAGE_TYPE},
            created=call.now,
        )
        package.body = {"properties": {"state": "Pending"}}
        if (call.body or {}).get("tags") is not None:
            package.body["tags"] = call.body["tags"]
        package.modified = call.now
        tx.resources.put(package)
    return _answer(call, _place(call, package), "rw")


@contextmanager
def _stale_key_told() -> Iterator[None]:
    try:
        yield
    except StorageRefused:
        raise AutoStorageKeyStale from None


def _updatable(application: Resource) -> bool:
    return bool(application.body["properties"]["allowUpdates"])


@PROVIDER.operation("ApplicationPackage_Get")
def get_package(call: ArmCall) -> Answer:
    """The version with a fresh URL: readable only, once it is active and may not be changed (F5: 10 of 10)."""
    place = _place(call)
    final = place.package.body["properties"]["state"] == "Active" and not _updatable(place.application)
    return _answer(call, place, "r" if final else "rw")


@PROVIDER.operation("ApplicationPackage_Activate")
async def activate_package(call: ArmCall) -> Answer:
    """Active only after storage itself has shown the blob; may be repeated."""
    place = _place(call)
    sent = call.body if isinstance(call.body, dict) else {}
    form = sent.get("format")
    if not isinstance(form, str) or not form:
        raise InvalidProperty("format", "The format of the package is needed; it is 'zip'", "Application")
    check_identity(call, account_of(call))
    with _stale_key_told():
        there = await blob_exists(call.platform, place.storage, place.container, place.package.name)
    if not there:
        raise ApplicationPackageBlobNotFound
    with call.platform.store.write() as tx:
        package = _place(call).package
        moment = moments.iso(call.now)
        package.body["properties"] = {"state": "Active", "format": form, "lastActivationTime": moment}
        package.modified = call.now
        tx.resources.put(package)
    return _answer(call, _place(call, package), "rw")


def _answer(call: ArmCall, place: _Place, permission: str) -> Answer:
    package = place.package
    url, expiry = signed_url(call.platform, place.storage, place.container, package.name, permission, call.now)
    body = _shown(call, package, {"storageUrl": url, "storageUrlExpiry": moments.iso(expiry)})
    etag = old_forms.etag(call, package.modified, weak=True)
    return Answer(200, body, {"ETag": etag, "Last-Modified": moments.http_date(package.modified)})


def _shown(call: ArmCall, package: Resource, extra: dict[str, str]) -> dict[str, Any]:
    if old_forms.has_flat_applications(call):
        return old_forms.show_package(package, call.parameters["applicationName"], extra)
    body = shown(package, PACKAGE_TYPE, *_ENVELOPE)
    properties = {**body["properties"], **extra}
    body["properties"] = {key: properties[key] for key in _ORDER if key in properties}
    return body


@PROVIDER.operation("ApplicationPackage_List")
def list_packages(call: ArmCall) -> Answer:
    """The versions, without URLs (F5)."""
    found = call.tx.resources.children(application_of(call).id, PACKAGE_TYPE)
    return listed_by_key(call, found, lambda package: _shown(call, package, {}))


@PROVIDER.operation("ApplicationPackage_Delete")
def delete_package(call: ArmCall) -> Answer:
    """200, or 204 when there was none; deleting the default version clears the setting (F5)."""
    try:
        place = _place(call)
    except ApplicationPackageNotFound:
        return Answer(204)
    call.tx.resources.remove(place.package.id)
    properties = place.application.body["properties"]
    if str(properties.get("defaultVersion", "")).lower() == place.package.name.lower():
        del properties["defaultVersion"]
        call.tx.resources.put(place.application)
    return Answer(200)
