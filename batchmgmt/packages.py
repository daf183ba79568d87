"""Application packages: upload, verify, activate, wait, find, withdraw.

ARM makes a package version in state Pending and gives a SAS URL for its blob; the content goes there as a block blob;
after ``activate`` the version is Active. The blob keeps the content's SHA-256 in its metadata, so that the same content
is never sent twice and other content is never taken for it. Each step may be repeated: an upload that was cut off goes
on with the blocks that are missing.

ARM and the Blob service are asked without SDKs, whose imports take longer than az takes for a whole upload.

Sources: Application_* and ApplicationPackage_* of Microsoft.Batch 2025-06-01; the Blob service's Put Block (List).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from batchmgmt.applications import Applications
from batchmgmt.archives import PackageContent, content_of
from batchmgmt.arm import Arm, account_id
from batchmgmt.blobs import BlobProperties, PackageBlob, Progress, send
from batchmgmt.errors import BatchManagementError, NotFound, PackageContentDiffers, TimedOut, acting

if TYPE_CHECKING:
    from azure.mgmt.batch.models import ApplicationPackage

    from batchmgmt.management import BatchManagement

__all__ = ["PackageContent", "Packages", "Progress", "PublishedPackage", "content_of", "find", "publish", "withdraw"]

ACTIVATION_PATIENCE: Final = 120.0  # seconds


@dataclass(frozen=True)
class PublishedPackage:
    """A package version as the account has it.

    Attributes:
        sha256: of its content, hexadecimal; empty for content that came without one. size: in bytes.
        state: ``Pending`` or ``Active``. is_default: whether it is its application's default version.
        sent: whether this call sent the content; False when it was there already.
    """

    application: str
    version: str
    sha256: str
    size: int
    state: str
    is_default: bool
    sent: bool = False


@dataclass(frozen=True)
class _Place:
    """A version's place in Azure, and how to name it to people."""

    management: BatchManagement
    resource_group: str
    account: str
    application: str
    version: str

    @property
    def arm(self) -> Arm:
        return self.management.arm

    @property
    def application_id(self) -> str:
        account = account_id(self.management.subscription_id, self.resource_group, self.account)
        return f"{account}/applications/{quote(self.application, safe='')}"

    @property
    def application_named(self) -> str:
        return f"application '{self.application}' of account '{self.account}'"

    @property
    def id(self) -> str:
        """ARM's id of the version."""
        return f"{self.application_id}/versions/{quote(self.version, safe='')}"

    @property
    def key(self) -> tuple[str, str, str]:
        return self.resource_group, self.account, self.application

    def __str__(self) -> str:
        return f"package '{self.application}' {self.version} of account '{self.account}'"


def publish(
    management: BatchManagement,
    resource_group: str,
    account: str,
    application: str,
    version: str,
    source: Path | str,
    *,
    allow_updates: bool | None = None,
    set_default: bool = False,
    progress: Progress | None = None,
) -> PublishedPackage:
    """Bring a version to Active with the source's content; with the same content already there nothing is sent.

    Args:
        source: a .zip file, or a folder to be zipped reproducibly.
        allow_updates: whether other content under this version may be replaced; None leaves it to the application.
            The application's ``allowUpdates: false`` is never overruled.
        set_default: also make it the application's default version.

    Raises:
        UsageError: the source is no package. PackageContentDiffers: other content is there and stays.
        AzureError, ConnectionFailed: a request failed; call again to go on where it stopped.
    """
    place = _Place(management, resource_group, account, application, version)
    content = content_of(source)
    found = _get(place)
    blob = _blob_properties(place, found) if found else None
    same = found is not None and blob is not None and _same(place, blob, content, found)
    if blob is not None and not same and found is not None and _is_active(found):
        _check_replaceable(place, allow_updates)
    if not same:
        _upload(place, found or place.arm.put(f"creating {place}", place.id), content, progress)
    if not same or found is None or not _is_active(found):
        _activate(place)
    if set_default:
        _set_default(place)
    return PublishedPackage(
        application, version, content.sha256, content.size, "Active", _default(place) == version, sent=not same
    )


def find(
    management: BatchManagement, resource_group: str, account: str, application: str, version: str
) -> PublishedPackage | None:
    """The version as it is now, or None. Raises AzureError, ConnectionFailed."""
    place = _Place(management, resource_group, account, application, version)
    found = _get(place)
    if found is None:
        return None
    blob = _blob_properties(place, found)
    sha256, size = (blob.sha256, blob.size) if blob else ("", 0)
    state = "Active" if _is_active(found) else "Pending"
    return PublishedPackage(application, version, sha256, size, state, _default(place) == version)


def withdraw(management: BatchManagement, resource_group: str, account: str, application: str, version: str) -> bool:
    """Delete a version; whether there was one. Azure itself unsets a default version that is deleted.

    Raises:
        AzureError, ConnectionFailed: a request failed; it may be called again.
    """
    place = _Place(management, resource_group, account, application, version)
    if _get(place) is None:
        return False
    with acting(f"deleting {place}"):
        management.sdk.application_package.delete(*place.key, version)
    return True


class Packages:
    """The application packages of one account; every method raises AzureError and ConnectionFailed."""

    def __init__(self, management: BatchManagement, resource_group: str, account: str) -> None:
        self._management = management
        self._account = (resource_group, account)

    def publish(
        self,
        application: str,
        version: str,
        source: Path | str,
        *,
        allow_updates: bool | None = None,
        set_default: bool = False,
        progress: Progress | None = None,
    ) -> PublishedPackage:
        """See ``batchmgmt.packages.publish``."""
        return publish(
            self._management,
            *self._account,
            application,
            version,
            source,
            allow_updates=allow_updates,
            set_default=set_default,
            progress=progress,
        )

    def list(self, application: str) -> list[ApplicationPackage]:
        """All versions of an application."""
        with acting(f"listing the packages of application '{application}' of account '{self._account[1]}'"):
            return list(self._management.sdk.application_package.list(*self._account, application))

    def find(self, application: str, version: str) -> PublishedPackage | None:
        """One version with its content's hash, or None."""
        return find(self._management, *self._account, application, version)

    def delete(self, application: str, version: str) -> bool:
        """Delete a version; whether there was one."""
        return withdraw(self._management, *self._account, application, version)

    def prune(self, application: str, *, keep: int = 0, dry_run: bool = False) -> Sequence[str]:
        """Delete versions that neither the default setting nor any pool refers to; returns them, oldest first.

        Args:
            keep: how many of the latest activated ones to keep beside those in use. dry_run: only say which.
        """
        used = self._in_use(application)
        unused = [each for each in self.list(application) if (each.name or "").lower() not in used]
        unused.sort(key=_activated)
        going = [str(each.name) for each in (unused[:-keep] if keep else unused)]
        for version in going:
            if not dry_run:
                self.delete(application, version)
        return going

    def _in_use(self, application: str) -> set[str]:
        """Versions in lower case (ids compare without case); a reference without a version means the default one."""
        used = set()
        properties = Applications(self._management, *self._account).get(application).properties
        if properties and properties.default_version:
            used.add(properties.default_version.lower())
        with acting(f"listing the pools of account '{self._account[1]}'"):
            pools = list(self._management.sdk.pool.list_by_batch_account(*self._account))
        for pool in pools:
            references = (pool.properties.application_packages if pool.properties else None) or []
            used |= {each.version.lower() for each in references if each.version and _refers(each.id, application)}
        return used


def _refers(application_id: str, application: str) -> bool:
    return application_id.rsplit("/", 1)[-1].lower() == application.lower()


def _activated(package: ApplicationPackage) -> float:
    moment = package.properties.last_activation_time if package.properties else None
    return moment.timestamp() if moment else 0.0


def _get(place: _Place) -> dict[str, Any] | None:
    """ARM's JSON of the version, or None."""
    try:
        return dict(place.arm.get(f"reading {place}", place.id))
    except NotFound as missing:
        if missing.code.lower() in {"accountnotfound", "resourcegroupnotfound", "resourcenotfound"}:
            raise
        return None


def _is_active(package: Mapping[str, Any]) -> bool:
    return bool(package["properties"].get("state") == "Active")


def _application(place: _Place) -> Mapping[str, Any]:
    """Properties of the application."""
    found = place.arm.get(f"reading {place.application_named}", place.application_id)
    return dict(found.get("properties") or {})


def _check_replaceable(place: _Place, allow_updates: bool | None) -> None:
    if allow_updates is False or _application(place).get("allowUpdates") is False:
        raise PackageContentDiffers(
            f"{place} exists with other content and may not be replaced (allowUpdates is false); use a new version"
        )


def _blob(package: Mapping[str, Any]) -> PackageBlob:
    url = package["properties"].get("storageUrl")
    if not url:
        raise BatchManagementError("Azure gave no storage URL for the package; try again")
    return PackageBlob(url)


def _blob_properties(place: _Place, package: Mapping[str, Any]) -> BlobProperties | None:
    """None while nothing was uploaded."""
    try:
        with _blob(package) as blob:
            return blob.properties(f"reading the blob of {place}")
    except NotFound:
        return None


def _same(place: _Place, blob: BlobProperties, content: PackageContent, package: Mapping[str, Any]) -> bool:
    """By SHA-256 where we kept it, else by length and MD5; a blob with neither is read."""
    if blob.sha256:
        return blob.sha256 == content.sha256
    if blob.size != content.size:
        return False
    return blob.md5 == content.md5 if blob.md5 else _sha256_of_blob(place, package, blob.size) == content.sha256


def _sha256_of_blob(place: _Place, package: Mapping[str, Any], size: int) -> str:
    digest = hashlib.sha256()
    with _blob(package) as blob:
        for chunk in blob.chunks(f"reading the content of {place}", size):
            digest.update(chunk)
    return digest.hexdigest()


def _upload(place: _Place, package: Mapping[str, Any], content: PackageContent, progress: Progress | None) -> None:
    with _blob(package) as blob, content.open() as file:
        send(f"uploading {place}", blob, file, content, progress)


def _activate(place: _Place) -> None:
    place.arm.post(f"activating {place}", f"{place.id}/activate", {"format": "zip"})
    deadline = time.monotonic() + ACTIVATION_PATIENCE
    while (found := _get(place)) is None or not _is_active(found):
        if time.monotonic() > deadline:
            raise TimedOut(f"activating {place}: not Active after {ACTIVATION_PATIENCE:.0f} s; try again")
        time.sleep(0.5)


def _default(place: _Place) -> str | None:
    return _application(place).get("defaultVersion")


def _set_default(place: _Place) -> None:
    if _default(place) != place.version:
        changed = {"properties": {"defaultVersion": place.version}}
        place.arm.patch(f"changing {place.application_named}", place.application_id, changed)
