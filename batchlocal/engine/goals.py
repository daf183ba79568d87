"""What a program asks for: one registration, taken from its request."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from batchlocal.engine.errors import EngineError
from batchlocal.engine.values import from_wire

__all__ = ["Goal"]

Values = dict[str, Any]


@dataclass
class Goal:
    """One resource as the program wants it; options that the program left unset come from its parent.

    ``aliases`` are Pulumi's own messages, a URN or its parts each.
    """

    type: str
    name: str
    custom: bool
    inputs: Values
    parent: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    provider: str = ""
    providers: dict[str, str] = field(default_factory=dict)
    version: str = ""
    plugin_url: str = ""
    protect: bool | None = None
    retain_on_delete: bool | None = None
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    hide_diffs: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    import_id: str = ""
    deleted_with: str = ""
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    aliases: list[Any] = field(default_factory=list)
    source_position: str = ""
    replace_with: list[str] = field(default_factory=list)
    trigger: bool = False

    def needs(self) -> set[str]:
        """URNs that must be there before this resource."""
        found = {*self.dependencies, self.parent, self.deleted_with}
        return (found | {urn for urns in self.property_dependencies.values() for urn in urns}) - {""}

    @classmethod
    def from_request(cls, request: Any) -> Goal:
        """The goal of a RegisterResourceRequest.

        Raises:
            EngineError: a timeout is no duration.
        """
        timeouts = {kind: _seconds(getattr(request.customTimeouts, kind)) for kind in _TIMED}
        inputs = {name: value for name, value in from_wire(request.object).items() if value is not None}
        return cls(
            type=request.type,
            name=request.name,
            custom=request.custom,
            inputs=inputs,
            parent=request.parent,
            dependencies=sorted(request.dependencies),
            property_dependencies={name: sorted(one.urns) for name, one in request.propertyDependencies.items()},
            provider=request.provider,
            providers=dict(request.providers),
            version=request.version,
            plugin_url=request.pluginDownloadURL,
            protect=request.protect if request.HasField("protect") else None,
            retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
            delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            ignore_changes=list(request.ignoreChanges),
            replace_on_changes=list(request.replaceOnChanges),
            hide_diffs=list(request.hideDiffs),
            additional_secret_outputs=list(request.additionalSecretOutputs),
            import_id=request.importId,
            deleted_with=request.deletedWith,
            custom_timeouts={kind: seconds for kind, seconds in timeouts.items() if seconds},
            aliases=list(request.aliases),
            source_position=_position(request),
            replace_with=list(request.replace_with),
            trigger=request.HasField("replacement_trigger"),
        )


def _position(request: Any) -> str:
    place = request.sourcePosition
    return f"{place.uri}#{place.line}" if place.uri else ""


_TIMED = ("create", "update", "delete", "read")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = r"(\d+\.?\d*|\.\d+)(ms|us|µs|ns|h|m|s)"


def _seconds(text: str) -> float:
    """A duration as Go spells it, such as ``1h30m`` or ``100ms``, in seconds; 0 for none."""
    if not re.fullmatch(rf"({_PART})*|0", text):
        raise EngineError(f"unable to parse customTimeout Value {text}")
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))
