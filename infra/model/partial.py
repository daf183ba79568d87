"""Settings of which some are wrong: as much of them as can be had, so that rules between the others can be asked."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Final, NoReturn, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from infra.model.base import Fault, Model

__all__ = ["UNKNOWN", "NotKnown", "faults", "partial"]


class NotKnown(Exception):
    """A rule looked at a setting that is wrong by itself."""


class _Unknown:
    """Stands for a setting that is there and wrong; whoever looks into it gets NotKnown."""

    def _fail(self, *_: object) -> NoReturn:
        raise NotKnown

    __getattr__ = __iter__ = __bool__ = __eq__ = __hash__ = __len__ = __contains__ = _fail
    __lt__ = __gt__ = __le__ = __ge__ = __str__ = __getitem__ = _fail


UNKNOWN: Final[Any] = _Unknown()


def partial(model: type[Model], given: Any) -> Any:
    """A group of settings from what was given, wrong ones as ``UNKNOWN``; nothing is checked between them."""
    if not isinstance(given, dict):
        return UNKNOWN
    found = {}
    for name, field in model.model_fields.items():
        key = to_camel(name)
        if key in given:
            found[name] = _value(field, given[key])
        else:
            found[name] = UNKNOWN if field.is_required() else field.get_default(call_default_factory=True)
    return model.model_construct(**found)


def _value(field: FieldInfo, given: Any) -> Any:
    kind: Any = field.annotation
    whole = Annotated[(kind, *field.metadata)] if field.metadata else kind
    return _valid(whole, given, kind)


def _valid(whole: Any, given: Any, kind: Any) -> Any:
    try:
        return TypeAdapter(whole).validate_python(given, by_alias=True, by_name=False)
    except ValidationError:
        return _inside(kind, given)


def _inside(kind: Any, given: Any) -> Any:
    """What can be had of a value that is wrong somewhere."""
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, Model):
        return partial(kind, given)
    if origin is tuple and isinstance(given, list):
        item = get_args(kind)[0]
        return tuple(_valid(item, one, item) for one in given)
    if origin in (Union, types.UnionType):
        groups = [one for one in get_args(kind) if isinstance(one, type) and issubclass(one, Model)]
        return partial(groups[0], given) if groups and isinstance(given, dict) else UNKNOWN
    return UNKNOWN


def faults(group: Any, path: str = "") -> Iterator[Fault]:
    """The faults between settings, of a group and of all within it."""
    if isinstance(group, Model):
        for one in group.rules():
            try:
                yield from [(f"{path}.{where}" if path else where, told) for where, told in one(group)]
            except NotKnown:
                continue
        for name in type(group).model_fields:
            yield from faults(getattr(group, name), f"{path}.{to_camel(name)}" if path else to_camel(name))
    elif isinstance(group, tuple):
        for number, item in enumerate(group):
            yield from faults(item, f"{path}[{number}]")
