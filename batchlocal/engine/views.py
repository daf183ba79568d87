"""Views of an operation: lines for files and pipes, a live table for terminals, JSON for programs."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from batchlocal.engine.display import Shown, View
from batchlocal.engine.rendering import created_lines, difference_lines, shown_value, summary_of
from batchlocal.engine.urns import is_provider, name_of, type_of

__all__ = ["EventView", "LineView", "LiveView", "PreviewJsonView"]

Values = dict[str, Any]

_SIGNS: Final = {
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
_DOING: Final = {
    "create": "creating",
    "update": "updating",
    "create-replacement": "creating replacement",
    "delete-replaced": "deleting original",
    "delete": "deleting",
    "read": "reading",
    "refresh": "refreshing",
    "import": "importing",
}
_DONE: Final = {
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
_STYLES: Final = {"+": "green", "~": "yellow", "-": "red", "+-": "magenta", "++": "green", "--": "red", "=": "cyan"}
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
                word = f"to {op}" if preview else _DONE.get(op, f"{op}ed")
                print(f"    {_SIGNS[op]} {counts[op]} {word}")
        if counts.get("same"):
            print(f"    {counts['same']} unchanged")
        print(f"\nDuration: {seconds:.1f}s", flush=True)


class LiveView(LineView):
    """A table of steps that changes while they run; stays when they are done."""

    def __init__(self, *, preview: bool, details: bool) -> None:
        super().__init__(preview=preview, details=details)
        self._console = Console()
        self._rows: dict[tuple[str, str], tuple[Shown, str]] = {}
        self._frozen: dict[tuple[str, str], float] = {}
        self._guard = threading.Lock()
        self._live = Live(console=self._console, get_renderable=self._table, refresh_per_second=8, transient=False)
        self._live.start()

    def _table(self) -> Table:
        with self._guard:
            rows = self._in_tree()
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_header=bool(rows))
        for title in ("", "Type", "Name", "Status", *(("Info",) if self._preview else ("Time",))):
            table.add_column(title, justify="right" if title == "Time" else "left", no_wrap=True)
        with self._guard:
            for key, depth in rows:
                shown, status = self._rows[key]
                sign = _SIGNS.get(shown.op, "?")
                style = "bold red" if status == "failed" else _STYLES.get(sign, "")
                last = summary_of(shown) if self._preview else f"{self._frozen.get(key, shown.seconds):.1f}s"
                kind = f"{'   ' * (depth - 1)}{'└─ ' if depth else ''}{type_of(shown.urn)}"
                table.add_row(*(Text(cell, style=style) for cell in (sign, kind, name_of(shown.urn), status, last)))
        return table

    def _in_tree(self) -> list[tuple[tuple[str, str], int]]:
        """Rows, children below their parents, and how deep each is; what stays the same is left out."""
        urns = {urn for urn, _ in self._rows}
        below: dict[str, list[tuple[str, str]]] = {}
        for key, (shown, _) in self._rows.items():
            below.setdefault(shown.parent if shown.parent in urns else "", []).append(key)
        found: list[tuple[tuple[str, str], int]] = []

        def place(parent: str, depth: int) -> None:
            for key in below.pop(parent, ()):
                found.append((key, depth))
                place(key[0], depth + 1)

        place("", 0)
        wanted: set[str] = set()
        for key, _ in reversed(found):
            shown, _ = self._rows[key]
            if shown.op != "same" or shown.urn in wanted:
                wanted |= {shown.urn, shown.parent}
        return [(key, depth) for key, depth in found if key[0] in wanted]

    def _row(self, shown: Shown, status: str, *, over: bool) -> None:
        if is_provider(type_of(shown.urn)) and shown.op == "same":
            return
        if self._preview and shown.op in ("create-replacement", "delete-replaced"):
            return  # the row of the replacement stands for them
        key = (shown.urn, "delete-replaced" if shown.op == "delete-replaced" else "")
        with self._guard:
            self._rows[key] = (shown, status)
            if over and key not in self._frozen:
                self._frozen[key] = shown.seconds

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)

    def start(self, shown: Shown) -> None:
        if shown.op not in ("same", "replace"):
            self._row(shown, shown.op if self._preview else _DOING.get(shown.op, shown.op), over=False)

    def done(self, shown: Shown) -> None:
        status = shown.op if self._preview else _DONE.get(shown.op, "" if shown.op == "same" else shown.op)
        if shown.difference.keys:
            status += f" [{', '.join(shown.difference.keys)}]"
        self._row(shown, status, over=True)
        if self._is_new(shown) and (lines := self._lines(shown)):
            head = f"{_SIGNS.get(shown.op, '')} {type_of(shown.urn)} {name_of(shown.urn)}: {status}"
            self._console.print("\n".join([head, *lines]), markup=False, highlight=False)

    def failed(self, shown: Shown, reason: str) -> None:
        self._row(shown, "failed", over=True)
        super().failed(shown, reason)

    def summary(self, counts: dict[str, int], seconds: float, *, preview: bool) -> None:
        self._live.stop()
        super().summary(counts, seconds, preview=preview)

    def outputs(self, outputs: Values) -> None:
        self._live.stop()
        super().outputs(outputs)

    def close(self) -> None:
        self._live.stop()


class EventView(View):
    """Pulumi's engine events, one JSON object a line."""

    def event(self, event: Values) -> None:
        print(json.dumps(event), flush=True)


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
        print(json.dumps({**body, "duration": round(seconds * 1e9), "changeSummary": counts}, indent=2), flush=True)


def _line(shown: Shown, *, preview: bool) -> str:
    sign = _SIGNS.get(shown.op, "?")
    word = shown.op if preview else _DONE.get(shown.op, shown.op)
    took = "" if preview else f" ({shown.seconds:.1f}s)"
    forced = f" [{', '.join(shown.difference.keys)}]" if shown.difference.keys else ""
    return f" {sign:<2} {type_of(shown.urn)} {name_of(shown.urn)} {word}{forced}{took}"
