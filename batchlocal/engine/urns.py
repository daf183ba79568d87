"""Uniform resource names: ``urn:pulumi:STACK::PROJECT::PARENTTYPE$TYPE::NAME``."""

from __future__ import annotations

__all__ = ["ROOT_TYPE", "is_provider", "name_of", "package_of", "type_of", "urn_for"]

ROOT_TYPE = "pulumi:pulumi:Stack"


def urn_for(stack: str, project: str, kind: str, name: str, parent: str = "") -> str:
    """The URN of a resource; the root stack leaves no trace in its children's type chain."""
    chain = parent.split("::")[2] if parent else ""
    if chain and chain != ROOT_TYPE:
        kind = f"{chain}${kind}"
    return f"urn:pulumi:{stack}::{project}::{kind}::{name}"


def type_of(urn: str) -> str:
    """The resource's own type, without its ancestors'."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The logical name, which may hold ``::`` itself."""
    return urn.split("::", 3)[3]


def package_of(kind: str) -> str:
    """The package of a type or function token; a provider's own type names it last."""
    return kind.removeprefix("pulumi:providers:").split(":")[0]


def is_provider(kind: str) -> bool:
    """Whether a type is a provider's."""
    return kind.startswith("pulumi:providers:")
