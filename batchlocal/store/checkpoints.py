"""The write-ahead log is brought into the database beside the writer, so that no answer waits for the disk's sync."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

__all__ = ["Checkpoints"]

_log = logging.getLogger(__name__)
_COMMITS = 128  # after so many a checkpoint is due; some 1,000 pages when ARM resources are written
_MOST_PAGES = 16_000  # 64 MB of log, which starts again from its front once a checkpoint has caught up


class Checkpoints:
    """A thread that checkpoints when the writer has committed often enough.

    A passive checkpoint waits for nobody and nobody waits for it, but under steady load the writer is always ahead of
    it and the log grows; then, seldom, the writer catches up itself, right after the thread has left little to do.
    """

    def __init__(self, file: Path, every: int = _COMMITS, most_pages: int = _MOST_PAGES) -> None:
        self._file = file
        self._every = every
        self._most_pages = most_pages
        self._commits = 0
        self._due = threading.Event()
        self._behind = self._ended = False
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def committed(self, writer: sqlite3.Connection) -> None:
        """The writer has committed; call it outside of transactions."""
        self._commits += 1
        if self._behind:
            self._behind = False
            writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
        elif self._commits >= self._every:
            self._commits = 0
            self._due.set()

    def close(self) -> None:
        """End the thread; what it has not checkpointed, the writer's own close does."""
        self._ended = True
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        connection = sqlite3.connect(self._file, isolation_level=None)
        try:
            while self._due.wait() and not self._ended:
                self._due.clear()
                try:
                    _busy, pages, _done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                except sqlite3.Error as trouble:  # such as a full disk, which may have room again next time
                    _log.warning("the store's log could not be brought into it: %s", trouble)
                else:
                    self._behind = pages > self._most_pages
        finally:
            connection.close()
