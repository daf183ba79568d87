"""Transforms: functions of the program that may change a registration before the engine sees it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf import json_format
from pulumi.runtime.proto import alias_pb2, callback_pb2, callback_pb2_grpc, resource_pb2

from batchlocal.engine.errors import EngineError
from batchlocal.engine.urns import urn_for
from batchlocal.engine.values import OUTPUT, SIGNATURE, UNKNOWN, is_secret, to_wire

__all__ = ["Transforms"]

# Fields of a registration and their names among a transform's options.
_LISTS = {
    "dependencies": "depends_on",
    "ignoreChanges": "ignore_changes",
    "replaceOnChanges": "replace_on_changes",
    "additionalSecretOutputs": "additional_secret_outputs",
    "replace_with": "replace_with",
    "aliases": "aliases",
}
_TEXTS = {
    "provider": "provider",
    "version": "version",
    "pluginDownloadURL": "plugin_download_url",
    "deletedWith": "deleted_with",
    "importId": "import",
}
_FLAGS = {"protect": "protect", "retainOnDelete": "retain_on_delete"}


class Transforms:
    """Applies a resource's own transforms, then its ancestors', then the stack's, by calling back the program."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._invokes: list[Any] = []
        self._of_resource: dict[str, list[Any]] = {}
        self._parents: dict[str, str] = {}
        self._stubs: dict[str, Any] = {}
        self._lock = threading.Lock()

    def add(self, callback: Any) -> None:
        """A transform of every resource of the stack."""
        self._stack.append(callback)

    def add_invoke(self, callback: Any) -> None:
        """A transform of every function call of the stack."""
        self._invokes.append(callback)

    def apply(self, request: Any, project: str, stack: str) -> Any:
        """The registration as its transforms leave it.

        What a value depends on is the transforms' to say only where the resource has some of its own; the stack's and
        the ancestors' may add to it. (CLI 3.260, seen.)
        """
        urn = urn_for(stack, project, request.type, request.name, request.parent)
        own = list(request.transforms)
        self._of_resource[urn], self._parents[urn] = own, request.parent
        callbacks = list(own)
        parent = request.parent
        while parent:
            callbacks += self._of_resource.get(parent, [])
            parent = self._parents.get(parent, "")
        callbacks += self._stack
        _spell_aliases(request)
        if not callbacks:
            return request
        needed = list(request.dependencies)
        if own:
            _tell_dependencies(request)
        for callback in callbacks:
            request = self._one(callback, request)
        _take_dependencies(request, None if own else needed)
        return request

    def apply_invoke(self, request: Any) -> Any:
        """The function call as the transforms leave it."""
        for callback in self._invokes:
            asked = resource_pb2.TransformInvokeRequest(
                token=request.tok,
                args=request.args,
                options=resource_pb2.TransformInvokeOptions(provider=request.provider, version=request.version),
            )
            answer = resource_pb2.TransformInvokeResponse.FromString(self._call(callback, asked))
            request.args.CopyFrom(answer.args)
            request.provider, request.version = answer.options.provider, answer.options.version
        return request

    def _one(self, callback: Any, request: Any) -> Any:
        asked = resource_pb2.TransformRequest(
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=request.parent,
            properties=request.object,
            options=_options(request),
        )
        answer = resource_pb2.TransformResponse.FromString(self._call(callback, asked))
        changed = resource_pb2.RegisterResourceRequest()
        changed.CopyFrom(request)
        changed.object.CopyFrom(answer.properties)
        _take(changed, answer.options)
        return changed

    def _call(self, callback: Any, request: Any) -> bytes:
        with self._lock:
            if callback.target not in self._stubs:
                channel = grpc.insecure_channel(callback.target)
                self._stubs[callback.target] = callback_pb2_grpc.CallbacksStub(channel)
        asked = callback_pb2.CallbackInvokeRequest(token=callback.token, request=request.SerializeToString())
        try:
            answer: bytes = self._stubs[callback.target].Invoke(asked).response
        except grpc.RpcError as error:
            raise EngineError(f"a transform of the program failed: {error.details()}") from None
        return answer


def _options(request: Any) -> Any:
    options = resource_pb2.TransformResourceOptions()
    for ours, theirs in _LISTS.items():
        getattr(options, theirs).extend(getattr(request, ours))
    for ours, theirs in _TEXTS.items():
        setattr(options, theirs, getattr(request, ours))
    for ours, theirs in _FLAGS.items():
        if request.HasField(ours):
            setattr(options, theirs, getattr(request, ours))
    if request.deleteBeforeReplaceDefined:
        options.delete_before_replace = request.deleteBeforeReplace
    options.custom_timeouts.CopyFrom(request.customTimeouts)
    options.providers.update(request.providers)
    return options


def _take(request: Any, options: Any) -> None:
    for ours, theirs in _LISTS.items():
        del getattr(request, ours)[:]
        getattr(request, ours).extend(getattr(options, theirs))
    for ours, theirs in _TEXTS.items():
        setattr(request, ours, getattr(options, theirs))
    for ours, theirs in _FLAGS.items():
        request.ClearField(ours)
        if options.HasField(theirs):
            setattr(request, ours, getattr(options, theirs))
    request.deleteBeforeReplaceDefined = options.HasField("delete_before_replace")
    request.deleteBeforeReplace = options.delete_before_replace
    request.customTimeouts.CopyFrom(options.custom_timeouts)
    request.providers.clear()
    request.providers.update(options.providers)


def _spell_aliases(request: Any) -> None:
    """Aliases that came as URNs, put before the others in the one list that transforms see."""
    both = [*(alias_pb2.Alias(urn=urn) for urn in request.aliasURNs), *request.aliases]
    del request.aliases[:]
    request.aliases.extend(both)


def _tell_dependencies(request: Any) -> None:
    """Make each property that depends on resources an output value that says so."""
    values = {name: _with_outputs(value) for name, value in json_format.MessageToDict(request.object).items()}
    for name, value in values.items():
        given = set(request.propertyDependencies[name].urns)
        if not given <= set(_dependencies(value)):
            made = value if _is_output(value) else {SIGNATURE: OUTPUT, "value": value}
            values[name] = {**made, "dependencies": sorted(given | set(made.get("dependencies", ())))}
    request.object.CopyFrom(to_wire(values))


def _with_outputs(value: Any) -> Any:
    """The value with output values in place of secrets and unknowns, at any depth."""
    if value == UNKNOWN:
        return {SIGNATURE: OUTPUT}
    if isinstance(value, list):
        return [_with_outputs(item) for item in value]
    if not isinstance(value, dict):
        return value
    if is_secret(value):
        inner = _with_outputs(value["value"])
        return {**(inner if _is_output(inner) else {SIGNATURE: OUTPUT, "value": inner}), "secret": True}
    return value if SIGNATURE in value else {name: _with_outputs(item) for name, item in value.items()}


def _is_output(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == OUTPUT


def _take_dependencies(request: Any, needed: list[str] | None) -> None:
    """Set the dependencies to what the properties' output values say, beside ``needed`` or what a transform asked."""
    found = {name: set(_dependencies(value)) for name, value in json_format.MessageToDict(request.object).items()}
    if needed is None:
        request.propertyDependencies.clear()
        request.dependencies.extend(sorted(set().union(*found.values()) - set(request.dependencies)))
    else:
        del request.dependencies[:]
        request.dependencies.extend(needed)
    for name, urns in found.items():
        known = request.propertyDependencies[name].urns
        known.extend(sorted(urns - set(known)))


def _dependencies(value: Any) -> Iterator[str]:
    """URNs that a property's output values depend on, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _dependencies(item)
    elif isinstance(value, dict):
        if _is_output(value):
            yield from value.get("dependencies") or ()
        for item in value.values():
            yield from _dependencies(item)
