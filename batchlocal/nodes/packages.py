"""Application packages on a node: downloaded once a node, unpacked where AZ_BATCH_APP_PACKAGE_* says."""

from __future__ import annotations

import asyncio
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

from batchlocal.datafolder import remove_tree
from batchlocal.domain.pool import Pool
from batchlocal.linked_storage import key_of
from batchlocal.nodes.environment import package_variables
from batchlocal.nodes.file_trouble import PACKAGE, FileTrouble
from batchlocal.nodes.folders import NodeFolders
from batchlocal.nodes.identities import Access, Owner, access_to_linked
from batchlocal.nodes.storage import NodeStorage
from batchlocal.platform import Platform
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["deploy", "package_folders"]

_UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)
"""What unzipping raises: OSError for names that no file can have, RuntimeError for passwords and for methods of
compression that it does not know."""

_unpacking: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()
"""Whoever unpacks into a folder holds its lock: tasks of a node may want a package at the same time."""


async def deploy(
    platform: Platform, storage: NodeStorage, owner: Owner, references: list[dict[str, Any]], node: NodeFolders
) -> None:
    """Put the referenced packages onto a node; what is there already stays.

    Raises:
        FileTrouble: a package does not exist, is not active, or cannot be unpacked; or the node may not read linked
            storage.
    """
    tx, account = platform.store.read, owner.account
    access = access_to_linked(platform, owner)
    if references and access is not Access.GRANTED:
        raise FileTrouble(references[0]["applicationId"], access.value, PACKAGE.denied)
    for reference in references:
        application, package = _package(tx, account, reference)
        target = _folder(node, application.name, package.name)
        lock = _unpacking.setdefault(target, asyncio.Lock())
        async with lock:
            if not target.exists():
                await _unpack(tx, storage, account, application, package, target)


async def _unpack(
    tx: Tx, storage: NodeStorage, account: Resource, application: Resource, package: Resource, target: Path
) -> None:
    linked = key_of(tx, account)
    if linked is None:
        raise FileTrouble(application.name, "the account has no linked storage", PACKAGE.miscellaneous)
    draft, archive = target.with_name(f".{target.name}"), target.with_name(f".{target.name}.zip")
    target.parent.mkdir(parents=True, exist_ok=True)
    await storage.package(linked, application.hidden["container"], package.name, archive)
    try:
        await asyncio.to_thread(_extract, archive, draft)
    except _UNREADABLE as error:
        reason = f"it cannot be unpacked: {error}"
        raise FileTrouble(f"{application.name} {package.name}", reason, PACKAGE.miscellaneous) from None
    finally:
        archive.unlink(missing_ok=True)
    draft.replace(target)


def _extract(archive: Path, target: Path) -> None:
    """Unzip, keeping the execute bits that zip files made on Unix carry."""
    remove_tree(target)
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            written = Path(opened.extract(entry, target))
            mode = entry.external_attr >> 16 & 0o777
            if mode and not entry.is_dir():
                written.chmod(mode | 0o644 | (mode & 0o100) // 0o100 * 0o111)


def _package(tx: Tx, account: Resource, reference: dict[str, Any]) -> tuple[Resource, Resource]:
    application = tx.resources.find(f"{account.id}/applications/{reference['applicationId']}")
    if application is None:
        raise FileTrouble(reference["applicationId"], "the application does not exist", PACKAGE.missing)
    version = reference.get("version") or application.body["properties"].get("defaultVersion") or ""
    package = tx.resources.find(f"{application.id}/versions/{version}")
    if package is None or package.body["properties"]["state"] != "Active":
        raise FileTrouble(application.name, f"version '{version}' is not active", PACKAGE.missing)
    return application, package


def _folder(node: NodeFolders, application: str, version: str) -> Path:
    return node.applications / application.lower() / version.lower()


def package_folders(
    tx: Tx, account: Resource, pool: Pool, references: list[dict[str, Any]], node: NodeFolders
) -> dict[str, str]:
    """The package variables for some references: by id and version, or by id alone where no version was named."""
    variables: dict[str, str] = {}
    for reference in [*(pool.properties.get("applicationPackageReferences") or []), *references]:
        try:
            application, package = _package(tx, account, reference)
        except FileTrouble:
            continue
        names = package_variables(reference["applicationId"], reference.get("version"), windows=pool.is_windows)
        variables |= dict.fromkeys(names, str(_folder(node, application.name, package.name)))
    return variables
