"""``package upload`` without Typer and SDKs: its group and the hot path both call it."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.output import say, show_text
from batchmgmt.cli.progress import progress_bar

if TYPE_CHECKING:
    from batchmgmt.packages import PublishedPackage

__all__ = ["Format", "published_document", "upload"]


class Format(StrEnum):
    """What ``package upload --format`` takes."""

    text = "text"
    json = "json"


def upload(
    source: str,
    application: str,
    version: str,
    options: AccountOptions,
    default: bool,
    prune: bool,
    format: Format,
) -> None:
    """``package upload``."""
    from batchmgmt.packages import content_of

    with _local(source) as path:
        content_of(path)  # a source that cannot be a package is found before anything is created
        account = options.account()
        account.applications.ensure(application)
        with progress_bar(f"uploading {application} {version}") as sending:
            published = account.packages.publish(application, version, path, set_default=default, progress=sending)
    _show(published, format)
    if prune:
        for each in account.packages.prune(application, keep=1):
            say(f"{application} {each} is deleted: nothing referred to it")


def published_document(package: PublishedPackage) -> dict[str, Any]:
    """A package as json shows it."""
    keys = {"is_default": "default"}
    return {keys.get(name, name): value for name, value in vars(package).items()}


def _local(source: str) -> AbstractContextManager[Path]:
    if "://" not in source:
        return nullcontext(Path(source))
    from batchmgmt.downloads import fetched

    return fetched(source, progress_bar)


def _show(package: PublishedPackage, format: Format) -> None:
    if format is Format.json:
        show_text(f"{json.dumps(published_document(package), indent=2)}\n")
        return
    sent = "sent and activated" if package.sent else "is there already, nothing was sent"
    show_text(f"{package.application} {package.version}: {sent} ({package.size} bytes, sha256 {package.sha256})\n")
