"""Makes docs/settings.md and stacks/settings.schema.json from the types; `--check` fails when one is stale."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "batchenv"
HEAD = """# Settings of a stack

All that `stacks/Pulumi.<stack>.yaml` may say, under `config:`. Made from the types in `infra/model` by
`scripts/make_settings_reference.py`; `make lint` fails when it is stale. Editors check the files against
`stacks/settings.schema.json`, which the first line of each names.

Unknown settings are mistakes. A wrong file is told whole, with path and reason, before anything is deployed. Text that
looks like a number (`version: "1.0"`) is written in quotes. Secrets are set with
`pulumi config set --secret --path 'batchenv:pools[0].userAccounts[0].password'`.
"""


def main() -> int:
    """Write the files, or compare them."""
    schema = Settings.model_json_schema(by_alias=True)
    made = {
        ROOT / "docs" / "settings.md": page(schema),
        ROOT / "stacks" / "settings.schema.json": json.dumps(stack_schema(schema), indent=2) + "\n",
    }
    if "--check" in sys.argv:
        stale = [path.name for path, text in made.items() if not path.exists() or path.read_text() != text]
        for name in stale:
            print(f"{name} is stale: run scripts/make_settings_reference.py", file=sys.stderr)
        return 1 if stale else 0
    for path, text in made.items():
        path.write_text(text)
    return 0


def stack_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A stack file's JSON schema: keys of this project are checked, others are left to their owners."""
    keys = {f"{PROJECT}:{name}": value for name, value in schema["properties"].items()}
    config = {
        "type": "object",
        "properties": keys,
        "required": [f"{PROJECT}:{name}" for name in schema["required"]],
        "patternProperties": {f"^(?!{PROJECT}:)": {}},
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of batchenv",
        "type": "object",
        "properties": {"config": config},
        "required": ["config"],
        "$defs": schema["$defs"],
    }


def page(schema: dict[str, Any]) -> str:
    """All groups of settings, each after the one that first needs it."""
    groups = schema["$defs"]
    parts = [HEAD, "## The stack\n", *table(schema, prefix=f"{PROJECT}:")]
    parts += [part for name in order(schema, groups) for part in section(name, groups[name])]
    return "\n".join(parts).rstrip() + "\n"


def order(schema: dict[str, Any], groups: dict[str, Any]) -> list[str]:
    """Names of the groups, depth first."""
    found: list[str] = []

    def visit(node: dict[str, Any]) -> None:
        for name in references(node.get("properties", {})):
            if name not in found and "properties" in groups[name]:
                found.append(name)
                visit(groups[name])

    visit(schema)
    return found


def references(node: Any) -> Iterator[str]:
    """Names of the groups that a part of the schema refers to."""
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def section(name: str, group: dict[str, Any]) -> Iterator[str]:
    """A group's heading, what it is, and its settings."""
    yield f"\n## {name}\n"
    yield f"{one_line(group.get('description', ''))}\n"
    yield from table(group)


def table(group: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """A row a setting."""
    yield "| setting | type | default | meaning |"
    yield "|---|---|---|---|"
    required = group.get("required", [])
    for name, one in group["properties"].items():
        default = "**required**" if name in required else default_of(one)
        yield f"| `{prefix}{name}` | {kind(one)} | {default} | {one_line(one.get('description', ''))} |"


def default_of(one: dict[str, Any]) -> str:
    """The default as YAML would spell it; nothing for what is simply not set."""
    default = one.get("default")
    return "" if default in (None, [], {}) else f"`{json.dumps(default)}`"


def kind(one: dict[str, Any]) -> str:
    """The type in words, allowed values included."""
    if "$ref" in one:
        name = one["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in one:
        return f"`{one['const']}`"
    if "enum" in one:
        return " or ".join(f"`{value}`" for value in one["enum"])
    if "anyOf" in one:
        return " or ".join(kind(option) for option in one["anyOf"] if option.get("type") != "null")
    if one.get("type") == "array":
        return f"list of {kind(one.get('items', {}))}"
    if one.get("type") == "object":
        values = one.get("additionalProperties")
        return f"map to {kind(values)}" if isinstance(values, dict) else "map"
    if "patternErrorMessage" in one:
        return str(one["patternErrorMessage"]).removeprefix("must be ")
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    return words.get(one.get("type", ""), "anything") + bounds(one)


def bounds(one: dict[str, Any]) -> str:
    """Limits of a number."""
    low, high = one.get("minimum"), one.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    return f", at least {low}" if low is not None else ""


def one_line(text: str) -> str:
    """Text fit for a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
