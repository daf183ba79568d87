"""Disks that a pool's nodes get, and file systems that they mount (REST reference, Pool - Add: DataDisk,
MountConfiguration, AzureBlobFileSystemConfiguration)."""

from __future__ import annotations

from typing import Any, Final

from batchlocal.domain.refusals import PropertyNotTaken

__all__ = ["check_disks", "check_mounts"]

Properties = dict[str, Any]

_LUNS: Final = range(64)
_BLOB_CREDENTIALS: Final = ("accountKey", "sasKey", "identityReference")


def check_disks(disks: list[Properties]) -> None:
    """Each data disk has a number of its own.

    Raises:
        PropertyNotTaken
    """
    numbers = [int(disk["lun"]) for disk in disks]
    for number in numbers:
        if number not in _LUNS or numbers.count(number) > 1:
            raise PropertyNotTaken("lun", str(number), "Each disk of a node has a lun of its own, from 0 to 63")


def check_mounts(mounts: list[Properties]) -> None:
    """Each mount is of one kind, and blobs are reached in one way.

    Raises:
        PropertyNotTaken
    """
    for mount in mounts:
        kinds = [name for name, value in mount.items() if value is not None]
        if len(kinds) != 1:
            raise PropertyNotTaken("mountConfiguration", "", "Each mount has exactly one kind of configuration")
        blobs = mount.get("azureBlobFileSystemConfiguration")
        if blobs and len([name for name in _BLOB_CREDENTIALS if blobs.get(name)]) != 1:
            reason = f"Specify exactly one of {', '.join(_BLOB_CREDENTIALS)}"
            raise PropertyNotTaken("azureBlobFileSystemConfiguration", "", reason)
