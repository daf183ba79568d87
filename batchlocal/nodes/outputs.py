"""A task's output files, sent where its settings say, with what became of them beside the task.

Sources: the page "Task - Add" (uploadCondition, path); the article batch-task-output-files, Diagnose file upload
errors, for the two logs; Azure/Batch#68 shows both.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchlocal.nodes.file_trouble import UPLOAD, FileTrouble
from batchlocal.nodes.folders import TaskFolders
from batchlocal.nodes.identities import Owner
from batchlocal.nodes.patterns import Match, matching
from batchlocal.nodes.storage import NodeStorage
from batchlocal.protocol import moments

__all__ = ["Outputs"]


@dataclass(frozen=True)
class Outputs:
    """Sends one task's files. ``variables`` are its environment; ``may_read`` says which files may be read for it."""

    storage: NodeStorage
    owner: Owner
    folders: TaskFolders
    variables: Mapping[str, str]
    may_read: Callable[[Path], bool]

    async def send(self, output_files: list[dict[str, Any]], *, succeeded: bool) -> None:
        """Upload what the task's output files say for this outcome, and write the two logs.

        Raises:
            FileTrouble: storage refused.
        """
        for file in (self.folders.upload_log, self.folders.upload_errors):
            file.unlink(missing_ok=True)
            self.folders.append(file).close()
        for output in output_files:
            condition = str((output.get("uploadOptions") or {}).get("uploadCondition", "taskcompletion")).lower()
            if condition in ("taskcompletion", "tasksuccess" if succeeded else "taskfailure"):
                await self._send(output)

    async def _send(self, output: dict[str, Any]) -> None:
        pattern, destination = output["filePattern"], output["destination"]["container"]
        self._tell(f"Uploading all files matching pattern {pattern}")
        url = destination["containerUrl"]
        headers = {item["name"]: item.get("value", "") for item in destination.get("uploadHeaders") or []}
        file = None
        try:
            container = str(self.storage.as_identity(url, destination, self.owner, "write", UPLOAD.denied))
            for found in await self._found(pattern):
                file = found.file
                await self._put(found, container, _blob_name(str(destination.get("path") or ""), found), headers)
        except FileTrouble as trouble:
            category = trouble.failure["category"]
            facts = {"code": trouble.code, "user_error": category == "usererror", "pattern": pattern}
            facts |= {"file": str(file or ""), "destination": url.partition("?")[0], "reason": trouble.reason}
            with self.folders.append(self.folders.upload_errors) as log:
                log.write(json.dumps(facts).encode() + b"\n")
            raise

    async def _found(self, pattern: str) -> list[Match]:
        """The files that a pattern names; a task may have left many, so they are looked for beside the event loop."""
        try:
            return await asyncio.to_thread(lambda: list(matching(self.folders.working, pattern, self.variables)))
        except re.error as error:
            raise FileTrouble(pattern, f"the pattern cannot be read: {error}", UPLOAD.miscellaneous) from None

    async def _put(self, found: Match, container: str, blob: str, headers: dict[str, str]) -> None:
        try:
            if self.may_read(found.file):
                await self.storage.put(container, blob, found.file, headers)
                self._tell(f"Uploaded {found.file} as {blob}")
        except OSError as error:  # it has gone since
            raise FileTrouble(found.relative, str(error.strerror), UPLOAD.miscellaneous) from None

    def _tell(self, text: str) -> None:
        with self.folders.append(self.folders.upload_log) as log:
            log.write(f"{moments.iso(moments.now())} {text}\n".encode())


def _blob_name(path: str, found: Match) -> str:
    """``path`` is the blob's name for a single file and a virtual directory for a pattern ("Task - Add", path)."""
    if found.single:
        return path or found.relative
    return f"{path}/{found.relative}" if path else found.relative
