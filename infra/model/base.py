"""What all settings have in common: camelCase in files, immutable, nothing unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = ["ArmId", "Duration", "Fault", "Model", "Spelled", "Tags", "plain", "rule", "seconds"]


@dataclass(frozen=True)
class Spelled:
    """Text of a certain form, which messages tell in words instead of as a pattern."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.custom_error_schema(
            core_schema.str_schema(pattern=self.pattern, strict=True),
            custom_error_type="spelling",
            custom_error_message="must be {words}",
            custom_error_context={"words": self.words},
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "patternErrorMessage": f"must be {self.words}"}  # as VS Code reads it


Fault = tuple[str, str]
"""What is wrong between settings: the path within their group, and the sentence that goes on after it."""

_R = TypeVar("_R", bound="Callable[[Any], Iterator[Fault]]")


def rule(method: _R) -> _R:
    """Marks a method that yields the faults between settings of a group, each rule's by itself.

    Rules also run on groups in which some setting is wrong, so that all mistakes are told at once: what such a setting
    would be is then not known, and a rule that looks at it says nothing (``infra.model.partial``).
    """
    method.is_rule = True  # type: ignore[attr-defined]
    return method


class Model(BaseModel):
    """A group of settings; the docstring under an attribute is its documentation everywhere."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    @classmethod
    def rules(cls) -> list[Callable[[Any], Iterator[Fault]]]:
        """The group's rules."""
        return [found for base in cls.__mro__ for found in vars(base).values() if getattr(found, "is_rule", False)]

    @model_validator(mode="after")
    def _keeps_its_rules(self) -> Self:
        faults = [fault for one in self.rules() for fault in one(self)]
        if faults:
            told = "; ".join(f"{path} {sentence}" for path, sentence in faults)
            raise PydanticCustomError("rule", "{told}", {"told": told})
        return self


Duration = Annotated[
    str,
    Spelled(
        r"^P(\d+D|(\d+D)?T(\d+H(\d+M)?(\d+S)?|\d+M(\d+S)?|\d+S))$", "an ISO 8601 duration, such as PT15M for 15 minutes"
    ),
]
"""An ISO 8601 duration of days, hours, minutes and seconds."""

_UNITS = {"D": 86400, "H": 3600, "M": 60, "S": 1}


def seconds(duration: str) -> int:
    """The length of a ``Duration``."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([DHMS])", duration))


ArmId = Annotated[
    str,
    Spelled(
        r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/.+$",
        "a full ARM id (/subscriptions/.../resourceGroups/.../providers/...)",
    ),
]
"""The full ARM id of a resource."""

Tags = dict[Annotated[str, StringConstraints(min_length=1, max_length=512)], str]
"""Names and values, as Azure's tags."""


def plain(value: Any, *, secret: Any = SecretStr.get_secret_value) -> Any:
    """Settings as nested dicts with Python's names, without what is not set; ``secret`` turns secrets into values."""
    if isinstance(value, SecretStr):
        return secret(value)
    if isinstance(value, BaseModel):
        fields = ((name, getattr(value, name)) for name in type(value).model_fields)
        return {name: plain(found, secret=secret) for name, found in fields if found is not None}
    if isinstance(value, dict):
        return {key: plain(found, secret=secret) for key, found in value.items()}
    if isinstance(value, list | tuple):
        return [plain(found, secret=secret) for found in value]
    return value
