"""Logs without secrets.

urllib3 logs the whole URL of each request at level DEBUG, the SAS of a package's blob with it.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Final

from batchmgmt.secret import masked

__all__ = ["guard", "show", "show_traceback"]

TALKATIVE: Final = (
    "azure.storage.blob._shared.policies",
    "msal.token_cache",
    "urllib3.connectionpool",
    "urllib3.util.retry",
)


class _WithoutSecrets(logging.Filter):
    """Lets every record pass, its secrets masked."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = masked(record.getMessage()), ()
        return True


class _MaskedLines(logging.Formatter):
    """Formats records, tracebacks too, and masks what came of it."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


_GUARD: Final = _WithoutSecrets()


def guard() -> None:
    """Mask secrets in what libraries log of our requests, wherever the program sends its logs; may be called again."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(_GUARD)  # which a logger has once


def show() -> None:
    """Log all that is logged to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_MaskedLines("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG, handlers=[handler])


def show_traceback(failure: BaseException) -> None:
    """Print where it was raised, and what it came of, to stderr."""
    sys.stderr.write(masked("".join(traceback.format_exception(failure))))
