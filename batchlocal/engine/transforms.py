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
from batchlocal.engine.values import OUTPUT, SIGNATURE

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
        """The registration as its transforms leave it."""
        urn = urn_for(stack, project, request.type, request.name, request.parent)
        self._of_resource[urn] = list(request.transforms)
        self._parents[urn] = request.parent
        callbacks = list(request.transforms)
        parent = request.parent
        while parent:
            callbacks += self._of_resource.get(parent, [])
            parent = self._parents.get(parent, "")
        _spell_aliases(request)
        for callback in [*callbacks, *self._stack]:
            request = self._one(callback, request)
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
        for name, value in json_format.MessageToDict(answer.properties).items():
            added = sorted(set(_dependencies(value)) - set(changed.propertyDependencies[name].urns))
            changed.propertyDependencies[name].urns.extend(added)
            changed.dependencies.extend(urn for urn in added if urn not in changed.dependencies)
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


def _dependencies(value: Any) -> Iterator[str]:
    """URNs that a property's output values depend on, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _dependencies(item)
    elif isinstance(value, dict):
        if value.get(SIGNATURE) == OUTPUT:
            yield from value.get("dependencies") or ()
        for item in value.values():
            yield from _dependencies(item)
