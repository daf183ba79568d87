"""Azurite as a child process that knows our storage accounts, ends when we end, and comes back when it breaks.

Azurite keeps a write in memory for up to two seconds; a child that is told to end writes it out first, also when its
parent was killed (it sees its standard input close).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import shutil
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["AzuriteMissing", "BlobServer", "Judge", "check_installed"]

Judge = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Says what a request meets.

It gets ``operation`` (Microsoft's operationId), ``account``, ``peer`` and ``inside`` (a token, may be empty), and gives
{}, or ``status``, ``code``, ``message`` and ``retryAfter``, or ``seconds``, or ``drop`` ("before" or "after")."""

_log = logging.getLogger(__name__)
_LAUNCHER = Path(__file__).with_name("launch.cjs")
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_RESTART_SECONDS = 0.5
_LOCK_POLL_SECONDS = 0.05


class AzuriteMissing(Exception):
    """Node or Azurite is not installed; the text says what to do."""


class _NotStarted(Exception):
    """The child did not come up; the text is what it said."""


class BlobServer:
    """The blob service on one kept port of the loopback, over TLS with the given certificate.

    ``folder`` holds the blobs, the port, and what Azurite has to say when it is in trouble. Accounts are given by
    ``set_accounts`` and survive a restart of the child, not one of this process: who starts it tells it again.
    ``judge``, if given before ``start``, is asked before each authenticated request is performed; so nobody may block
    the event loop while he waits for the child.
    """

    def __init__(self, folder: Path, certificate: Path, private_key: Path) -> None:
        self._folder = folder
        self._tls = (certificate, private_key)
        self._accounts: dict[str, list[str]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._confirmed = asyncio.Condition()
        self._asked: Counter[str] = Counter()  # by kind, of the present child, which confirms in order
        self._confirmations: Counter[str] = Counter()
        self._supervisor: asyncio.Task[None] | None = None
        self.judge: Judge | None = None
        self.port = _kept_port(folder)

    async def start(self) -> None:
        """Start the child and keep it running; returns once it answers.

        Raises:
            AzuriteMissing: there is no Node or no Azurite to start.
        """
        command = _command(self._folder, self.port, *self._tls)
        self._supervisor = asyncio.create_task(self._supervise(command))
        await self._ready.wait()

    @property
    def is_ready(self) -> bool:
        """Whether the child answers now."""
        return self._ready.is_set()

    async def wait_ready(self) -> None:
        """Return once the child answers requests for the accounts that it was told of."""
        await self._ready.wait()

    async def set_accounts(self, accounts: Mapping[str, Sequence[str]]) -> None:
        """Replace the storage accounts: name -> keys (base64). In force when this returns, or at the next start."""
        self._accounts = {name: list(keys) for name, keys in accounts.items()}
        if self._ready.is_set():
            await self._tell_accounts()

    async def save(self) -> None:
        """Have the child write out what it holds in memory; returns when the folder has all that was acknowledged."""
        if self._ready.is_set():
            await self._ask({"save": True}, "saved")

    async def stop(self) -> None:
        """End the child, giving it time to write out what it holds."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        self._ready.clear()
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _launch(self, command: list[str]) -> None:
        """Start the child, wait until it listens, and give it the accounts.

        Raises:
            _NotStarted: it ended or did not answer; ``azurite.log`` has its words.
            OSError: this machine starts no process.
        """
        self._process = process = await self._spawn(command)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_START_SECONDS):
                line = await process.stdout.readline()
        except TimeoutError:
            process.kill()
            raise _NotStarted(f"no answer within {_START_SECONDS:.0f} s") from None
        if not line:
            said = (self._folder / "azurite.log").read_text(errors="replace").strip()
            raise _NotStarted(said or "it ended without a word")
        self._asked.clear()
        self._confirmations.clear()
        self._listener = asyncio.create_task(self._listen(process))
        if self.judge is not None:
            assert process.stdin is not None
            process.stdin.write(b'{"judged": true}\n')
        told: object = None
        while told is not self._accounts:  # they may change while we tell them
            told = self._accounts
            await self._tell_accounts()
        self._ready.set()

    async def _spawn(self, command: list[str]) -> asyncio.subprocess.Process:
        async with _alone(self._folder / "lock") as lock:
            with (self._folder / "azurite.log").open("wb") as log:
                return await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    pass_fds=[lock],
                    # a group of its own, as a terminal's Ctrl-C is the server's, which lets it end in order; and the
                    # server's session, which tells it from what tasks leave behind (nodes/leftovers.py)
                    preexec_fn=os.setpgrp,
                )

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Answer the child's questions and count its confirmations until its output ends."""
        assert process.stdout is not None
        while line := await process.stdout.readline():
            message = json.loads(line)
            if "ask" in message:
                assert self.judge is not None, "it was told to ask"
                self._answer(process, message, self.judge)
            else:
                await self._confirm(message.keys())
        await self._confirm(())

    @staticmethod
    def _answer(process: asyncio.subprocess.Process, asked: dict[str, Any], judge: Judge) -> None:
        try:
            verdict = judge(asked)
        except Exception:
            _log.exception("a request to linked storage could not be judged; it is performed")
            verdict = {}
        if process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(json.dumps({"answer": asked["ask"], "verdict": verdict}).encode() + b"\n")

    async def _confirm(self, kinds: Iterable[str]) -> None:
        async with self._confirmed:
            self._confirmations.update(kinds)
            self._confirmed.notify_all()

    async def _tell_accounts(self) -> None:
        """Return when the accounts are in force, or the child is gone (the next one is told when it starts)."""
        await self._ask({"accounts": self._accounts}, "accounts")

    async def _ask(self, message: dict[str, object], kind: str) -> None:
        """Send the child a line, and return when it has confirmed it or is gone."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        output = process.stdout
        assert output is not None
        async with self._confirmed:
            self._asked[kind] += 1
            awaited = self._asked[kind]
            process.stdin.write(json.dumps(message).encode() + b"\n")
            with contextlib.suppress(ConnectionError):
                await process.stdin.drain()
            await self._confirmed.wait_for(lambda: self._confirmations[kind] >= awaited or output.at_eof())

    async def _supervise(self, command: list[str]) -> None:
        """Start the child, and again whenever it ends by itself."""
        while True:
            try:
                await self._launch(command)
            except (OSError, _NotStarted) as trouble:  # OSError: this machine has no room for a process more
                _log.error("linked storage did not start on port %s: %s", self.port, trouble)
            code = None if self._process is None else await self._process.wait()
            self._ready.clear()
            _log.warning("linked storage ended with exit code %s; starting it again", code)
            await asyncio.sleep(_RESTART_SECONDS)


@contextlib.asynccontextmanager
async def _alone(lock: Path) -> AsyncIterator[int]:
    """Hold the folder's lock and give its descriptor, which a child inherits and so holds until it is gone.

    A child whose parent was killed still writes out what it holds: the next one must neither read too early nor write
    beside it. Its socket says nothing, because Azurite closes that first.
    """
    with lock.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_LOCK_POLL_SECONDS)
        yield file.fileno()


def check_installed() -> None:
    """Say at once what would be missing later.

    Raises:
        AzuriteMissing: there is no Node or no Azurite to start.
    """
    _node()
    _azurite()


def _command(folder: Path, port: int, certificate: Path, private_key: Path) -> list[str]:
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder / "data")]
    options += ["--cert", str(certificate), "--key", str(private_key)]
    options += ["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--loose"]
    return [_node(), str(_LAUNCHER), str(_azurite()), *options]


def _tools() -> list[Path]:
    """Where set-up puts tools: ``.tools`` of this checkout, or the folder that BATCHLOCAL_TOOLS names."""
    named = os.environ.get("BATCHLOCAL_TOOLS")
    return [Path(named)] if named else [Path(__file__).parents[2] / ".tools", Path.cwd() / ".tools"]


def _azurite() -> Path:
    for tools in _tools():
        if (tools / "azurite" / "node_modules" / "azurite").is_dir():
            return tools / "azurite"
    raise AzuriteMissing(
        "Azurite is not installed here: run `make setup` in a checkout; elsewhere"
        f" `npm install --prefix .tools/azurite azurite@{_version()}`,"
        " or set BATCHLOCAL_TOOLS to a folder that has azurite/"
    )


def _version() -> str:
    """The version that is worked with: what package.json asks for."""
    asked = json.loads((Path(__file__).parent / "package.json").read_text())
    return str(asked["dependencies"]["azurite"])


def _node() -> str:
    for tools in _tools():
        if (found := tools / "node" / "bin" / "node").exists():
            return str(found)
    if found_on_path := shutil.which("node"):
        return found_on_path
    raise AzuriteMissing(
        "Node.js is not installed here: run `make setup` in a checkout; elsewhere put node 20 or later on PATH"
    )


def _kept_port(folder: Path) -> int:
    """The folder's port, drawn once: blob URLs that clients have kept stay right over restarts.

    Drawn again only if somebody else took it meanwhile; a child of an earlier run that still writes out does not count.
    """
    file = folder / "port"
    kept = file.read_text() if file.exists() else ""
    if kept.isdecimal():  # a full disk may have left it empty
        port = int(kept)
        if _free(port) or _held(folder / "lock"):
            return port
        _log.warning("port %s of linked storage is taken by another program: its URLs change", port)
    file.parent.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        drawn: int = probe.getsockname()[1]
    file.write_text(str(drawn))
    return drawn


def _free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def _held(lock: Path) -> bool:
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
