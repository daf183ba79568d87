"""The provider's process: one gRPC service on a loopback port, printed first as Pulumi wants it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty

from batchmgmt.errors import BatchManagementError
from infra.provider import application_package, pool_change, pool_nodes
from infra.provider.kinds import Kind, Say
from infra.provider.log import EngineLog
from infra.provider.wire import plugin_pb2, provider_pb2, provider_pb2_grpc, struct, values

__all__ = ["Provider", "kinds", "project_root", "serve"]

THREADS: Final = 16
LOOK_SECONDS: Final = 1.0
_Pb: Final[Any] = provider_pb2


def kinds(root: Path) -> Mapping[str, Kind]:
    """The resource types of this provider; ``root`` is the folder that packages' sources are relative to."""
    return {
        application_package.TYPE: application_package.ApplicationPackages(root),
        pool_change.TYPE: pool_change.PoolChanges(),
        pool_nodes.TYPE: pool_nodes.PoolNodes(),
    }


def project_root(start: Path) -> Path:
    """The nearest folder at or above that has a Pulumi.yaml. Raises FileNotFoundError without one."""
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise FileNotFoundError(f"there is no Pulumi.yaml in {start} or above it")


def serve(root: Path, *, engine: str = "") -> int:
    """Serve until told to end; returns the exit code. ``engine`` is the address of the engine's log."""
    parent = os.getppid()  # before the port is told: an engine may be killed as soon as it knows it
    server = grpc.server(ThreadPoolExecutor(THREADS))
    ended = threading.Event()
    provider = Provider(kinds(root), EngineLog(engine), ended.set)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while not ended.wait(LOOK_SECONDS) and os.getppid() == parent:
        pass  # an engine that was killed tells nobody: it is another's child then
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
    """Pulumi's calls, each turned into one of a resource type's. Method names are the protocol's."""

    def __init__(self, kinds: Mapping[str, Kind], log: EngineLog, cancel: Callable[[], None]) -> None:
        self.kinds = kinds
        self.log = log
        self.cancel = cancel

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802, ARG002
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
        found = self._kind(request.urn, context).failures(values(request.olds), values(request.news))
        told = [_Pb.CheckFailure(property=name, reason=reason) for name, reason in found]
        return _Pb.CheckResponse(inputs=request.news, failures=told)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        kind = self._kind(request.urn, context)
        found = kind.changes(values(request.olds), values(request.old_inputs), values(request.news))
        kept = {path: replace for path, replace in found.items() if path not in request.ignoreChanges}
        kinds = _Pb.PropertyDiff
        return _Pb.DiffResponse(
            changes=_Pb.DiffResponse.DIFF_SOME if kept else _Pb.DiffResponse.DIFF_NONE,
            diffs=list(dict.fromkeys(path.partition(".")[0] for path in kept)),
            replaces=[path for path, replace in kept.items() if replace],
            detailedDiff={
                path: _Pb.PropertyDiff(kind=kinds.UPDATE_REPLACE if replace else kinds.UPDATE, inputDiff=True)
                for path, replace in kept.items()
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        kind, say = self._kind(request.urn, context), self._say(request.urn)
        with _told(context):
            id, state = kind.create(values(request.properties), say, preview=request.preview)
        return _Pb.CreateResponse(id=id, properties=struct(state))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        kind, say = self._kind(request.urn, context), self._say(request.urn)
        olds, old_inputs, news = values(request.olds), values(request.old_inputs), values(request.news)
        with _told(context):
            state = kind.update(olds, old_inputs, news, say, preview=request.preview)
        return _Pb.UpdateResponse(properties=struct(state))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        kind = self._kind(request.urn, context)
        with _told(context):
            found = kind.read(request.id, values(request.properties), values(request.inputs))
        if found is None:
            return _Pb.ReadResponse()
        state, now = found
        return _Pb.ReadResponse(id=request.id, properties=struct(state), inputs=struct(now))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        kind = self._kind(request.urn, context)
        with _told(context):
            kind.delete(request.id)
        return Empty()

    def _kind(self, urn: str, context: grpc.ServicerContext) -> Kind:
        token = urn.split("::")[2].rpartition("$")[2]
        if token not in self.kinds:
            known = ", ".join(self.kinds)
            _abort(context, grpc.StatusCode.NOT_FOUND, f"resource type {token} is not known; there are {known}")
        return self.kinds[token]

    def _say(self, urn: str) -> Say:
        return partial(self.log.say, urn)
