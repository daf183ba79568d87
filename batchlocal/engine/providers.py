"""Provider plugins: found, started, configured, asked, ended."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from batchlocal.engine.errors import EngineError
from batchlocal.engine.values import (
    annotated,
    from_wire,
    named_references,
    plain_references,
    to_wire,
    unwrapped,
    without_contents,
)

__all__ = ["InitFailed", "Plugin", "ProviderError", "Source"]

Values = dict[str, Any]

_LARGEST_MESSAGE = 400 * 1024 * 1024
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


class Source(Protocol):
    """Where a plugin listens."""

    def port(self) -> int:
        """Its port on the loopback; waits until it is known.

        Raises:
            EngineError: it did not start.
        """

    def kill(self) -> None:
        """End it at once."""

    def end(self) -> None:
        """Tell it to end."""

    def close(self) -> None:
        """Return when it has ended."""


class Plugin:
    """One provider, for one provider resource of the state."""

    def __init__(self, package: str, source: Source, engine: str) -> None:
        """``engine`` is the address of the engine's log."""
        self.package = package
        self._source = source
        self._engine = engine
        self._connecting = threading.Lock()
        self.configured = False
        self._stub: Any = None
        self._channel: grpc.Channel | None = None
        self._takes_secrets = False
        self._takes_references = False
        self.supports_preview = True

    def _connect(self) -> Any:
        """The service; the first call waits for the plugin's port."""
        with self._connecting:
            if self._stub is None:
                options = [(f"grpc.max_{way}_message_length", _LARGEST_MESSAGE) for way in ("receive", "send")]
                self._channel = grpc.insecure_channel(f"127.0.0.1:{self._source.port()}", options=options)
                self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
            return self._stub

    def configure(self, inputs: Values, urn: str, provider_id: str) -> None:
        """Handshake, then Configure with a provider resource's inputs; the first to be answered says what it takes."""
        stub, greeted = self._connect(), False
        with contextlib.suppress(grpc.RpcError):
            hands = stub.Handshake(pb.ProviderHandshakeRequest(engine_address=self._engine))
            self._takes_secrets, self._takes_references, greeted = hands.accept_secrets, hands.accept_resources, True
        plain = {name: value for name, value in unwrapped(inputs).items() if name != "__internal"}
        variables = {f"{self.package}:config:{name}": str(value) for name, value in plain.items()}
        request = pb.ConfigureRequest(
            args=to_wire(plain),
            variables=variables,
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
            urn=urn,
            id=provider_id,
            type=_type(urn),
            name=_name(urn),
        )
        answer = self._call(stub.Configure, request)
        if not greeted:
            self._takes_secrets, self._takes_references = answer.acceptSecrets, answer.acceptResources
            self.supports_preview = answer.supportsPreview
        self.configured = True

    def version(self) -> str:
        """Its version, '' if it has none to tell."""
        return str(self._call(self._connect().GetPluginInfo, empty_pb2.Empty(), plugin_pb2.PluginInfo()).version)

    def _sent(self, values: Mapping[str, Any]) -> Any:
        given = (named_references if self._takes_references else plain_references)(dict(values))
        return to_wire(given if self._takes_secrets else unwrapped(given))

    def _known(self, values: Values) -> Any:
        return self._sent(without_contents(values))

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
            old_inputs=self._known(old[0]),
            olds=self._known(old[1]),
            news=self._known(news),
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
            old_inputs=self._known(old[0]),
            olds=self._known(old[1]),
            news=self._sent(news),
            timeout=seconds,
            ignoreChanges=ignored,
            preview=preview,
            type=_type(urn),
            name=_name(urn),
        )
        return self._heard(self._call(self._connect().Update, request).properties, news)

    def read(
        self, urn: str, resource_id: str, inputs: Values | None, outputs: Values | None, seconds: float = 0.0
    ) -> Any:
        """A (id, inputs or None, outputs) of what is there; the id is '' when nothing is.

        Raises:
            InitFailed, ProviderError
        """
        request = pb.ReadRequest(urn=urn, id=resource_id, type=_type(urn), name=_name(urn), timeout=seconds)
        if inputs is not None:
            request.inputs.CopyFrom(self._known(inputs))
        if outputs is not None:
            request.properties.CopyFrom(self._known(outputs))
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
            old_inputs=self._known(old[0]),
            properties=self._known(old[1]),
            timeout=seconds,
            type=_type(urn),
            name=_name(urn),
        )
        self._call(self._connect().Delete, request)

    def invoke(self, token: str, arguments: Values, *, preview: bool) -> tuple[Values, list[Any]]:
        """A function's answer, and what is wrong with its arguments."""
        request = pb.InvokeRequest(tok=token, args=self._sent(arguments), preview=preview)
        answer = self._call(self._connect().Invoke, request)
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
        """End it at once."""
        self._source.kill()

    def end(self) -> None:
        """Let it go."""
        self.cancel()
        if self._channel is not None:
            self._channel.close()
        self._source.end()

    def close(self) -> None:
        """Return when it has gone; ``end`` was called before."""
        self._source.close()


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
