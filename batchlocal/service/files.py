"""Files of tasks and nodes: listed, read in ranges, streamed, deleted (F11)."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from batchlocal.datafolder import DataFolder, remove_tree
from batchlocal.domain.job import Job
from batchlocal.domain.node import Node
from batchlocal.domain.pool import node_path
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.task import Task
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of
from batchlocal.service.call import ServiceCall
from batchlocal.service.conditions import check_conditions
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.jobs import job_of
from batchlocal.service.nodes import node_of
from batchlocal.service.registry import handles
from batchlocal.service.tasks import task_of

__all__: list[str] = []

_SLASHES = "/\\"
_PIECE = 256 * 1024  # bytes read at a time: a file is never held whole


@dataclass(eq=False)
class FileNotFound(Refusal):
    """No such file, or nothing has run there yet."""


@dataclass(eq=False)
class RangeInvalid(Refusal):
    """The range lies outside the file."""

    range: str


class DirectoryNotEmpty(Refusal):
    """A directory goes with what is in it only when that is asked for."""


class TaskFilesCleanedUp(Refusal):
    """The task's retention time is over."""


class TaskFilesUnavailable(Refusal):
    """The node on which the task ran has gone."""


CATALOGUE.update(
    {
        DirectoryNotEmpty: worded(
            409,
            "OperationInvalidForCurrentState",
            "The specified operation is not valid for the current state of the resource.",
            Reason="The directory is not empty; recursive=true deletes what is in it",
        ),
        TaskFilesCleanedUp: worded(409, "TaskFilesCleanedup", "The files of the specified task are cleaned up."),
        TaskFilesUnavailable: worded(409, "TaskFilesUnavailable", "The files of the specified task are unavailable."),
        FileNotFound: worded(404, "FileNotFound", "The specified file does not exist."),
        RangeInvalid: worded(416, "InvalidRange", "The range specified is invalid.", Range="{range}"),
    }
)


@dataclass(frozen=True)
class _Place:
    """A folder of files and the URL under which they are listed. Only Linux has modes; Windows takes either slash."""

    folder: Path
    url: str
    is_windows: bool

    def below(self, name: str) -> Path:
        """The path that a caller's name stands for."""
        return self.folder / (name.replace("\\", "/") if self.is_windows else name)

    def spelt(self, name: str) -> str:
        """A name as it is listed."""
        return node_path(name, windows=self.is_windows)


def _task_place(call: ServiceCall) -> _Place:
    """Where a task's files are.

    Raises:
        FileNotFound: it has not been on a node yet.
        TaskFilesCleanedUp, TaskFilesUnavailable: they are there no longer.
    """
    task = task_of(call)
    if not task.node:
        raise FileNotFound
    folder = _task_root(call.platform.data, job_of(call), task)
    if task.state == "completed" and not folder.is_dir():
        raise TaskFilesCleanedUp if call.tx.nodes.find(task.node) else TaskFilesUnavailable
    url = f"{call.url}/jobs/{call.parameters['jobId']}/tasks/{task.id}/files"
    return _Place(folder, url, call.is_windows(task.node.rpartition("/nodes/")[0]))


def _node_place(call: ServiceCall) -> _Place:
    node = node_of(call)
    url = f"{call.url}/pools/{call.parameters['poolId']}/nodes/{node.id}/files"
    return _Place(_node_root(call.platform.data, node), url, call.is_windows(node.pool))


def _node_root(data: DataFolder, node: Node) -> Path:
    parts = node.key.split("/")
    return data.node(parts[-5], parts[-3], parts[-1])


def _task_root(data: DataFolder, job: Job, task: Task) -> Path:
    parts = task.node.split("/")
    return data.node(parts[-5], parts[-3], parts[-1]) / job.directory / task.id


def _file(place: _Place, name: str) -> Path:
    """The regular file or directory of a name, links in it followed as far as they stay in the folder."""
    try:
        file = place.below(name).resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle; a zero byte
        raise FileNotFound from None
    if not file.is_relative_to(place.folder.resolve()) or not _is_readable(file):
        raise FileNotFound
    return file


def _is_readable(path: Path) -> bool:
    """Whether it is a directory or a regular file, and not a pipe, whose reader waits for a writer for ever."""
    return os.path.isdir(path) or os.path.isfile(path)  # noqa: PTH112, PTH113 - unlike Path's these never raise


@handles("File_ListFromTask")
async def list_task_files(call: ServiceCall) -> Answer:
    """The task's files; directories below them with ``recursive=true``."""
    return await _listed(call, _task_place(call))


@handles("File_ListFromComputeNode")
async def list_node_files(call: ServiceCall) -> Answer:
    """The node's files; directories below them with ``recursive=true``."""
    return await _listed(call, _node_place(call))


async def _listed(call: ServiceCall, place: _Place) -> Answer:
    if not place.folder.is_dir():
        raise FileNotFound
    names = await asyncio.to_thread(lambda: sorted(_names(place.folder, recursive=_is_recursive(call))))
    return page_of(call, "files", names, lambda name: name, lambda name: _shown(place, name))


def _names(root: Path, *, recursive: bool) -> Iterator[str]:
    """The paths below a folder that ``_file`` finds; names that are no UTF-8 fit into no URL and no JSON."""
    real = root.resolve()
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            relative = str(path.relative_to(root))
            if _is_readable(path) and _is_utf8(relative) and _stays_in(real, path):
                yield relative
        if not recursive:
            return


def _stays_in(folder: Path, path: Path) -> bool:
    return not path.is_symlink() or path.resolve().is_relative_to(folder)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_recursive(call: ServiceCall) -> bool:
    return call.request.query.get("recursive", "").lower() == "true"


def _shown(place: _Place, name: str) -> dict[str, Any]:
    file = place.folder / name
    try:
        facts = file.stat()
    except OSError:  # a running task has taken it away since it was listed
        facts = None
    is_directory = facts is not None and stat.S_ISDIR(facts.st_mode)
    spelt = place.spelt(name)
    url = f"{place.url}/{quote(spelt, safe=_SLASHES)}"
    body: dict[str, Any] = {"name": spelt, "url": url, "isDirectory": is_directory}
    if facts is not None and not is_directory:
        body["properties"] = {
            "creationTime": moments.iso(_ticks(facts.st_ctime)),
            "lastModified": moments.iso(_ticks(facts.st_mtime)),
            "contentLength": str(facts.st_size),
            "contentType": _content_type(file),
            **({} if place.is_windows else {"fileMode": f"0o{facts.st_mode:o}"}),
        }
    return body


def _content_type(file: Path) -> str:
    """By the name; what Azure gives other names than text files' is not recorded since 2019."""
    return mimetypes.guess_type(file.name)[0] or "application/octet-stream"


def _ticks(seconds: float) -> int:
    return 621_355_968_000_000_000 + round(seconds * moments.TICKS_PER_SECOND)


@handles("File_GetFromTask")
async def get_task_file(call: ServiceCall) -> Answer:
    """The file, streamed; ``ocp-range`` answers 200 with the range (F11)."""
    return _read(call, _task_place(call))


@handles("File_GetFromComputeNode")
async def get_node_file(call: ServiceCall) -> Answer:
    """The file, streamed; ``ocp-range`` answers 200 with the range (F11)."""
    return _read(call, _node_place(call))


def _read(call: ServiceCall, place: _Place) -> Answer:
    file = _file(place, call.parameters["filePath"])
    check_conditions(call, _ticks(file.stat().st_mtime))
    if file.is_dir():
        return Answer(200, headers=_properties(place, file, 0))
    size = file.stat().st_size
    start, end = _range(call.request.headers.get("ocp-range", ""), size)
    headers = _properties(place, file, end - start)
    return Answer(200, headers=headers, stream=_pieces(file, start, end), media_type=_content_type(file))


def _range(text: str, size: int) -> tuple[int, int]:
    if not text:
        return 0, size
    first, dash, last = text.removeprefix("bytes=").partition("-")
    if not dash or not (first + last).isdecimal():
        raise RangeInvalid(text)
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size and size:
        raise RangeInvalid(text)
    return start, max(start, end)


async def _pieces(file: Path, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes from ``start`` up to ``end``; a file that shrank meanwhile ends early."""
    with file.open("rb") as stream:
        stream.seek(start)
        left = end - start
        while left > 0 and (piece := await asyncio.to_thread(stream.read, min(_PIECE, left))):
            left -= len(piece)
            yield piece


@handles("File_GetPropertiesFromTask")
def head_task_file(call: ServiceCall) -> Answer:
    """The file's properties as headers."""
    return _head(call, _task_place(call))


@handles("File_GetPropertiesFromComputeNode")
def head_node_file(call: ServiceCall) -> Answer:
    """The file's properties as headers."""
    return _head(call, _node_place(call))


def _head(call: ServiceCall, place: _Place) -> Answer:
    file = _file(place, call.parameters["filePath"])
    check_conditions(call, _ticks(file.stat().st_mtime))
    size = 0 if file.is_dir() else file.stat().st_size
    return Answer(200, content=b"", headers=_properties(place, file, size), media_type=_content_type(file))


def _properties(place: _Place, file: Path, length: int) -> dict[str, str]:
    facts = file.stat()
    name = str(file.relative_to(place.folder.resolve()))
    mode = {} if place.is_windows else {"ocp-batch-file-mode": f"0o{facts.st_mode:o}"}
    return {
        **mode,
        "ocp-creation-time": moments.http_date(_ticks(facts.st_ctime)),
        "ocp-batch-file-isdirectory": str(file.is_dir()),
        "ocp-batch-file-url": quote(f"{place.url}/{quote(name)}", safe=""),
        "Last-Modified": moments.http_date(_ticks(facts.st_mtime)),
        "Content-Length": str(length),
    }


@handles("File_DeleteFromTask")
async def delete_task_file(call: ServiceCall) -> Answer:
    """200; a directory that is not empty only with ``recursive=true``."""
    return await _delete(call, _task_place(call))


@handles("File_DeleteFromComputeNode")
async def delete_node_file(call: ServiceCall) -> Answer:
    """200; a directory that is not empty only with ``recursive=true``."""
    return await _delete(call, _node_place(call))


async def _delete(call: ServiceCall, place: _Place) -> Answer:
    name = call.parameters["filePath"]
    file = _file(place, name)
    if file == place.folder.resolve():
        raise FileNotFound
    if place.below(name).is_symlink():
        place.below(name).unlink()
    elif not file.is_dir():
        file.unlink()
    elif any(file.iterdir()) and not _is_recursive(call):
        raise DirectoryNotEmpty
    else:
        await asyncio.to_thread(remove_tree, file)
    return Answer(200)
