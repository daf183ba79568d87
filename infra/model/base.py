"""What all settings have in common: camelCase in files, immutable, nothing unknown."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic.alias_generators import to_camel

__all__ = ["ArmId", "Duration", "Model", "Tags", "plain"]


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


DURATION_PATTERN: Final = r"^P(\d+D|(\d+D)?T(\d+H(\d+M)?(\d+S)?|\d+M(\d+S)?|\d+S))$"

Duration = Annotated[str, StringConstraints(pattern=DURATION_PATTERN), Field(examples=["PT15M"])]
"""An ISO 8601 duration of days, hours, minutes and seconds."""

ArmId = Annotated[str, StringConstraints(pattern=r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/.+$")]
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
