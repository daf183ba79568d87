"""A package that is named by a URL, fetched to a file that is gone afterwards."""

from __future__ import annotations

import shutil
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batchmgmt.errors import BatchManagementError, ConnectionFailed, UsageError
from batchmgmt.lean import default_timeout, tls_context

__all__ = ["fetched"]


@contextmanager
def fetched(source: str) -> Iterator[Path]:
    """The local path of a source: itself, or what an https URL gives. The URL's query (a SAS, say) is never shown.

    Raises:
        UsageError: a URL that is not https. ConnectionFailed, BatchManagementError: it could not be fetched.
    """
    if "://" not in source:
        yield Path(source)
        return
    shown = source.partition("?")[0]
    if not source.startswith("https://"):
        raise UsageError(f"{shown} is not https")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "package.zip"
        _download(source, shown, path)
        yield path


def _download(url: str, shown: str, to: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=tls_context()))
    try:
        with opener.open(url, timeout=default_timeout()) as answer, to.open("wb") as file:
            shutil.copyfileobj(answer, file)
    except urllib.error.HTTPError as fault:
        raise BatchManagementError(f"{shown} answered {fault.code} {fault.reason}") from None
    except (OSError, ssl.SSLError) as fault:
        raise ConnectionFailed(f"{shown} could not be fetched: {fault}") from None
