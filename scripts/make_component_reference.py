"""Writes docs/components/, a page a component, from the components' signatures and docstrings; --check compares only.

Names of types that are settings lead to docs/settings.md.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from infra import components, resources  # noqa: E402

FOLDER = ROOT / "docs" / "components"
HEAD = """Made from docstrings by `scripts/make_component_reference.py`; `make lint` fails when it is stale.
"""
COMMON = {
    "name": "The component's logical name; its resources are named after it.",
    "settings": "What there is to be.",
    "opts": "Pulumi's resource options.",
    "resource_group_name": "The resource group that it goes to.",
    "location": "Its region.",
    "account": "The Batch account that it belongs to.",
    "subscription_id": "The subscription that it is in.",
    "account_name": "The Batch account's name.",
    "application_name": "The application's id.",
    "version": "The package's version.",
}
"""What arguments mean that are the same everywhere; a docstring's own words win."""


def main() -> int:
    """Write the pages, or compare them."""
    pages = {f"{kind.__name__}.md": page(kind) for kind in documented()}
    pages["README.md"] = contents()
    if "--check" in sys.argv:
        stale = [name for name, text in pages.items() if not _is(FOLDER / name, text)]
        for name in stale:
            print(f"docs/components/{name} is stale: run scripts/make_component_reference.py", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages.items():
        (FOLDER / name).write_text(text)
    return 0


def _is(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


def documented() -> list[type[Any]]:
    """The components, then the resources of this project's own provider."""
    ours = [getattr(components, name) for name in components.__all__]
    return ours + [getattr(resources, name) for name in resources.__all__]


def contents() -> str:
    """A line a page."""
    rows = [f"| [{kind.__name__}]({kind.__name__}.md) | {summary(kind)} |" for kind in documented()]
    head = ["# Components", "", HEAD, "Import components from `infra.components`, settings from `infra.model`.", ""]
    return "\n".join([*head, "| component | |", "|---|---|", *rows]) + "\n"


def summary(kind: type[Any]) -> str:
    """A docstring's first paragraph on one line."""
    return " ".join(inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].split())


def page(kind: type[Any]) -> str:
    """What it is, its arguments, what it gives."""
    own = inspect.cleandoc(kind.__doc__ or "")
    text = own.partition("Attributes:")[0].strip()
    parts = [f"# {kind.__name__}", "", HEAD, text, "", "## Arguments", "", "| argument | type | default | meaning |"]
    parts += ["|---|---|---|---|", *arguments(kind)]
    given = list(described(own, "Attributes:"))
    if given:
        parts += ["", "## Outputs", "", "| output | meaning |", "|---|---|"]
        parts += [f"| `{name}` | {meaning} |" for name, meaning in given]
    return "\n".join(parts) + "\n"


def arguments(kind: type[Any]) -> Iterator[str]:
    """A row an argument."""
    said = {**COMMON, **dict(described(inspect.cleandoc(kind.__init__.__doc__ or ""), "Args:"))}
    for name, one in list(inspect.signature(kind).parameters.items()):
        default = "**required**" if one.default is one.empty else f"`{one.default}`"
        yield f"| `{name}` | {typed(str(one.annotation))} | {default} | {said.get(name, '')} |"


def typed(annotation: str) -> str:
    """An annotation, a type of settings as a link."""
    name = annotation.replace("|", "\\|")
    if re.fullmatch(r"Account|Application|Environment|Monitoring|Network|Pool|Storage", annotation):
        anchor = "the-stack" if annotation == "Environment" else annotation.lower()
        return f"[{name}](../settings.md#{anchor})"
    return f"`{name}`"


def described(docstring: str, heading: str) -> Iterator[tuple[str, str]]:
    """Names and meanings of a docstring's section; several may share a line, and names may share a meaning."""
    _, found, rest = docstring.partition(heading)
    if not found:
        return
    section = " ".join(rest.partition("\n\n")[0].split())
    parts = re.split(r"(?:^|(?<=[.]) )((?:[a-z_]+, )*[a-z_]+): ", section)
    for names, meaning in zip(parts[1::2], parts[2::2], strict=True):
        text = meaning[:1].upper() + meaning[1:]
        yield from ((name, text.replace("|", "\\|")) for name in names.split(", "))


if __name__ == "__main__":
    sys.exit(main())
