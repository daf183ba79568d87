"""The file backend's folder, laid out as the Pulumi CLI's: stacks, history, backups, locks."""

from __future__ import annotations

import getpass
import gzip
import hashlib
import json
import os
import shutil
import socket
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlparse

from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.recording import replayed
from batchlocal.engine.secrets import Secrets
from batchlocal.engine.state import Snapshot, problems

__all__ = ["Backend", "Log", "StackLocked", "StackStorage", "StackUnknown", "open_backend"]

Values = dict[str, Any]
_COMPRESSED = (".gz", ".zst")  # PULUMI_DIY_BACKEND_GZIP, PULUMI_DIY_BACKEND_ZSTD


class StackUnknown(EngineError):
    """No stack of that name (exit code 6, as Pulumi's)."""

    def __init__(self, stack: str) -> None:
        super().__init__(f"no stack named '{stack}' found", exit_code=6)


class StackLocked(EngineError):
    """Another run holds the stack."""


def open_backend(project_root: Path) -> Backend:
    """The backend that PULUMI_BACKEND_URL names, else ``.pulumi`` in the project.

    Raises:
        NeedsPulumi: the URL is not a file's.
    """
    url = os.environ.get("PULUMI_BACKEND_URL", "")
    if not url:
        return Backend(project_root / ".pulumi")
    parts = urlparse(url)
    if parts.scheme != "file":
        raise NeedsPulumi(f"backend '{parts.scheme}'; this engine keeps state in files (file://FOLDER)")
    path = unquote(parts.netloc + parts.path)
    return Backend(Path(path).expanduser() / ".pulumi")


class Backend:
    """One ``.pulumi`` folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _stack_file(self, project: str, stack: str) -> Path:
        return self.folder / "stacks" / project / f"{stack}.json"

    def _variants(self, project: str, stack: str) -> list[Path]:
        """The files that hold the stack, the last written last; the CLI may have been told to compress them."""
        plain = self._stack_file(project, stack)
        found = [file for kind in ("", *_COMPRESSED) if (file := plain.with_name(plain.name + kind)).exists()]
        return sorted(found, key=lambda file: file.stat().st_mtime_ns)

    def _content(self, project: str, stack: str) -> bytes:
        """The checkpoint as JSON text.

        Raises:
            StackUnknown: there is no such stack.
            EngineError: it cannot be unpacked.
        """
        if not (found := self._variants(project, stack)):
            raise StackUnknown(stack)
        file = found[-1]
        if file.suffix == ".zst":
            raise NeedsPulumi(f"a state compressed with zstd ({file})")
        try:
            return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise EngineError(f"{file} cannot be unpacked ({error}); its .bak is the state before") from None

    def stacks(self, project: str) -> list[str]:
        """Names of the project's stacks."""
        files = [one for kind in ("", *_COMPRESSED) for one in (self.folder / "stacks" / project).glob(f"*.json{kind}")]
        return sorted({file.name.rsplit(".json", 1)[0] for file in files})

    def exists(self, project: str, stack: str) -> bool:
        return bool(self._variants(project, stack))

    def require(self, project: str, stack: str) -> None:
        """Raise StackUnknown unless there is such a stack."""
        if not self.exists(project, stack):
            raise StackUnknown(stack)

    def load(self, project: str, stack: str) -> tuple[Snapshot, Secrets]:
        """The stack's state, with what a killed run had written to its log only.

        Raises:
            StackUnknown: there is no such stack.
            EngineError: the file cannot be read, or needs what this engine does not know.
        """
        content = self._content(project, stack)
        try:
            whole = json.loads(content)
        except ValueError as error:
            raise EngineError(
                f"{self._stack_file(project, stack)} is not JSON ({error}); its .bak is the state before"
            ) from None
        if features := whole.get("features"):
            raise NeedsPulumi(f"a state with the features {', '.join(features)}")
        latest = (whole.get("checkpoint") or {}).get("latest") or {"manifest": _fresh_manifest()}
        snapshot, secrets = Snapshot.from_json(latest)
        lines = self._log(project, stack).lines(content)
        return (replayed(snapshot, lines, secrets) if lines else snapshot), secrets

    def types(self, project: str, stack: str) -> set[str]:
        """The types of the stack's resources; nothing is opened or checked."""
        return {str(one.get("type")) for one in self._glance(project, stack).get("resources") or []}

    def salt(self, project: str, stack: str) -> str:
        """The salt of the stack's secrets, empty where there is none; nothing is opened or checked."""
        provider = self._glance(project, stack).get("secrets_providers") or {}
        return str((provider.get("state") or {}).get("salt", ""))

    def _glance(self, project: str, stack: str) -> Values:
        """The deployment as the file has it; empty when it cannot be read, which ``load`` tells."""
        try:
            whole = json.loads(self._content(project, stack))
        except (OSError, ValueError, EngineError):
            return {}
        return (whole.get("checkpoint") or {}).get("latest") or {}

    def storage(self, project: str, stack: str, secrets: Secrets) -> StackStorage:
        """Where a run writes; its log goes when it is closed."""
        return StackStorage(self, project, stack, secrets)

    def save(self, project: str, stack: str, snapshot: Snapshot, secrets: Secrets) -> None:
        """Write the state, atomically; the previous one stays as ``.bak``, and what was logged is part of it.

        Raises:
            EngineError: the state broke a rule; it is saved all the same, so that nothing is lost.
        """
        found = problems(snapshot.resources)
        self.write(project, stack, snapshot, secrets, found)
        self._log(project, stack).remove()
        if found:
            raise EngineError(f"the state is not consistent: {found[0]}")

    def write(self, project: str, stack: str, snapshot: Snapshot, secrets: Secrets, found: list[str]) -> bytes:
        """Write a checkpoint file; ``found`` is what is wrong with it. Returns what was written."""
        checkpoint: Values = {"stack": f"organization/{project}/{stack}", "latest": snapshot.to_json(secrets)}
        if found:
            checkpoint["latest"]["metadata"] = {"integrity_error": {"error": found[0]}}
        self._mark_layout()
        body = {"version": 3, "checkpoint": checkpoint}
        content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        _write(self._stack_file(project, stack), content)
        for file in self._variants(project, stack):
            if file.suffix in _COMPRESSED:
                file.replace(file.with_name(f"{file.name}.bak"))
        return content

    def _log(self, project: str, stack: str) -> Log:
        return Log(self.folder / "journals" / project / f"{stack}.jsonl")

    def _mark_layout(self) -> None:
        meta = self.folder / "meta.yaml"
        if not meta.exists():
            meta.parent.mkdir(parents=True, exist_ok=True)
            meta.write_text("version: 1\n")

    def remove(self, project: str, stack: str) -> None:
        """Forget a stack; its last state stays as ``.bak``."""
        for file in self._variants(project, stack):
            file.replace(file.with_name(f"{file.name}.bak"))
        self._log(project, stack).remove()

    def record(self, project: str, stack: str, entry: Values) -> None:
        """Add an entry to the stack's history, with the checkpoint as it is now, and a backup."""
        file, stamp = self._stack_file(project, stack), time.time_ns()
        history = self.folder / "history" / project / stack
        history.mkdir(parents=True, exist_ok=True)
        (history / f"{stack}-{stamp}.history.json").write_text(json.dumps(entry, indent=4))
        shutil.copyfile(file, history / f"{stack}-{stamp}.checkpoint.json")
        backups = self.folder / "backups" / project / stack
        backups.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, backups / f"{stack}.{stamp}.json")

    def _lock_folder(self, project: str, stack: str) -> Path:
        return self.folder / "locks" / "organization" / project / stack

    @contextmanager
    def lock(self, project: str, stack: str) -> Iterator[None]:
        """Hold the stack for one run.

        Raises:
            StackLocked: another run has it; the text says whose and since when.
        """
        folder = self._lock_folder(project, stack)
        self._refuse_others(folder)
        mine = folder / f"{uuid.uuid4()}.json"
        folder.mkdir(parents=True, exist_ok=True)
        holder = {
            "pid": os.getpid(),
            "username": getpass.getuser(),
            "hostname": socket.gethostname(),
            "timestamp": datetime.now(UTC).isoformat(),
        }
        mine.write_text(json.dumps(holder))
        try:
            self._refuse_others(folder, mine)
            yield
        finally:
            mine.unlink(missing_ok=True)

    @staticmethod
    def _refuse_others(folder: Path, mine: Path | None = None) -> None:
        for file in folder.glob("*.json"):
            if file == mine:
                continue
            try:
                holder = json.loads(file.read_text())
            except (OSError, ValueError):
                continue
            raise StackLocked(
                f"the stack is currently locked by 1 lock(s): created by {holder['username']}@{holder['hostname']}"
                f" (pid {holder['pid']}) at {holder['timestamp']}; if no run is going on, remove it with"
                f" `batchlocal engine cancel --stack {folder.name}`"
            )

    def cancel(self, project: str, stack: str) -> int:
        """Remove the stack's locks, as after a killed run; returns how many there were."""
        found = list(self._lock_folder(project, stack).glob("*.json"))
        for file in found:
            file.unlink(missing_ok=True)
        return len(found)


def _fresh_manifest() -> Values:
    return Snapshot().to_json(_NoSecrets())["manifest"]  # type: ignore[arg-type, no-any-return]


class _NoSecrets:
    salt = ""


class StackStorage:
    """A stack's files while a run writes them; one thread at a time, but for ``sync`` beside ``append``."""

    def __init__(self, backend: Backend, project: str, stack: str, secrets: Secrets) -> None:
        self._backend = backend
        self._names = (project, stack)
        self._secrets = secrets
        self._log = backend._log(project, stack)

    def save(self, snapshot: Snapshot) -> None:
        """Write the checkpoint and begin a log on it; raises as ``Backend.save``."""
        found = problems(snapshot.resources)
        content = self._backend.write(*self._names, snapshot, self._secrets, found)
        self._log.begin(content)
        if found:
            raise EngineError(f"the state is not consistent: {found[0]}")

    def append(self, lines: list[Values]) -> None:
        """Add to the log; it outlives this process when it returns."""
        self._log.append(lines)

    def sync(self) -> None:
        """Have the log on disk."""
        self._log.sync()

    def close(self) -> None:
        """The checkpoint is whole: the log goes."""
        self._log.remove()


class Log:
    """Changes since a checkpoint, a line of JSON each; the first line says which checkpoint."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stream: IO[bytes] | None = None
        self._base = b""

    def begin(self, checkpoint: bytes) -> None:
        """What follows is on top of a checkpoint of this content; the file is made when there is a first line."""
        self._shut()
        self._base = checkpoint

    def append(self, lines: list[Values]) -> None:
        """Add lines; the system has them when it returns."""
        if self._stream is None:
            lines = [{"checkpoint": hashlib.sha256(self._base).hexdigest()}, *lines]
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._stream = os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        text = "".join(f"{json.dumps(line, separators=(',', ':'), ensure_ascii=False)}\n" for line in lines)
        self._stream.write(text.encode())
        self._stream.flush()

    def sync(self) -> None:
        """Have all lines on disk."""
        if self._stream is not None:
            os.fdatasync(self._stream.fileno())

    def lines(self, checkpoint: bytes) -> list[Values]:
        """What was logged on top of a checkpoint; nothing when the log is another one's. A torn last line is left."""
        try:
            first, *rest = self._file.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        if json.loads(first or b"{}").get("checkpoint") != hashlib.sha256(checkpoint).hexdigest():
            return []
        return [json.loads(line) for line in rest[:-1]]

    def remove(self) -> None:
        """There is nothing to add to the checkpoint."""
        self._shut()
        self._file.unlink(missing_ok=True)

    def _shut(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    if file.exists():
        kept = file.with_suffix(".json.bak")
        spare = file.with_name(f".{kept.name}.{os.getpid()}")
        spare.unlink(missing_ok=True)
        os.link(file, spare)
        spare.replace(kept)
    draft.replace(file)
