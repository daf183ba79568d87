"""Views of an operation: lines for files and pipes, JSON for programs. The table for terminals is in live.py."""

from __future__ import annotations

import json
import sys
from typing import Any, Final, TextIO

from batchlocal.engine.display import MaskedStream, Shown, View
from batchlocal.engine.rendering import created_lines, difference_lines, shown_value
from batchlocal.engine.urns import name_of, type_of

__all__ = ["DOING", "DONE", "SIGNS", "EventView", "LineView", "PreviewJsonView"]

Values = dict[str, Any]

SIGNS: Final = {
    "same": " ",
    "create": "+",
    "update": "~",
    "replace": "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    "delete": "-",
    "read": ">",
    "refresh": "~",
    "import": "=",
    "import-replacement": "=>",
    "discard": "<",
    "discard-replaced": "<<",
    "remove-pending-replace": "~",
}
DOING: Final = {
    "create": "creating",
    "update": "updating",
    "create-replacement": "creating replacement",
    "delete-replaced": "deleting original",
    "delete": "deleting",
    "read": "reading",
    "refresh": "refreshing",
    "import": "importing",
}
DONE: Final = {
    "create": "created",
    "update": "updated",
    "create-replacement": "created replacement",
    "delete-replaced": "deleted original",
    "delete": "deleted",
    "replace": "replaced",
    "read": "read",
    "refresh": "refreshed",
    "import": "imported",
}
_ORDER: Final = ("create", "update", "replace", "delete", "import", "read", "discard")


class LineView(View):
    """A line a finished step."""

    def __init__(self, *, preview: bool, details: bool) -> None:
        """``details`` tells every property of what is made and goes; what changes is told in a preview anyway."""
        self._preview = preview
        self._details = details
        self._told: set[tuple[str, str]] = set()

    def _lines(self, shown: Shown) -> list[str]:
        """Property by property, what a step changes."""
        if shown.op in ("create-replacement", "delete-replaced") or not (self._details or self._preview):
            return []
        if self._details and shown.op == "create":
            return created_lines(shown)
        return difference_lines(shown)

    def _is_new(self, shown: Shown) -> bool:
        """Whether a step is told the first time; components come twice, at once and when their outputs are there."""
        key = (shown.urn, shown.op)
        first = key not in self._told
        self._told.add(key)
        return first

    def say(self, text: str) -> None:
        print(text, flush=True)

    def done(self, shown: Shown) -> None:
        if shown.op == "same" or (shown.op == "replace" and not self._preview):
            return
        if self._preview and shown.op in ("create-replacement", "delete-replaced"):
            return
        if self._is_new(shown):
            print("\n".join([_line(shown, preview=self._preview), *self._lines(shown)]), flush=True)

    def failed(self, shown: Shown, reason: str) -> None:
        print(f"error: {type_of(shown.urn)} {name_of(shown.urn)} {shown.op}: {reason}", file=sys.stderr, flush=True)

    def diagnostic(self, severity: str, text: str, urn: str) -> None:
        about = f"{type_of(urn)} {name_of(urn)}: " if urn and name_of(urn) not in text else ""
        prefix = "" if severity == "info" else f"{severity}: "
        print(f"{prefix}{about}{text}", file=sys.stderr if prefix else sys.stdout, flush=True)

    def violation(self, urn: str, about: Values, text: str) -> None:
        pack = f"{about['policyPackName']}@v{about['policyPackVersion']}"
        severity = f" [severity: {about['severity']}]" if "severity" in about else ""
        told = "".join(f"\n    {line}" for line in text.splitlines())
        place = f"({type_of(urn)}: {name_of(urn)})" if urn else ""
        print(f"policy [{about['enforcementLevel']}]{severity} {pack} {about['policyName']} {place}{told}", flush=True)

    def outputs(self, outputs: Values) -> None:
        if outputs:
            print("\nOutputs:")
            width = max(map(len, outputs))
            for name, value in sorted(outputs.items()):
                print(f"    {name:<{width}} : {shown_value(value)}")

    def summary(self, counts: dict[str, int], seconds: float, *, preview: bool) -> None:
        print("\nResources:")
        for op in _ORDER:
            if counts.get(op):
                word = f"to {op}" if preview else DONE.get(op, f"{op}ed")
                print(f"    {SIGNS[op]} {counts[op]} {word}")
        if counts.get("same"):
            print(f"    {counts['same']} unchanged")
        print(f"\nDuration: {seconds:.1f}s", flush=True)


class EventView(View):
    """Pulumi's engine events, one JSON object a line."""

    def event(self, event: Values) -> None:
        print(json.dumps(event), file=_beneath_mask(), flush=True)


class PreviewJsonView(View):
    """One JSON object at the end, as ``pulumi preview --json`` prints it."""

    def __init__(self) -> None:
        self._steps: list[Values] = []
        self._diagnostics: list[Values] = []
        self._config: Values = {}

    def event(self, event: Values) -> None:
        if "resourcePreEvent" in event:
            metadata = event["resourcePreEvent"]["metadata"]
            named = {"op": metadata["op"], "urn": metadata["urn"]}
            states = {f"{side}State": metadata[side] for side in ("old", "new") if side in metadata}
            more = {name: metadata[name] for name in ("detailedDiff", "keys") if name in metadata}
            self._steps.append({**named, **states, **more})
        elif "diagnosticEvent" in event:
            self._diagnostics.append(event["diagnosticEvent"])
        elif "preludeEvent" in event:
            self._config = event["preludeEvent"]["config"]

    def summary(self, counts: dict[str, int], seconds: float, *, preview: bool) -> None:
        body: Values = {"config": self._config, "steps": self._steps}
        if self._diagnostics:
            body["diagnostics"] = self._diagnostics
        whole = {**body, "duration": round(seconds * 1e9), "changeSummary": counts}
        print(json.dumps(whole, indent=2), file=_beneath_mask(), flush=True)


def _beneath_mask() -> TextIO:
    """Where JSON goes, whose texts have been masked one by one."""
    return sys.stdout.unmasked if isinstance(sys.stdout, MaskedStream) else sys.stdout


def _line(shown: Shown, *, preview: bool) -> str:
    sign = SIGNS.get(shown.op, "?")
    word = shown.op if preview else DONE.get(shown.op, shown.op)
    took = "" if preview else f" ({shown.seconds:.1f}s)"
    forced = f" [{', '.join(shown.difference.keys)}]" if shown.difference.keys else ""
    return f" {sign:<2} {type_of(shown.urn)} {name_of(shown.urn)} {word}{forced}{took}"
