"""Application packages: upload, verify, activate, wait, find, withdraw.

ARM makes a package version in state Pending and gives a SAS URL for its blob; the content goes there as a block blob;
after ``activate`` the version is Active. The blob keeps the content's SHA-256 in its metadata, so that the same content
is never sent twice and other content is never taken for it. Each step may be repeated: an upload that was cut off goes
on with the blocks that are missing.

Sources: Application_* and ApplicationPackage_* of Microsoft.Batch 2025-06-01; the Blob service's Put Block (List).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from batchmgmt.applications import Applications
from batchmgmt.archives import PackageContent, content_of
from batchmgmt.errors import BatchManagementError, NotFound, PackageContentDiffers, TimedOut, acting

if TYPE_CHECKING:
    from azure.mgmt.batch.models import ApplicationPackage
    from azure.storage.blob import BlobClient, BlobProperties

    from batchmgmt.management import BatchManagement

__all__ = ["PackageContent", "Packages", "Progress", "PublishedPackage", "content_of", "find", "publish", "withdraw"]

Progress = Callable[[int, int], None]
"""Called with the bytes that have arrived and the bytes there are."""

BLOCK: Final = 4 * 1024 * 1024
MOST_BLOCKS: Final = 50_000  # of a block blob
ACTIVATION_PATIENCE: Final = 120.0  # seconds
SHA256: Final = "sha256"  # the blob's metadata key


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
    def applications(self) -> Applications:
        return Applications(self.management, self.resource_group, self.account)

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
    same = blob is not None and _same(place, blob, content, found)
    if blob is not None and not same and found is not None and found.state == "Active":
        _check_replaceable(place, allow_updates)
    if not same:
        _upload(place, found or _create(place), content, progress)
    if not same or found is None or found.state != "Active":
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
    sha256, size = ((blob.metadata or {}).get(SHA256, ""), blob.size) if blob else ("", 0)
    state = "Active" if found.state == "Active" else "Pending"
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


def _get(place: _Place) -> ApplicationPackage | None:
    try:
        with acting(f"reading {place}"):
            return place.management.sdk.application_package.get(*place.key, place.version)
    except NotFound as missing:
        if missing.code.lower() in {"accountnotfound", "resourcegroupnotfound", "resourcenotfound"}:
            raise
        return None


def _create(place: _Place) -> ApplicationPackage:
    with acting(f"creating {place}"):
        return place.management.sdk.application_package.create(*place.key, place.version)


def _check_replaceable(place: _Place, allow_updates: bool | None) -> None:
    properties = place.applications.get(place.application).properties
    if allow_updates is False or (properties and properties.allow_updates is False):
        raise PackageContentDiffers(
            f"{place} exists with other content and may not be replaced (allowUpdates is false); use a new version"
        )


def _blob(package: ApplicationPackage) -> BlobClient:
    from batchmgmt.clients import package_blob

    if not package.storage_url:
        raise BatchManagementError("Azure gave no storage URL for the package; try again")
    return package_blob(package.storage_url)


def _blob_properties(place: _Place, package: ApplicationPackage) -> BlobProperties | None:
    """None while nothing was uploaded."""
    try:
        with acting(f"reading the blob of {place}"), _blob(package) as blob:
            return blob.get_blob_properties()
    except NotFound:
        return None


def _same(place: _Place, blob: BlobProperties, content: PackageContent, package: ApplicationPackage | None) -> bool:
    """By SHA-256 where we kept it, else by length and MD5; a blob with neither is read."""
    kept = (blob.metadata or {}).get(SHA256)
    if kept:
        return bool(kept == content.sha256)
    if blob.size != content.size:
        return False
    if blob.content_settings.content_md5:
        return bytes(blob.content_settings.content_md5).hex() == content.md5
    return package is not None and _sha256_of_blob(place, package) == content.sha256


def _sha256_of_blob(place: _Place, package: ApplicationPackage) -> str:
    import hashlib

    digest = hashlib.sha256()
    with acting(f"reading the content of {place}"), _blob(package) as blob:
        for chunk in blob.download_blob().chunks():
            digest.update(chunk)
    return digest.hexdigest()


def _upload(place: _Place, package: ApplicationPackage, content: PackageContent, progress: Progress | None) -> None:
    from azure.storage.blob import BlobBlock, ContentSettings

    with acting(f"uploading {place}"), _blob(package) as blob, content.open() as file:
        blocks = [BlobBlock(name) for name in _stage(blob, file, content, progress)]
        settings = ContentSettings(content_type="application/zip", content_md5=bytearray.fromhex(content.md5))
        blob.commit_block_list(blocks, content_settings=settings, metadata={SHA256: content.sha256})
        _verify(place, blob.get_blob_properties(), content)


def _stage(blob: BlobClient, file: IO[bytes], content: PackageContent, progress: Progress | None) -> list[str]:
    """Send the blocks that are not there yet; ids carry the content's hash, so blocks of other content never mix in."""
    staged = _staged(blob)
    ids: list[str] = []
    arrived = 0
    for number, block in enumerate(_blocks(file, content.size)):
        name = f"{content.sha256[:32]}{number:08d}"
        if staged.get(name) != len(block):
            blob.stage_block(name, block, len(block), validate_content=True)
        ids.append(name)
        arrived += len(block)
        if progress:
            progress(arrived, content.size)
    return ids


def _staged(blob: BlobClient) -> dict[str, int]:
    """Sizes of the uncommitted blocks that an upload before this one left."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        _, uncommitted = blob.get_block_list("uncommitted")
    except ResourceNotFoundError:
        return {}
    return {str(block.id): int(block.size or 0) for block in uncommitted}


def _blocks(file: IO[bytes], size: int) -> Iterator[bytes]:
    length = max(BLOCK, -(-size // MOST_BLOCKS))
    while block := file.read(length):
        yield block


def _verify(place: _Place, blob: BlobProperties, content: PackageContent) -> None:
    md5 = bytes(blob.content_settings.content_md5 or b"").hex()
    if blob.size != content.size or md5 != content.md5:
        raise BatchManagementError(
            f"uploading {place}: storage has {blob.size} bytes with MD5 {md5 or 'none'},"
            f" not {content.size} with {content.md5}; try again"
        )


def _activate(place: _Place) -> None:
    """Activation is repeatable, so it is retried by us where the SDK would not (a POST whose answer was lost)."""
    from azure.mgmt.batch.models import ActivateApplicationPackageParameters

    asked = ActivateApplicationPackageParameters(format="zip")
    with acting(f"activating {place}"):
        place.management.sdk.application_package.activate(
            *place.key, place.version, asked, retry_on_methods=["GET", "POST"]
        )
    deadline = time.monotonic() + ACTIVATION_PATIENCE
    while (found := _get(place)) is None or found.state != "Active":
        if time.monotonic() > deadline:
            raise TimedOut(f"activating {place}: not Active after {ACTIVATION_PATIENCE:.0f} s; try again")
        time.sleep(0.5)


def _default(place: _Place) -> str | None:
    properties = place.applications.get(place.application).properties
    return properties.default_version if properties else None


def _set_default(place: _Place) -> None:
    if _default(place) != place.version:
        place.applications.update(place.application, default_version=place.version)
