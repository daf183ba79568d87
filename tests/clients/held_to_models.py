"""Holds answers of ARM to the models of azure-mgmt-batch 19, which speaks 2025-06-01: what the JSON has, the model must
know, with its type and its value; what the model says is always there must be there.

A part of ``management_methods.py``, so it needs nothing but the SDK.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any

from azure.mgmt.batch import models

__all__ = ["Held"]

# What models say is always there and no answer shows, since Azure answers with no secret.
SECRET = {
    *("UserAccount.password", "CIFSMountConfiguration.password"),
    "AzureFileShareConfiguration.accountKey",
}
# Ends of operations that have no resource: the operation's own status.
NO_MODEL = {("PrivateEndpointConnectionOperations.begin_delete", "Succeeded")}
_TICK = timedelta(microseconds=1)  # Azure has tenths of it, Python has not


class Held:
    """Answers held to models so far: ``problems``, and ``Model.property`` of everything that was ``shown``."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.shown: set[str] = set()
        self.models: set[type] = set()

    def answer(self, method: str, result: Any, raw: dict[str, Any] | None) -> None:
        """Hold what a method gave to the JSON (None: no body) that was answered."""
        if (method, raw and raw.get("status")) in NO_MODEL:
            return
        if raw is None or result is None:
            found = [] if raw is result else [f"the SDK made {result!r:.60} of {raw!r:.60}"]
        else:
            found = list(self._value(type(result), result, raw, type(result).__name__))
        self.problems += [f"{method}: {text}" for text in found]

    def never_shown(self) -> list[str]:
        """``Model.property`` of the models that answers may hold, and that no answer had."""
        reached: set[type] = set()
        for model in self.models:
            _reach(model, reached)
        names = {f"{model.__name__}.{name}" for model in reached for name in _fields(model)}
        return sorted(names - self.shown)

    def _value(self, kind: Any, value: Any, raw: Any, path: str) -> Iterator[str]:
        kinds = [one for one in typing.get_args(kind) if one is not NoneType] if _is_union(kind) else [kind]
        origin = typing.get_origin(kinds[0])
        enums = [one for one in kinds if inspect.isclass(one) and issubclass(one, Enum)]
        if origin is list:
            yield from self._list(typing.get_args(kinds[0])[0], value, raw, path)
        elif origin is dict:
            yield from self._dict(typing.get_args(kinds[0])[1], value, raw, path)
        elif inspect.isclass(kinds[0]) and hasattr(kinds[0], "_attr_to_rest_field"):
            yield from self._model(value, raw, path)
        elif enums:
            if raw not in [one.value for one in enums[0]]:
                yield f"{path} is {raw!r}, which {enums[0].__name__} does not have"
        else:
            yield from _scalar(kinds[0], value, raw, path)

    def _list(self, kind: Any, value: Any, raw: Any, path: str) -> Iterator[str]:
        if not isinstance(raw, list) or not isinstance(value, list) or len(raw) != len(value):
            yield f"{path} is {raw!r:.60}, no list as the model has it"
            return
        for one, told in zip(value, raw, strict=True):
            yield from self._value(kind, one, told, f"{path}[]")

    def _dict(self, kind: Any, value: Any, raw: Any, path: str) -> Iterator[str]:
        if not isinstance(raw, dict) or set(raw) != set(value):
            yield f"{path} is {raw!r:.60}, no object as the model has it"
            return
        for name, told in raw.items():
            yield from self._value(kind, value[name], told, f"{path}.{name}")

    def _model(self, model: Any, raw: Any, path: str) -> Iterator[str]:
        if not isinstance(raw, dict) or not hasattr(model, "_attr_to_rest_field"):
            yield f"{path} is {raw!r:.60}, no object"
            return
        name, fields = type(model).__name__, _fields(type(model))
        self.models.add(type(model))
        for key, told in raw.items():
            if key not in fields:
                yield f"{path}.{key}: {name} has no such property"
                continue
            attribute, kind, _ = fields[key]
            self.shown.add(f"{name}.{key}")
            yield from self._value(kind, getattr(model, attribute), told, f"{path}.{key}")
        for key, (_, kind, _) in fields.items():
            if key not in raw and not _may_miss(kind) and f"{name}.{key}" not in SECRET:
                yield f"{path}.{key} is missing, and {name} says that it is always there"


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) is typing.Union


def _may_miss(kind: Any) -> bool:
    return NoneType in typing.get_args(kind)


def _scalar(kind: type, value: Any, raw: Any, path: str) -> Iterator[str]:
    if kind is not Any and (not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool)):
        yield f"{path} is {raw!r:.60}, no {kind.__name__}"
    elif isinstance(value, datetime):
        if not raw.endswith("Z") or abs(datetime.fromisoformat(raw[:26].rstrip("Z") + "+00:00") - value) > _TICK:
            yield f"{path} is {raw!r}, of which the SDK made {value}"
    elif not isinstance(value, timedelta) and value != raw:
        yield f"{path} is {raw!r:.60}, of which the SDK made {value!r:.60}"


@cache
def _fields(model: type) -> dict[str, tuple[str, Any, bool]]:
    """By a property's name in JSON: the attribute, its type, whether only the service sets it."""
    hints: dict[str, Any] = {}
    for one in reversed(model.__mro__):
        names = {"_models": models, "_Model": models.Resource, **vars(inspect.getmodule(one) or models)}
        hints |= typing.get_type_hints(one, names) if one.__module__.startswith("azure.mgmt.batch.models") else {}
    model.__new__(model)  # the SDK looks up a model's fields when the first is made
    return {
        field._rest_name: (attribute, hints[attribute], field._visibility == ["read"])
        for attribute, field in getattr(model, "_attr_to_rest_field").items()  # noqa: B009
    }


def _reach(kind: Any, reached: set[type]) -> None:
    """All models that a type may hold."""
    for one in typing.get_args(kind):
        _reach(one, reached)
    if inspect.isclass(kind) and hasattr(kind, "_is_model") and kind not in reached:
        reached.add(kind)
        for _, inner, _ in _fields(kind).values():
            _reach(inner, reached)
