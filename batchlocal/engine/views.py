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
from batchlocal.engine.urns import is_provider, name_of, type_of
from batchlocal.engine.values import SECRET, SIGNATURE, masked

__all__ = ["EventView", "LineView", "LiveView", "PreviewJsonView", "difference_lines"]

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
        self._preview = preview
        self._details = details or preview

    def say(self, text: str) -> None:
        print(text, flush=True)

    def done(self, shown: Shown) -> None:
        if shown.op == "same" or (shown.op == "replace" and not self._preview):
            return
        if self._preview and shown.op in ("create-replacement", "delete-replaced"):
            return
        print(_line(shown, preview=self._preview), flush=True)
        if self._details:
            print("".join(f"{line}\n" for line in difference_lines(shown)), end="", flush=True)

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
                print(f"    {name:<{width}} : {_shown(value)}")

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
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for title in ("", "Type", "Name", "Status", "Time"):
            table.add_column(title, justify="right" if title == "Time" else "left", no_wrap=True)
        with self._guard:
            for key, (shown, status) in self._rows.items():
                sign = _SIGNS.get(shown.op, "?")
                style = "bold red" if status == "failed" else _STYLES.get(sign, "")
                seconds = self._frozen.get(key, shown.seconds)
                took = "" if self._preview else f"{seconds:.1f}s"
                cells = (sign, type_of(shown.urn), name_of(shown.urn), status, took)
                table.add_row(*(Text(cell, style=style) for cell in cells))
        return table

    def _row(self, shown: Shown, status: str, *, over: bool) -> None:
        if is_provider(type_of(shown.urn)) and shown.op == "same":
            return
        key = (shown.urn, "delete-replaced" if shown.op == "delete-replaced" else "")
        with self._guard:
            self._rows[key] = (shown, status)
            if over:
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
        if self._details and shown.op not in ("create-replacement", "delete-replaced"):
            for line in difference_lines(shown):
                self._console.print(f"{name_of(shown.urn)}:{line}", markup=False, highlight=False)

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


def difference_lines(shown: Shown) -> list[str]:
    """The changed paths of a step; the ones that force a replacement say so."""
    lines = []
    for path, change in sorted(shown.difference.by_path().items()):
        sign = {"add": "+", "delete": "-", "update": "~"}[change.kind]
        forced = "  [forces replacement]" if change.replaces else ""
        before, after = (_shown(_at(values, path)) for values in (shown.old_inputs, shown.new_inputs))
        text = {"+": after, "-": before, "~": f"{before} => {after}"}[sign]
        lines.append(f"      {sign} {path}: {text}{forced}")
    return lines


def _at(values: Any, path: str) -> Any:
    """The value at a path; what lies within a secret is shown as the secret."""
    found = values
    for part in path.replace("[", ".").replace("]", "").replace('"', "").split("."):
        if isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, dict):
            if found.get(SIGNATURE) == SECRET:
                break
            found = found.get(part)
        else:
            return None
    return masked(found)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
