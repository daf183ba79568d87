"""The only reader of configuration: a stack's settings, whole and checked, or every mistake at once.

Pulumi hands every value over as text, lists and maps as JSON; numbers and booleans inside those keep their types.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import pulumi
from pulumi.runtime import config as pulumi_config
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from batchmgmt.errors import UsageError
from batchmgmt.packages import content_of
from infra.model import Environment
from infra.model.base import Fault, Spelled
from infra.model.partial import NotKnown, faults, partial

__all__ = ["Mistakes", "Settings", "parse", "read"]


class Settings(Environment):
    """The environment that a stack's file describes."""

    target: Annotated[str, Spelled(r"^[a-z]+$", "the name of a target")] = "azure"
    """Where ``make up`` deploys the stack to. The program does not read it."""


class Mistakes(pulumi.RunError):
    """All that is wrong with a stack's settings; its text is for the person who wrote them."""

    def __init__(self, file: str, found: Iterable[str]) -> None:
        self.found = tuple(found)
        count = "a setting is wrong" if len(self.found) == 1 else f"{len(self.found)} settings are wrong"
        super().__init__("\n".join([f"{file}: {count}; nothing was deployed", *(f"  {one}" for one in self.found)]))


def read() -> Settings:
    """This stack's settings.

    Raises:
        Mistakes: the file lacks something, or says what cannot be.
    """
    project, stack = pulumi.get_project(), pulumi.get_stack()
    given = {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}
    own = {key.partition(":")[2]: value for key, value in given.items() if key.startswith(f"{project}:")}
    return parse(own, project=project, file=f"stacks/Pulumi.{stack}.yaml", root=project_root())


def project_root() -> Path:
    """The folder of Pulumi.yaml, which relative paths in settings start from."""
    return Path(pulumi.runtime.get_root_directory() or Path.cwd())


def parse(given: Mapping[str, str], *, project: str, file: str, root: Path) -> Settings:
    """Settings from configuration values as Pulumi hands them over, by key without its namespace.

    Args:
        file: named in the message. root: where relative paths start.

    Raises:
        Mistakes: all of them.
    """
    decoded = {key: _decoded(value) for key, value in given.items()}
    wrong: list[ErrorDetails] = []
    try:
        settings = Settings.model_validate(decoded, by_alias=True, by_name=False)
    except ValidationError as invalid:
        wrong = invalid.errors(include_url=False, include_input=True)
        settings = partial(Settings, decoded)
    found = [_sentence(project, one) for one in _relevant(wrong)]
    found += [f"{project}:{path} {told}" for path, told in (*faults(settings), *_missing_sources(settings, root))]
    if found:
        raise Mistakes(file, found)
    return settings


_STRUCTURED: Final = "{["


def _decoded(value: str) -> Any:
    """Lists and maps from JSON; scalars as they are (a name may look like JSON, a list of settings may not)."""
    if value[:1] not in _STRUCTURED or not value:
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _relevant(errors: list[ErrorDetails]) -> Iterable[ErrorDetails]:
    """Of a setting with a short and a long form, only the complaints about the form that was used."""
    for one in errors:
        if one["type"] == "rule":  # told by ``faults``, those of groups with other mistakes too
            continue
        kind = str(one["loc"][-1]) if one["loc"] else ""
        if kind.startswith("literal[") and not isinstance(one["input"], str):
            continue
        if kind.startswith("function-") and isinstance(one["input"], str):
            continue
        yield one


# What pydantic found, in the words of these settings; ``{}`` fields come from its context.
_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is no setting",
    "literal_error": "must be {expected}",
    "string_type": "must be text; write it in quotes",
    "spelling": "must be {words}",
    "string_too_short": "must not be empty",
    "tuple_type": "must be a list",
    "dict_type": "must be a map",
    "model_type": "must be a map of settings",
    "model_attributes_type": "must be a map of settings",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_long": "must have at most {max_length} entries",
    "ip_v4_network": "must be a range of IPv4 addresses, such as 10.0.0.0/16",
}


def _sentence(project: str, one: ErrorDetails) -> str:
    context = one.get("ctx", {})
    kind = "string_type" if one["type"] == "spelling" and not isinstance(one["input"], str) else one["type"]
    template = _SENTENCES.get(kind)
    reason = template.format(**context) if template else one["msg"]
    path = _path(one["loc"])
    return f"{project}:{path} {reason}{_shown(one) if kind == one['type'] else ''}{_meant(one)}"


def _meant(one: ErrorDetails) -> str:
    """For an unknown setting, those that look like it."""
    if one["type"] != "extra_forbidden":
        return ""
    close = get_close_matches(str(one["loc"][-1]), sorted(_names(Settings)), n=2)
    return f"; did you mean {' or '.join(close)}?" if close else "; docs/settings.md lists all"


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    """The names of all settings, at any depth."""
    schema = model.model_json_schema(by_alias=True)
    groups = (schema, *schema["$defs"].values())
    return frozenset(name for group in groups for name in group.get("properties", ()))


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not _is_form(step):
            path += f".{step}" if path else step
    return path


def _is_form(step: str) -> bool:
    """Whether it is no place, but which form of a setting was tried there."""
    return step.startswith(("function-", "literal["))


def _shown(one: ErrorDetails) -> str:
    """The value found, where it is short, plain and cannot be a secret."""
    found = one["input"]
    tellable = one["type"] in {"literal_error", "greater_than_equal", "less_than_equal", "spelling"}
    return f" (found {json.dumps(found)})" if tellable and isinstance(found, str | int | float | bool) else ""


def _missing_sources(settings: Settings, root: Path) -> Iterator[Fault]:
    """Packages whose content is not there; what is wrong in itself is passed over."""
    for i, application in enumerate(_listed(settings, "applications")):
        for j, package in enumerate(_listed(application, "packages")):
            with suppress(NotKnown):
                if not package.is_remote and (told := _unusable(root, package.source)):
                    yield f"applications[{i}].packages[{j}].source", told


def _listed(group: object, name: str) -> list[Any]:
    try:
        return list(getattr(group, name))
    except NotKnown:
        return []


def _unusable(root: Path, source: str) -> str:
    try:
        content_of(root / source)
    except UsageError as fault:
        return f"{source}: {str(fault).replace(f'{root}{os.sep}', '')}"
    return ""
