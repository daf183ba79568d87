"""The provider's gRPC service: generic create, read, update and delete over the table of resource types."""

from __future__ import annotations

import asyncio
import functools
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf import any_pb2, empty_pb2

from batchlocal.plugin import bodies, checks, comparison, invokes
from batchlocal.plugin.arm import ArmClient
from batchlocal.plugin.errors import ArmError, OperationFailed
from batchlocal.plugin.protos import pb, plugin_pb2, services, status_pb2
from batchlocal.plugin.settings import SettingsIncomplete, read_settings
from batchlocal.plugin.types import ResourceType, type_named, type_of
from batchlocal.plugin.values import UNKNOWN, from_wire, is_unknown, to_wire

__all__ = ["VERSION", "AzureNative"]

VERSION = "3.29.0"  # the SDK version whose behaviour and types this plugin follows
_NO_SCHEMA = (
    "the local azure-native plugin has no schema to write code from; what was asked of the cloud is done"
    " (`pulumi import --generate-code=false` does not ask for code)"
)

Values = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


class _PartiallyMade(Exception):
    """The resource was accepted but did not become ready: state keeps what is there."""

    def __init__(self, resource_id: str, outputs: Values, inputs: Values, reason: str) -> None:
        super().__init__(reason)
        self.detail = pb.ErrorResourceInitFailed(
            id=resource_id, properties=to_wire(outputs), inputs=to_wire(inputs), reasons=[reason]
        )


def _told(method: F) -> F:
    """A failure reaches the user as one sentence, never as a traceback."""

    @functools.wraps(method)
    async def wrapped(self: AzureNative, request: Any, context: Any) -> Any:
        try:
            return await method(self, request, context)
        except _PartiallyMade as partial:
            detail = any_pb2.Any()
            detail.Pack(partial.detail)
            status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(partial), details=[detail])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            await context.abort(grpc.StatusCode.UNKNOWN, str(partial))
        except (ArmError, LookupError, SettingsIncomplete, ValueError) as mistake:
            text = mistake.args[0] if isinstance(mistake, LookupError) and mistake.args else str(mistake)
            await context.abort(grpc.StatusCode.UNKNOWN, str(text))

    return wrapped  # type: ignore[return-value]


class AzureNative(services.ResourceProviderServicer):
    """The ``azure-native`` provider of one provider resource."""

    def __init__(self) -> None:
        self._client: ArmClient | None = None
        self._places: dict[str, str] = {}
        self._asking = asyncio.Lock()

    @property
    def _arm(self) -> ArmClient:
        if self._client is None:
            raise SettingsIncomplete("the provider has not been configured yet")
        return self._client

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """The version that the plugin stands for."""
        return plugin_pb2.PluginInfo(version=VERSION)

    async def GetSchema(self, request: Any, context: Any) -> Any:
        """Refused in words: code is written from the official provider's schema only."""
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, _NO_SCHEMA)

    async def Handshake(self, request: Any, context: Any) -> Any:
        """What the plugin understands: plain values; secrets are wrapped again by the engine."""
        return pb.ProviderHandshakeResponse(accept_secrets=False, accept_resources=False, accept_outputs=False)

    async def Attach(self, request: Any, context: Any) -> Any:
        """Nothing to do."""
        return empty_pb2.Empty()

    async def Cancel(self, request: Any, context: Any) -> Any:
        """Nothing is interrupted: running requests may finish."""
        return empty_pb2.Empty()

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        """Any configuration is taken here; Configure says what is missing."""
        return pb.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        """Another configuration is an update, never a replacement."""
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_UNKNOWN)

    @_told
    async def Configure(self, request: Any, context: Any) -> Any:
        """Remember whom to talk to; the first request will."""
        given = {name: _text(value) for name, value in from_wire(request.args).items()}
        self._client = ArmClient(read_settings(given))
        return pb.ConfigureResponse(acceptSecrets=False, supportsPreview=True, acceptResources=False)

    @_told
    async def Check(self, request: Any, context: Any) -> Any:
        """Inputs with name, location and api-version filled in, or what is wrong with them."""
        kind = type_of(request.urn)
        olds, news = from_wire(request.olds), from_wire(request.news)
        inputs = checks.named(kind, olds, {**kind.defaults, **news}, _name_wanted(request))
        if kind.is_located and "location" not in inputs:
            location = await self._location(kind, olds, inputs)
            inputs = {**inputs, **({"location": location} if location else {})}
        inputs["azureApiVersion"] = kind.api_version
        failures = [pb.CheckFailure(property=name, reason=reason) for name, reason in checks.problems(kind, inputs)]
        return pb.CheckResponse(inputs=to_wire(inputs), failures=failures)

    async def _location(self, kind: ResourceType, olds: Values, inputs: Values) -> str:
        """Where a resource goes that was given no location: as before, as configured, else where its group is."""
        if kept := olds.get("location") or self._arm.settings.location:
            return str(kept)
        group = inputs.get("resourceGroupName")
        if not group or kind.name_input == "resourceGroupName":
            return ""
        if is_unknown(group):
            return UNKNOWN
        async with self._asking:
            if group not in self._places:
                path = f"/subscriptions/{self._arm.settings.subscription_id}/resourceGroups/{group}"
                found = await self._arm.get(path, type_named("azure-native:resources:ResourceGroup").api_version)
                if found is None:
                    return UNKNOWN
                self._places[group] = str(found["location"])
            return self._places[group]

    @_told
    async def Diff(self, request: Any, context: Any) -> Any:
        """Old inputs against new ones, property by property."""
        kind = type_of(request.urn)
        old, new = from_wire(request.old_inputs), from_wire(request.news)
        change = checks.changes(kind, old, new).without(request.ignoreChanges)
        detail = {
            path: pb.PropertyDiff(kind=_kind(word, path in change.replaces), inputDiff=True)
            for path, word in change.paths.items()
        }
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if change.paths else pb.DiffResponse.DIFF_NONE,
            diffs=change.names,
            replaces=change.replacing_names,
            deleteBeforeReplace=bool(change.replaces) and not old.get(checks.RANDOM_MARK),
            detailedDiff=detail,
            hasDetailedDiff=True,
        )

    @_told
    async def Create(self, request: Any, context: Any) -> Any:
        """Refuse what exists, PUT, wait, and read what came of it."""
        kind, inputs = type_of(request.urn), from_wire(request.properties)
        if request.preview:
            return pb.CreateResponse(properties=to_wire(_previewed(kind, inputs, {})))
        path = bodies.path_of(kind, inputs, self._arm.settings.subscription_id)
        if not kind.traits.is_singleton and await self._arm.get(path, kind.api_version) is not None:
            raise ArmError(409, "", f"cannot create already existing resource '{path}'")
        outputs = await self._put(kind, path, bodies.to_body(kind, inputs), inputs, request.timeout)
        return pb.CreateResponse(id=str(outputs.get("id", path)), properties=to_wire(outputs))

    async def _put(self, kind: ResourceType, path: str, body: Values, inputs: Values, seconds: float) -> Values:
        try:
            return bodies.outputs_of(kind, await self._arm.put(path, kind.api_version, body, seconds))
        except OperationFailed as failure:
            found = await self._arm.get(path, kind.api_version)
            if found is None:
                raise
            outputs = bodies.outputs_of(kind, found)
            raise _PartiallyMade(str(found.get("id", path)), outputs, inputs, str(failure)) from None

    @_told
    async def Update(self, request: Any, context: Any) -> Any:
        """PUT the whole body."""
        kind, inputs = type_of(request.urn), from_wire(request.news)
        if request.preview:
            return pb.UpdateResponse(properties=to_wire(_previewed(kind, inputs, from_wire(request.olds))))
        body = await self._body_of_update(kind, request.id, from_wire(request.old_inputs), inputs)
        outputs = await self._put(kind, request.id, body, inputs, request.timeout)
        return pb.UpdateResponse(properties=to_wire(outputs))

    async def _body_of_update(self, kind: ResourceType, resource_id: str, old: Values, inputs: Values) -> Values:
        """The whole body, with what a PUT that leaves it out would take away from others, or would not reset."""
        gone = {name: value for name, value in kind.traits.reset.items() if name in old and name not in inputs}
        body = bodies.to_body(kind, {**inputs, **gone})
        kept = [name for name in kind.traits.kept if name not in inputs]
        if kept:
            found = await self._arm.get(resource_id, kind.api_version) or {}
            there = found.get("properties") or {}
            body.setdefault("properties", {}).update({name: there[name] for name in kept if name in there})
        return body

    @_told
    async def Read(self, request: Any, context: Any) -> Any:
        """What ARM shows now: for import, for ``get``, and for refresh."""
        kind = type_of(request.urn)
        body = await self._arm.get(request.id, kind.api_version)
        if body is None:
            return pb.ReadResponse()
        resource_id = str(body.get("id", request.id))
        given, before = from_wire(request.inputs), from_wire(request.properties)
        if given and before != given:
            inputs = comparison.refreshed(kind, given, before, resource_id, body)
        else:
            inputs = given or bodies.inputs_of(kind, resource_id, body)
        outputs = bodies.outputs_of(kind, body)
        return pb.ReadResponse(id=resource_id, properties=to_wire(outputs), inputs=to_wire(inputs))

    @_told
    async def Delete(self, request: Any, context: Any) -> Any:
        """DELETE and wait; what is gone already is well. What there is always one of goes back to its defaults."""
        kind = type_of(request.urn)
        if kind.traits.is_singleton:
            await self._arm.put(request.id, kind.api_version, {"properties": {}}, request.timeout)
            return empty_pb2.Empty()
        await self._arm.delete(request.id, kind.api_version, request.timeout)
        return empty_pb2.Empty()

    @_told
    async def Invoke(self, request: Any, context: Any) -> Any:
        """A function of the provider: keys, a resource as it is, the client's own identity."""
        answer = await invokes.invoke(self._arm, request.tok, from_wire(request.args))
        return pb.InvokeResponse(**{"return": to_wire(answer)})


def _previewed(kind: ResourceType, inputs: Values, old: Values) -> Values:
    """Outputs before an update has run: the inputs, everything else unknown; an update keeps name, id and location."""
    unknown = dict.fromkeys((*kind.outputs, "id", "name", "type", "systemData"), UNKNOWN)
    kept: Values = {name: old[name] for name in ("id", "name", "type", "location") if name in old}
    lifted = {name: inputs[name] for name in (*kind.inputs, "azureApiVersion") if name in inputs}
    return {**unknown, **lifted, **kept}


def _kind(word: comparison.Kind, forces: bool) -> Any:
    return pb.PropertyDiff.Kind.Value(f"{word}_REPLACE" if forces else word)


def _name_wanted(request: Any) -> checks.NameWanted:
    """What a Check says about names."""
    modes = pb.CheckRequest.AutonamingOptions.Mode
    asked = request.autonaming
    return checks.NameWanted(
        request.urn.split("::")[-1],
        request.randomSeed or os.urandom(32),
        proposed=asked.proposed_name,
        is_enforced=asked.mode == modes.ENFORCE,
        is_disabled=asked.mode == modes.DISABLE,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
