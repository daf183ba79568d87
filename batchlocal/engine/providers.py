"""Provider plugins: found, started, configured, asked, ended."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from batchlocal.engine.errors import EngineError
from batchlocal.engine.values import annotated, from_wire, named_references, plain_references, to_wire, unwrapped

__all__ = ["InitFailed", "Plugin", "PluginHost", "ProviderError"]

Values = dict[str, Any]

_LARGEST_MESSAGE = 400 * 1024 * 1024
_START_SECONDS = 30.0
# As the CLI reads them: after other codes nothing has happened.
_UNCLEAR = (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS)


class ProviderError(EngineError):
    """A provider refused; the text is its own. ``unclear``: it cannot be told whether something was done."""

    unclear = False


@dataclass
class InitFailed(Exception):
    """The resource was made or changed but did not become ready."""

    id: str
    outputs: Values
    inputs: Values
    reasons: list[str] = field(default_factory=list)


class Plugin:
    """One provider process, for one provider resource of the state."""

    def __init__(self, package: str, command: list[str], folder: Path, engine: str) -> None:
        """Start it; ``engine`` is the address of the engine's log, its last argument."""
        self.package = package
        self._engine = engine
        self._process = subprocess.Popen(
            [*command, engine],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is the engine's to hear; it asks plugins to cancel
        )
        self._connecting = threading.Lock()
        self.configured = False
        self._said: list[str] = []
        self._address: str | None = None
        self._stub: Any = None
        self._channel: grpc.Channel | None = None
        self._takes_secrets = False
        self._takes_references = False
        self.supports_preview = True
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line)

    def _connect(self) -> Any:
        """The service; the first call waits for the port that the plugin prints."""
        with self._connecting:
            return self._connected()

    def _connected(self) -> Any:
        if self._stub is None:
            assert self._process.stdout is not None
            line = self._process.stdout.readline().strip()
            if not line.isdigit():
                reason = "".join(self._said[-3:]).strip() or f"exit code {self._process.wait()}"
                raise EngineError(f"the provider plugin '{self.package}' did not start: {reason}")
            options = [(f"grpc.max_{way}_message_length", _LARGEST_MESSAGE) for way in ("receive", "send")]
            self._channel = grpc.insecure_channel(f"127.0.0.1:{line}", options=options)
            self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        return self._stub

    def configure(self, inputs: Values, urn: str, provider_id: str) -> None:
        """Handshake, then Configure with a provider resource's inputs."""
        stub = self._connect()
        with contextlib.suppress(grpc.RpcError):
            answer = stub.Handshake(pb.ProviderHandshakeRequest(engine_address=self._engine))
            self._takes_secrets = answer.accept_secrets
        plain = {name: value for name, value in unwrapped(inputs).items() if name != "__internal"}
        variables = {f"{self.package}:config:{name}": str(value) for name, value in plain.items()}
        request = pb.ConfigureRequest(
            args=to_wire(plain), variables=variables, acceptSecrets=True, acceptResources=True, urn=urn, id=provider_id
        )
        answer = self._call(stub.Configure, request)
        self._takes_secrets, self._takes_references = answer.acceptSecrets, answer.acceptResources
        self.supports_preview = answer.supportsPreview
        self.configured = True

    def _sent(self, values: Mapping[str, Any]) -> Any:
        given = (named_references if self._takes_references else plain_references)(dict(values))
        return to_wire(given if self._takes_secrets else unwrapped(given))

    def _heard(self, values: Any, given: Values) -> Values:
        """What the provider said; if it takes no secrets, they are marked again as they were given."""
        found = from_wire(values)
        return found if self._takes_secrets else annotated(found, given)

    def check_config(self, urn: str, olds: Values, news: Values) -> Values:
        """The provider resource's inputs, checked."""
        before = {name: value for name, value in olds.items() if name != "__internal"}
        request = pb.CheckRequest(urn=urn, olds=to_wire(before), news=to_wire(news), type=_type(urn), name=_name(urn))
        answer = self._call(self._connect().CheckConfig, request, unimplemented=pb.CheckResponse(inputs=to_wire(news)))
        _refuse_failures(urn, answer.failures)
        return {**from_wire(answer.inputs), **({"version": news["version"]} if "version" in news else {})}

    def diff_config(self, urn: str, provider_id: str, old: tuple[Values, Values], news: Values) -> Any:
        """The provider's DiffResponse about its configuration; ``old`` are inputs and outputs."""
        before, after = (
            {name: value for name, value in values.items() if name != "__internal"} for values in (old[0], news)
        )
        request = pb.DiffRequest(
            urn=urn,
            id=provider_id,
            olds=to_wire(old[1]),
            old_inputs=to_wire(before),
            news=to_wire(after),
            type=_type(urn),
            name=_name(urn),
        )
        return self._call(self._connect().DiffConfig, request, unimplemented=pb.DiffResponse())

    def check(self, urn: str, olds: Values, news: Values, seed: bytes) -> tuple[Values, list[Any]]:
        """Checked inputs, and what is wrong with them (property, reason)."""
        request = pb.CheckRequest(
            urn=urn,
            olds=self._sent(olds),
            news=self._sent(news),
            randomSeed=seed,
            type=_type(urn),
            name=_name(urn),
        )
        answer = self._call(self._connect().Check, request)
        return self._heard(answer.inputs, news), list(answer.failures)

    def diff(self, urn: str, resource_id: str, old: tuple[Values, Values], news: Values, ignored: list[str]) -> Any:
        """The provider's DiffResponse; ``old`` are inputs and outputs."""
        request = pb.DiffRequest(
            urn=urn,
            id=resource_id,
            old_inputs=self._sent(old[0]),
            olds=self._sent(old[1]),
            news=self._sent(news),
            ignoreChanges=ignored,
            type=_type(urn),
            name=_name(urn),
        )
        return self._call(self._connect().Diff, request)

    def create(self, urn: str, inputs: Values, seconds: float, *, preview: bool) -> tuple[str, Values]:
        """The new resource's id and outputs.

        Raises:
            InitFailed, ProviderError
        """
        request = pb.CreateRequest(
            urn=urn, properties=self._sent(inputs), timeout=seconds, preview=preview, type=_type(urn), name=_name(urn)
        )
        answer = self._call(self._connect().Create, request)
        return answer.id, self._heard(answer.properties, inputs)

    def update(
        self,
        urn: str,
        resource_id: str,
        old: tuple[Values, Values],
        news: Values,
        seconds: float,
        ignored: list[str],
        *,
        preview: bool,
    ) -> Values:
        """The outputs after an update.

        Raises:
            InitFailed, ProviderError
        """
        request = pb.UpdateRequest(
            urn=urn,
            id=resource_id,
            old_inputs=self._sent(old[0]),
            olds=self._sent(old[1]),
            news=self._sent(news),
            timeout=seconds,
            ignoreChanges=ignored,
            preview=preview,
            type=_type(urn),
            name=_name(urn),
        )
        return self._heard(self._call(self._connect().Update, request).properties, news)

    def read(self, urn: str, resource_id: str, inputs: Values | None, outputs: Values | None) -> Any:
        """A (id, inputs or None, outputs) of what is there; the id is '' when nothing is.

        Raises:
            InitFailed, ProviderError
        """
        request = pb.ReadRequest(urn=urn, id=resource_id, type=_type(urn), name=_name(urn))
        if inputs is not None:
            request.inputs.CopyFrom(self._sent(inputs))
        if outputs is not None:
            request.properties.CopyFrom(self._sent(outputs))
        answer = self._call(self._connect().Read, request)
        found = self._heard(answer.inputs, inputs or {}) if answer.HasField("inputs") else None
        return answer.id, found, self._heard(answer.properties, outputs or {})

    def delete(self, urn: str, resource_id: str, old: tuple[Values, Values], seconds: float) -> None:
        """Delete a resource.

        Raises:
            ProviderError
        """
        request = pb.DeleteRequest(
            urn=urn,
            id=resource_id,
            old_inputs=self._sent(old[0]),
            properties=self._sent(old[1]),
            timeout=seconds,
            type=_type(urn),
            name=_name(urn),
        )
        self._call(self._connect().Delete, request)

    def invoke(self, token: str, arguments: Values) -> tuple[Values, list[Any]]:
        """A function's answer, and what is wrong with its arguments."""
        answer = self._call(self._connect().Invoke, pb.InvokeRequest(tok=token, args=self._sent(arguments)))
        return from_wire(getattr(answer, "return")), list(answer.failures)

    def _call(self, method: Callable[[Any], Any], request: Any, unimplemented: Any = None) -> Any:
        try:
            return method(request)
        except grpc.RpcError as error:
            if unimplemented is not None and error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return unimplemented
            raise _translated(error, self.package) from None

    def cancel(self) -> None:
        """Ask the provider to hurry; running calls may finish."""
        if self._stub is not None:
            with contextlib.suppress(grpc.RpcError):
                self._stub.Cancel(empty_pb2.Empty(), timeout=2)

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def close(self) -> None:
        """End the process."""
        self.cancel()
        if self._channel is not None:
            self._channel.close()
        self._process.terminate()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _refuse_failures(urn: str, failures: Any) -> None:
    if failures:
        reasons = "; ".join(f"{failure.property}: {failure.reason}" for failure in failures)
        raise ProviderError(f"{_name(urn)}: {reasons}")


def _translated(error: grpc.RpcError, package: str) -> Exception:
    """What a provider's gRPC error means: init failed, or a plain refusal."""
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            failed = pb.ErrorResourceInitFailed()
            if detail.Is(failed.DESCRIPTOR) and detail.Unpack(failed):
                return InitFailed(
                    failed.id, from_wire(failed.properties), from_wire(failed.inputs), list(failed.reasons)
                )
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        return ProviderError(f"the provider plugin '{package}' ended unexpectedly")
    refusal = ProviderError(error.details() or str(error.code()))
    refusal.unclear = error.code() in _UNCLEAR
    return refusal


class PluginHost:
    """Starts plugins by package, early where it is known that they will be needed."""

    def __init__(self, project_providers: Mapping[str, Path], folder: Path, engine: str) -> None:
        self._engine = engine
        self._folders = dict(project_providers)
        self._folder = folder
        self._ready: dict[str, list[Plugin]] = {}
        self._all: list[Plugin] = []
        self._lock = threading.Lock()

    def prepare(self, package: str) -> None:
        """Start a plugin that will be asked for soon; one that cannot be found is told of when it is needed."""
        with contextlib.suppress(EngineError):
            plugin = self._start(package)
            with self._lock:
                self._ready.setdefault(package, []).append(plugin)

    def plugin(self, package: str) -> Plugin:
        """A fresh plugin process for one provider resource.

        Raises:
            EngineError: there is no such plugin.
        """
        with self._lock:
            waiting = self._ready.get(package)
            if waiting:
                return waiting.pop()
        return self._start(package)

    def _start(self, package: str) -> Plugin:
        plugin = Plugin(package, self._command(package), self._folder, self._engine)
        with self._lock:
            self._all.append(plugin)
        return plugin

    def _command(self, package: str) -> list[str]:
        if package in self._folders:
            return [sys.executable, str(self._folders[package])]
        if package == "pulumi-python":
            return [sys.executable, "-m", "pulumi.dynamic"]
        executable = f"pulumi-resource-{package}"
        found = shutil.which(executable)
        if found is None:
            raise EngineError(
                f"no provider plugin '{package}': {executable} is not on PATH and Pulumi.yaml names no folder for it"
            )
        return [found]

    def cancel(self) -> None:
        """Ask all plugins to hurry."""
        for plugin in list(self._all):
            plugin.cancel()

    def kill(self) -> None:
        """End all plugins at once."""
        for plugin in list(self._all):
            plugin.kill()

    def close(self) -> None:
        """End all plugins."""
        for plugin in self._all:
            plugin.close()
