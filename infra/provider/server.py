"""The provider's process: one gRPC service on a loopback port, printed first as Pulumi wants it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty

from batchmgmt.errors import BatchManagementError
from infra.provider.application_package import REQUIRED, TYPE, Identity, Manager, changes, failures, refusal
from infra.provider.wire import UNKNOWN, provider_pb2, provider_pb2_grpc, struct, values

__all__ = ["Provider", "project_root", "serve"]

THREADS: Final = 16
_Pb: Final[Any] = provider_pb2


def project_root(start: Path) -> Path:
    """The nearest folder at or above that has a Pulumi.yaml. Raises FileNotFoundError without one."""
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise FileNotFoundError(f"there is no Pulumi.yaml in {start} or above it")


def serve(root: Path) -> int:
    """Serve until told to end; returns the exit code."""
    server = grpc.server(ThreadPoolExecutor(THREADS))
    ended = threading.Event()
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(Manager(root), ended.set), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    ended.wait()
    server.stop(grace=1).wait()
    return 0


@contextmanager
def _told(context: grpc.ServicerContext) -> Iterator[None]:
    """Failures as one sentence; anything unforeseen without its values, which may be secret."""
    try:
        yield
    except BatchManagementError as failure:
        _abort(context, grpc.StatusCode.FAILED_PRECONDITION, str(failure))


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, text: str) -> NoReturn:
    context.abort(code, text)
    raise AssertionError("abort always raises")


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Pulumi's calls, each turned into one of the manager's. Method names are the protocol's."""

    def __init__(self, manager: Manager, cancel: Callable[[], None]) -> None:
        self.manager = manager
        self.cancel = cancel

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802, ARG002
        from pulumi.runtime.proto import plugin_pb2

        return plugin_pb2.PluginInfo(version=version("batchmgmt"))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802, ARG002
        return _Pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802, ARG002
        return _Pb.DiffResponse(changes=_Pb.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802, ARG002
        return _Pb.ConfigureResponse(acceptSecrets=False, supportsPreview=True, acceptResources=False)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802, ARG002
        self.cancel()
        return Empty()

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        _type_is_ours(request.urn, context)
        olds, news = values(request.olds), values(request.news)
        found = [*failures(olds, news), *self._source_failures(news)]
        told = [_Pb.CheckFailure(property=name, reason=reason) for name, reason in found]
        return _Pb.CheckResponse(inputs=request.news, failures=told)

    def _source_failures(self, news: dict[str, Any]) -> Iterator[tuple[str, str]]:
        source = news.get("source")
        if not isinstance(source, str) or source == UNKNOWN:
            return
        try:
            self.manager.content(source)
        except BatchManagementError as fault:
            yield "source", str(fault)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802, ARG002
        found = changes(values(request.olds), values(request.old_inputs), values(request.news))
        for ignored in request.ignoreChanges:
            found.pop(ignored, None)
        kinds = _Pb.PropertyDiff
        return _Pb.DiffResponse(
            changes=_Pb.DiffResponse.DIFF_SOME if found else _Pb.DiffResponse.DIFF_NONE,
            diffs=list(found),
            replaces=[name for name, replace in found.items() if replace],
            detailedDiff={
                name: _Pb.PropertyDiff(kind=kinds.UPDATE_REPLACE if replace else kinds.UPDATE, inputDiff=True)
                for name, replace in found.items()
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        inputs = values(request.properties)
        with _told(context):
            if request.preview:
                return _Pb.CreateResponse(properties=struct(self._previewed(inputs)))
            state = self.manager.publish(inputs)
        return _Pb.CreateResponse(id=str(Identity.of(inputs)), properties=struct(state))

    def _previewed(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if UNKNOWN not in inputs.values():
            self.manager.check_replaceable(inputs)
        return {**inputs, "size": self.manager.content(str(inputs["source"]))[1]}

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        inputs, olds = values(request.news), values(request.olds)
        with _told(context):
            if request.preview:
                size = self.manager.content(str(inputs["source"]))[1]
                return _Pb.UpdateResponse(properties=struct({**inputs, "size": size}))
            if olds.get("contentHash") not in ("", inputs["contentHash"]) and not inputs["allowUpdates"]:
                raise BatchManagementError(refusal(str(inputs["applicationName"]), str(inputs["version"])))
            return _Pb.UpdateResponse(properties=struct(self.manager.publish(inputs)))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        with _told(context):
            identity = Identity.parse(request.id)
            inputs = {name: value for name, value in values(request.inputs).items() if name in REQUIRED}
            found = self.manager.read(identity, inputs)
        if found is None:
            return _Pb.ReadResponse()
        state, now = found
        return _Pb.ReadResponse(id=str(identity), properties=struct(state), inputs=struct(now))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        with _told(context):
            self.manager.withdraw(Identity.parse(request.id))
        return Empty()


def _type_is_ours(urn: str, context: grpc.ServicerContext) -> None:
    kind = urn.split("::")[2].rpartition("$")[2]
    if kind != TYPE:
        _abort(context, grpc.StatusCode.NOT_FOUND, f"resource type {kind} is not known; there is {TYPE}")
