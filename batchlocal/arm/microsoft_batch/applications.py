"""Applications (F5): all synchronous; ids keep their case and compare without it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.arm.fabric import shown, stored
from batchlocal.arm.listing import listed_by_key
from batchlocal.arm.microsoft_batch import old_forms
from batchlocal.arm.microsoft_batch.provider import PROVIDER, InvalidProperty, account_of, properties_of
from batchlocal.domain.quotas import ApplicationQuotaReached, PackageQuotaReached
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.quotas import admit_application
from batchlocal.store.resources import Resource

__all__ = ["APPLICATION_TYPE", "PACKAGE_TYPE", "ApplicationNotFound", "application_of", "linked_storage"]

APPLICATION_TYPE = "Microsoft.Batch/batchAccounts/applications"
PACKAGE_TYPE = f"{APPLICATION_TYPE}/versions"
_ENVELOPE = ("type", "id", "name", "etag", "properties", "tags")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(eq=False)
class AccountNotEnabledForAutoStorage(Refusal):
    """Applications live in linked storage, and this account has none."""


@dataclass(eq=False)
class ApplicationNotFound(Refusal):
    """The application does not exist."""


@dataclass(eq=False)
class ApplicationPackagesNotEmpty(Refusal):
    """The application still has packages."""


@dataclass(eq=False)
class RequestedDefaultVersionNotActive(Refusal):
    """The version that shall be the default is not there, or was never activated."""


CATALOGUE.update(
    {
        AccountNotEnabledForAutoStorage: provider(
            409, "AccountNotEnabledForAutoStorage", "The specified account is not enabled for auto storage."
        ),
        ApplicationQuotaReached: provider(  # no code is documented or recorded for these two: named like the others
            409, "ApplicationQuotaReached", "The account has its most applications, {most}, already."
        ),
        PackageQuotaReached: provider(
            409, "ApplicationPackageQuotaReached", "The application has its most packages, {most}, already."
        ),
        ApplicationNotFound: provider(404, "ApplicationNotFound", "The specified application does not exist."),
        ApplicationPackagesNotEmpty: provider(
            409,
            "ApplicationPackagesNotEmpty",
            "All application packages must be deleted before the application can be deleted.",
        ),
        RequestedDefaultVersionNotActive: provider(
            409,
            "RequestedDefaultVersionNotActive",
            "The application package corresponding to the requested default version is not active.",
        ),
    }
)


def linked_storage(account: Resource) -> str:
    """The ARM id of the account's linked storage.

    Raises:
        AccountNotEnabledForAutoStorage: there is none (azure-batch-behaviours: lists are refused too).
    """
    linked = account.body["properties"].get("autoStorage")
    if not linked:
        raise AccountNotEnabledForAutoStorage
    return str(linked["storageAccountId"])


def application_of(call: ArmCall) -> Resource:
    """The application that the path names.

    Raises:
        AccountNotFound, AccountNotEnabledForAutoStorage, ApplicationNotFound
    """
    account = account_of(call)
    linked_storage(account)
    application = call.tx.resources.find(f"{account.id}/applications/{call.parameters['applicationName']}")
    if application is None:
        raise ApplicationNotFound
    return application


@PROVIDER.operation("Application_Create")
def put_application(call: ArmCall) -> Answer:
    """200, new or not (F5, from 2018-12-01 on)."""
    account = account_of(call)
    linked_storage(account)
    name = call.parameters["applicationName"]
    if not _NAME.fullmatch(name):
        raise InvalidProperty("applicationName", "1 to 64 letters, digits, hyphens and underscores", "Application")
    existing = call.tx.resources.find(f"{account.id}/applications/{name}")
    application = stored(call, call.id, existing)
    if existing is None:
        admit_application(account, call.tx.resources.count_children(account.id, APPLICATION_TYPE))
        application.id, application.parent = f"{account.id}/applications/{name}", account.id
        container = f"app-{name.lower().replace('_', '-')}-{uuid.uuid4().hex}"
        application.hidden = {"container": container, "type": APPLICATION_TYPE}
    application.body = {"properties": {"allowUpdates": True}}
    return _change(call, application)


@PROVIDER.operation("Application_Update")
def patch_application(call: ArmCall) -> Answer:
    """What is left out stays; the default version must be an active package."""
    application = application_of(call)
    application.modified = call.now
    return _change(call, application)


def _change(call: ArmCall, application: Resource) -> Answer:
    sent = (call.body or {}) if old_forms.has_flat_applications(call) else properties_of(call.body)
    properties = application.body["properties"]
    for key in ("displayName", "allowUpdates"):
        if sent.get(key) is not None:
            properties[key] = sent[key]
    if "defaultVersion" in sent:
        properties.pop("defaultVersion", None)
        if sent["defaultVersion"]:
            properties["defaultVersion"] = _active_version(call, application, sent["defaultVersion"])
    if (call.body or {}).get("tags") is not None:
        application.body["tags"] = call.body["tags"]
    call.tx.resources.put(application)
    return _answer(call, application)


def _active_version(call: ArmCall, application: Resource, version: str) -> str:
    package = call.tx.resources.find(f"{application.id}/versions/{version}")
    if package is None or package.body["properties"]["state"] != "Active":
        raise RequestedDefaultVersionNotActive
    return package.name


def _answer(call: ArmCall, application: Resource) -> Answer:
    headers = {
        "ETag": old_forms.etag(call, application.modified, weak=True),
        "Last-Modified": moments.http_date(application.modified),
    }
    return Answer(200, _shown(call, application), headers)


def _shown(call: ArmCall, application: Resource) -> dict[str, Any]:
    if old_forms.has_flat_applications(call):
        return old_forms.show_application(call.tx, application)
    order = ("displayName", "allowUpdates", "defaultVersion")
    body = shown(application, APPLICATION_TYPE, *_ENVELOPE)
    body["properties"] = {key: body["properties"][key] for key in order if key in body["properties"]}
    return body


@PROVIDER.operation("Application_Get")
def get_application(call: ArmCall) -> Answer:
    """The application."""
    return _answer(call, application_of(call))


@PROVIDER.operation("Application_List")
def list_applications(call: ArmCall) -> Answer:
    """The account's applications, by name."""
    account = account_of(call)
    linked_storage(account)
    return listed_by_key(call, call.tx.resources.children(account.id, APPLICATION_TYPE), partial(_shown, call))


@PROVIDER.operation("Application_Delete")
def delete_application(call: ArmCall) -> Answer:
    """200 once all packages are gone; 204 when there is no such application."""
    try:
        application = application_of(call)
    except ApplicationNotFound:
        return Answer(204)
    if call.tx.resources.count_children(application.id, PACKAGE_TYPE):
        raise ApplicationPackagesNotEmpty
    call.tx.resources.remove(application.id)
    return Answer(200)
