"""Reads an api-version from Microsoft's generated Python client, where no OpenAPI document of it is at hand.

The client's request builders give the operations (as a JSON list made from them); its models give the schemas.
What a client does not carry (ranges, lengths, secrets) is taken from an OpenAPI document of the version before,
wherever both have the same property of the same operation.
"""

from __future__ import annotations

import datetime
import enum
import functools
import inspect
import json
import operator
import types
import typing
from pathlib import Path
from typing import Any

import azure.batch
from azure.batch import models
from azure.batch._utils.model_base import Model

from spec_sources.document import Document, Node
from spec_sources.enrichment import CONSTRAINTS, enrich

_SCALARS: dict[Any, Node] = {
    str: {"type": "string"},
    int: {"type": "integer", "format": "int32"},
    float: {"type": "number", "format": "double"},
    bool: {"type": "boolean"},
    bytes: {"type": "string", "format": "byte"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.timedelta: {"type": "string", "format": "duration"},
    Any: {},
}
_PARAMETER_TYPES: dict[str, Node] = {
    "str": {"type": "string"},
    "[str]": {"type": "string"},
    "int": {"type": "integer", "format": "int32"},
    "bool": {"type": "boolean"},
    "rfc-1123": {"type": "string", "format": "date-time-rfc1123"},
    "iso-8601": {"type": "string", "format": "date-time"},
}


def read(operations_file: Path, namespace: str, before: list[Document]) -> Document:
    """The service's operations and schemas.

    Args:
        before: documents of earlier versions; the first one's operation ids are kept, so that an operation has one
            id in all versions.
    """
    listed = json.loads(operations_file.read_text("utf-8"))
    document = Document(namespace, listed["apiVersion"], [operations_file.parent.name, listed["derivedFrom"]])
    reader = _Reader(document)
    known = {(operation["method"], operation["path"]): operation for operation in before[0].operations}
    for raw in listed["operations"]:
        document.operations.append(reader.operation(raw, known[raw["method"], raw["path"]]))
    for earlier in before:
        enrich(document, earlier, CONSTRAINTS)
    return document.prune()


class _Reader:
    def __init__(self, document: Document) -> None:
        self._schemas = document.schemas

    def operation(self, raw: Node, known: Node) -> Node:
        body, answer = _signature(raw["sdkMethod"])
        made: Node = {
            "id": known["id"],
            "method": raw["method"],
            "path": raw["path"],
            "parameters": [*_parameters(raw, known)],
            "responses": {str(status): None for status in raw["success"]},
        }
        if answer is not None:
            made["responses"][str(raw["success"][0])] = self._page(answer) if raw.get("paged") else self._name(answer)
        if body is not None:
            made["body"] = self._name(body)
            made["bodyRequired"] = bool(known.get("bodyRequired"))
        if raw.get("paged"):
            made["pageable"] = True
        return made

    def _page(self, item: type[Model]) -> str:
        name = f"{item.__name__}ListResult"
        value = {"type": "array", "items": {"ref": self._name(item)}}
        link = {"type": "string"}
        self._schemas[name] = {"type": "object", "properties": {"value": value, "odata.nextLink": link}}
        return name

    def _name(self, model: type[Model]) -> str:
        if model.__name__ not in self._schemas:
            made: Node = {"type": "object"}
            self._schemas[model.__name__] = made
            made |= self._object(model)
        return model.__name__

    def _object(self, model: type[Model]) -> Node:
        hints = typing.get_type_hints(model, {"_models": models, **vars(typing)}, {})
        properties, required = {}, []
        model.__new__(model)  # the client fills a model's list of fields when the first one is made
        for attribute, rest in model._attr_to_rest_field.items():
            hint, optional = _without_none(hints[attribute])
            node = self._node(hint)
            if rest._visibility == ["read"]:
                node |= {"readOnly": True}
            if not optional:
                required.append(rest._rest_name)
            properties[rest._rest_name] = node
        return {"properties": properties} | ({"required": required} if required else {})

    def _node(self, hint: Any) -> Node:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is list:
            return {"type": "array", "items": self._node(arguments[0])}
        if origin is dict:
            return {"type": "object", "additional": self._node(arguments[1]) or True}
        if origin in (typing.Union, types.UnionType):
            hint = next(one for one in arguments if inspect.isclass(one) and issubclass(one, enum.Enum))
        if inspect.isclass(hint) and issubclass(hint, enum.Enum):
            return {"type": "string", "enum": [member.value for member in hint]}
        if inspect.isclass(hint) and issubclass(hint, Model):
            return {"ref": self._name(hint)}
        return dict(_SCALARS[hint])


def _signature(method: str) -> tuple[type[Model] | None, type[Model] | None]:
    """The models that a client method takes and answers with."""
    function = getattr(azure.batch.BatchClient, method)
    body, answer = None, None
    for name, parameter in inspect.signature(function).parameters.items():
        hint, _ = _without_none(_evaluated(parameter.annotation))
        if inspect.isclass(hint) and issubclass(hint, Model) and name != "self":
            body = hint
    hint = _evaluated(inspect.signature(function).return_annotation)
    for candidate in (hint, *typing.get_args(hint)):
        candidate = _evaluated(candidate)
        if inspect.isclass(candidate) and issubclass(candidate, Model):
            answer = candidate
    return body, answer


def _evaluated(hint: Any) -> Any:
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    return getattr(models, hint.rsplit(".", 1)[1], None) if isinstance(hint, str) else hint


def _without_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = [one for one in typing.get_args(hint) if one is not type(None)]
        if len(members) < len(typing.get_args(hint)):
            return _evaluated(members[0]) if len(members) == 1 else functools.reduce(operator.or_, members), True
    return _evaluated(hint), False


def _parameters(raw: Node, known: Node) -> list[Node]:
    before = {parameter["name"].lower(): parameter for parameter in known["parameters"]}
    made = []
    for place, listed in (("path", raw["pathParams"]), ("query", raw["query"]), ("header", raw["headers"])):
        for name, details in listed.items():
            if name.lower() in ("accept", "content-type"):
                continue
            earlier = before.get(name.lower(), {})
            kind = {} if earlier else dict(_PARAMETER_TYPES[details["type"]])
            made.append({**earlier, "name": name, "in": place, **kind})
    return made
