"""A package that is named by a URL, fetched to a file that is gone afterwards."""

from __future__ import annotations

import http.client
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Final

from batchmgmt.errors import BatchManagementError, ConnectionFailed, UsageError
from batchmgmt.lean import default_timeout, tls_context

__all__ = ["fetched"]

Bar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]

CHUNK: Final = 1024 * 1024
ATTEMPTS: Final = 3


def _silent(_what: str) -> AbstractContextManager[Callable[[int, int], None]]:
    return nullcontext(lambda _come, _total: None)


@contextmanager
def fetched(source: str, bar: Bar = _silent) -> Iterator[Path]:
    """The local path of a source: itself, or what an https URL gives. The URL's query (a SAS, say) is never shown.

    Args:
        bar: opened with what is fetched while it is; called with the bytes that have come and the bytes there are, 0
            where the server does not say.

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
        with bar(f"fetching {shown}") as progress:
            _download(source, shown, path, progress)
        yield path


def _download(url: str, shown: str, to: Path, progress: Callable[[int, int], None]) -> None:
    """A download that breaks is begun again; an answer that says no is final."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _transfer(url, to, progress)
            return
        except urllib.error.HTTPError as fault:
            fault.close()
            if fault.code < 500 or attempt == ATTEMPTS:
                raise BatchManagementError(f"{shown} answered {fault.code} {fault.reason}") from None
        except (OSError, http.client.HTTPException) as fault:
            if attempt == ATTEMPTS or isinstance(getattr(fault, "reason", fault), ssl.SSLCertVerificationError):
                raise ConnectionFailed(f"{shown} could not be fetched: {_reason(fault)}") from None
        time.sleep(0.2 * attempt)


def _reason(fault: Exception) -> str:
    """Why, in the system's words where it has some."""
    cause = getattr(fault, "reason", fault)
    return str(getattr(cause, "strerror", None) or cause)


def _transfer(url: str, to: Path, progress: Callable[[int, int], None]) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=tls_context()))
    with opener.open(url, timeout=default_timeout()) as answer, to.open("wb") as file:
        total, come = int(answer.headers.get("Content-Length") or 0), 0
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            come += len(chunk)
            progress(come, total)
        if come < total:  # read(n) tells of an early end by nothing but its length
            raise http.client.IncompleteRead(b"", total - come)
