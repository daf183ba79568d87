"""A cloud in memory behind a provider on a real port, for many short life cycles in one process."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

FORCING = ("name", "zone")


def values(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = json_format.MessageToDict(message)
    return found


def struct(content: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(content, struct_pb2.Struct())


class ToyCloud(provider_pb2_grpc.ResourceProviderServicer):  # type: ignore[misc]  # grpc has no types
    """Package ``mem``; ``things`` by id, ``owners`` the URN that each was made for.

    ``faults`` maps (method, name) to ``error`` (nothing is done) or ``init`` (done, not ready).
    """

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.faults: dict[tuple[str, str], str] = {}
        self.owners: dict[str, str] = {}
        self.invoked_in_preview: list[bool] = []
        self.created_in_preview: list[dict[str, Any]] = []
        self.greets = False  # what it takes and does is then told by Handshake, and otherwise by Configure
        self.compared: list[tuple[dict[str, Any], dict[str, Any]]] = []  # what every Diff was asked about
        self.read_within: list[float] = []  # seconds that every Read was given
        self._count = 0
        self._lock = threading.Lock()
        self._server = grpc.server(ThreadPoolExecutor(8))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def close(self) -> None:
        self._server.stop(0).wait()

    def _fault(self, method: str, urn: str) -> str:
        return self.faults.get((method, urn.split("::")[-1]), "")

    def _refuse(self, method: str, urn: str, context: Any) -> None:
        if self._fault(method, urn) == "error":
            context.abort(grpc.StatusCode.UNKNOWN, f"{method} failed on purpose")

    def _not_ready(self, method: str, urn: str, known: str, outputs: dict[str, Any], context: Any) -> None:
        if self._fault(method, urn) == "init":
            detail = any_pb2.Any()
            failed = provider_pb2.ErrorResourceInitFailed(id=known, properties=struct(outputs), reasons=["not ready"])
            detail.Pack(failed)
            status = status_pb2.Status(code=2, message="not ready", details=[detail])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(grpc.StatusCode.UNKNOWN, "not ready")

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="1.0.0")

    def Handshake(self, request: Any, context: Any) -> Any:
        if not self.greets:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "older than that")
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """Another account is another provider."""
        answers = provider_pb2.DiffResponse
        if values(request.old_inputs).get("account") == values(request.news).get("account"):
            return answers(changes=answers.DIFF_NONE)
        return answers(changes=answers.DIFF_SOME, diffs=["account"], replaces=["account"])

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=not self.greets)

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Check(self, request: Any, context: Any) -> Any:
        self._refuse("Check", request.urn, context)
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        old, new = values(request.old_inputs), values(request.news)
        self.compared.append((old, new))
        changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some,
            diffs=changed,
            replaces=[key for key in changed if key in FORCING],
            deleteBeforeReplace=bool(new.get("first")),
        )

    def Create(self, request: Any, context: Any) -> Any:
        inputs = values(request.properties)
        if request.preview:
            self.created_in_preview.append(inputs)
            return provider_pb2.CreateResponse(properties=request.properties)
        self._refuse("Create", request.urn, context)
        with self._lock:
            self._count += 1
            known = f"{inputs['name']}-{self._count}"
            self.things[known] = inputs
            self.owners[known] = request.urn
        outputs = {**inputs, "address": f"mem://{known}"}
        self._not_ready("Create", request.urn, known, outputs, context)
        return provider_pb2.CreateResponse(id=known, properties=struct(outputs))

    def Update(self, request: Any, context: Any) -> Any:
        inputs = values(request.news)
        outputs = {**inputs, "address": f"mem://{request.id}"}
        if not request.preview:
            self._refuse("Update", request.urn, context)
            with self._lock:
                if request.id not in self.things:
                    context.abort(grpc.StatusCode.NOT_FOUND, f"{request.id} is not there")
                self.things[request.id] = inputs
            self._not_ready("Update", request.urn, request.id, outputs, context)
        return provider_pb2.UpdateResponse(properties=struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:
        self._refuse("Read", request.urn, context)
        self.read_within.append(request.timeout)
        found = self.things.get(request.id)
        if found is None:
            return provider_pb2.ReadResponse()
        outputs = struct({**found, "address": f"mem://{request.id}"})
        return provider_pb2.ReadResponse(id=request.id, inputs=struct(found), properties=outputs)

    def Delete(self, request: Any, context: Any) -> Any:
        self._refuse("Delete", request.urn, context)
        with self._lock:
            self._take_away(request.id)
        return empty_pb2.Empty()

    def take_away(self, known: str) -> None:
        """Somebody else deletes a thing."""
        with self._lock:
            self._take_away(known)

    def _take_away(self, known: str) -> None:
        """What has its home in a thing goes with it."""
        self.things.pop(known, None)
        for other in [one for one, thing in self.things.items() if thing.get("home") == f"mem://{known}"]:
            self._take_away(other)

    def Invoke(self, request: Any, context: Any) -> Any:
        self.invoked_in_preview.append(request.preview)
        context.abort(grpc.StatusCode.NOT_FOUND, f"there is no {request.tok}")
