"""The shape of a body: what is an object, a list, a text where a handler relies on it. What it does not read is free.

Azure's own answer to a wrong shape names the code ``InvalidRequestContent`` (Azure documentation, "Troubleshoot common
Azure deployment errors").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.domain.refusals import Refusal

__all__ = ["InvalidValue", "Shape", "check_shape"]

Shape = Any
"""``str``, ``int``, ``bool``, ``[shape]`` for a list, ``{name: shape}`` for an object; its names may be left out."""
_NAMES: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


@dataclass(eq=False)
class InvalidValue(Refusal):
    """A property's value is not taken."""

    name: str
    reason: str


CATALOGUE[InvalidValue] = gateway(
    400, "InvalidRequestContent", "The request content was invalid: '{name}' has a wrong value. {reason}"
)


def check_shape(value: Any, shape: Shape, path: str = "") -> None:
    """Refuse a value of another shape; ``path`` is how it is named in the answer, dotted.

    An object's null is taken as a name that is left out, a list's null is refused.

    Raises:
        InvalidValue
    """
    kind, given = shape if isinstance(shape, type) else type(shape), type(value)
    if given is not kind:  # isinstance would take true for a number
        raise InvalidValue(path or "body", f"It must be {_NAMES[kind]}.")
    if isinstance(shape, list):
        for at, item in enumerate(value):
            check_shape(item, shape[0], f"{path}[{at}]")
    elif isinstance(shape, dict):
        for name, inner in shape.items():
            if value.get(name) is not None:
                check_shape(value[name], inner, f"{path}.{name}".lstrip("."))
