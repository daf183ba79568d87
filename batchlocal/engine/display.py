"""What a person sees of an operation: a line a finished step, the differences, the outputs, a summary."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from typing import Any, Final, TextIO

from batchlocal.engine.plan import Difference
from batchlocal.engine.urns import name_of, type_of
from batchlocal.engine.values import masked

__all__ = ["Display", "MaskedStream"]

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
}
_DONE: Final = {
    "create": "created",
    "update": "updated",
    "create-replacement": "created replacement",
    "delete-replaced": "deleted original",
    "delete": "deleted",
    "read": "read",
    "refresh": "refreshed",
}
_COUNTED_AS: Final = {"create-replacement": "replace", "delete-replaced": "", "replace": ""}
_COLOURS: Final = {"+": 32, "~": 33, "-": 31, "+-": 35, "++": 32, "--": 31}


class Display:
    """Prints an operation's progress; safe to call from several threads."""

    def __init__(self, *, preview: bool, as_json: bool = False, details: bool = False) -> None:
        self.preview = preview
        self.counts: Counter[str] = Counter()
        self._json = as_json
        self._details = details
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._sequence = 0
        self._colours = sys.stdout.isatty() and not as_json

    def say(self, text: str) -> None:
        """A line of its own."""
        if not self._json:
            with self._lock:
                print(text, flush=True)

    def step(
        self,
        op: str,
        urn: str,
        seconds: float,
        difference: Difference | None = None,
        values: tuple[Values, Values] = ({}, {}),
    ) -> None:
        """A step has been done (or, in a preview, would be)."""
        with self._lock:
            counted = _COUNTED_AS.get(op, op)
            if counted:
                self.counts[counted] += 1
            self._event("resOutputsEvent", {"metadata": {"op": op, "urn": urn, "type": type_of(urn)}})
            if self._json or op == "same":
                return
            print(self._line(op, urn, seconds), flush=True)
            if difference is not None and (self.preview or self._details):
                for line in _difference_lines(difference, *values):
                    print(line, flush=True)

    def failed(self, op: str, urn: str, reason: str) -> None:
        """A step did not work."""
        with self._lock:
            self._event("resOpFailedEvent", {"metadata": {"op": op, "urn": urn, "type": type_of(urn)}, "status": 2})
            self._event("diagnosticEvent", {"urn": urn, "message": reason, "severity": "error"})
            if not self._json:
                print(f"error: {type_of(urn)} {name_of(urn)}: {reason}", file=sys.stderr, flush=True)

    def diagnostic(self, severity: str, text: str) -> None:
        """Something to read that is no step."""
        with self._lock:
            self._event("diagnosticEvent", {"message": text, "severity": severity})
            if not self._json:
                prefix = "" if severity == "info" else f"{severity}: "
                print(f"{prefix}{text}", file=sys.stderr if prefix else sys.stdout, flush=True)

    def _line(self, op: str, urn: str, seconds: float) -> str:
        sign = _SIGNS.get(op, "?")
        word = op if self.preview else _DONE.get(op, op)
        took = "" if self.preview else f" ({seconds:.1f}s)"
        text = f" {sign:<2} {type_of(urn)} {name_of(urn)} {word}{took}"
        colour = _COLOURS.get(sign)
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours and colour else text

    def outputs(self, outputs: Values) -> None:
        """The stack's outputs."""
        if outputs and not self._json:
            print("\nOutputs:")
            width = max(map(len, outputs))
            for name, value in sorted(outputs.items()):
                print(f"    {name:<{width}} : {_shown(masked(value))}")

    def summary(self, result: str = "succeeded") -> None:
        """How many resources went which way, and how long it took."""
        with self._lock:
            changes = {op: count for op, count in self.counts.items() if count}
            seconds = round(time.monotonic() - self._started)
            body = {"resourceChanges": changes, "durationSeconds": seconds, "isPreview": self.preview, "result": result}
            self._event("summaryEvent", body)
            if self._json:
                return
            print("\nResources:")
            for op in ("create", "update", "replace", "delete", "read"):
                if changes.get(op):
                    word = f"to {op}" if self.preview else {"create": "created"}.get(op, f"{op}d")
                    print(f"    {_SIGNS[op]} {changes[op]} {word}")
            if changes.get("same"):
                print(f"    {changes['same']} unchanged")
            print(f"\nDuration: {time.monotonic() - self._started:.1f}s", flush=True)

    @property
    def changed(self) -> int:
        """How many resources are not the same."""
        return sum(count for op, count in self.counts.items() if op not in ("same", "read"))

    def _event(self, kind: str, body: Values) -> None:
        if self._json:
            event = {"sequence": self._sequence, "timestamp": int(time.time()), kind: body}
            self._sequence += 1
            print(json.dumps(event), flush=True)


def _difference_lines(difference: Difference, old: Values, new: Values) -> list[str]:
    """The changed paths; the ones that force a replacement say so."""
    lines = []
    for path, kind in sorted(difference.paths.items()):
        sign = {"add": "+", "delete": "-", "update": "~"}[kind.split("-")[0]]
        forced = "  [forces replacement]" if kind.endswith("-replace") else ""
        before, after = (_shown(masked(_at(values, path))) for values in (old, new))
        change = {"+": after, "-": before, "~": f"{before} => {after}"}[sign]
        lines.append(f"      {sign} {path}: {change}{forced}")
    return lines


def _at(values: Any, path: str) -> Any:
    found = values
    for part in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, dict):
            if "value" in found and part not in found:
                return found
            found = found.get(part)
        else:
            return None
    return found


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


class MaskedStream:
    """A text stream that prints ``[secret]`` in place of known secret texts."""

    def __init__(self, stream: TextIO, secrets: list[str]) -> None:
        self._stream = stream
        self._secrets = sorted(secrets, key=len, reverse=True)

    def write(self, text: str) -> int:
        """Write the text with every secret masked."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
