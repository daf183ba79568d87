"""What is told of an operation: counts, the event stream, and a view for whoever watches."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, TextIO, cast

from batchlocal.engine.plan import Difference
from batchlocal.engine.state import Resource
from batchlocal.engine.urns import is_provider, name_of, type_of
from batchlocal.engine.values import masked

__all__ = ["Display", "MaskedStream", "Shown", "View", "masking"]

Values = dict[str, Any]

# A replacement counts once, by its marker; what waits for deletion was counted when it was replaced.
_UNCOUNTED: Final = frozenset(
    {
        *("create-replacement", "delete-replaced", "discard-replaced", "import-replacement", "read-replacement"),
        "remove-pending-replace",
    }
)


@dataclass
class Shown:
    """One step as it is shown."""

    op: str
    urn: str
    old: Resource | None = None
    difference: Difference = field(default_factory=Difference)
    old_inputs: Values = field(default_factory=dict)
    new_inputs: Values = field(default_factory=dict)
    new_id: str = ""
    new: Resource | None = None
    hidden: list[str] = field(default_factory=list)
    parent: str = ""
    logical: bool = True
    counts: bool = True
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def metadata(self) -> Values:
        """The step as Pulumi's events spell it."""
        body: Values = {"op": self.op, "urn": self.urn, "type": type_of(self.urn)}
        if self.old is not None:
            body["old"] = _side(self.old, self.old.id, self.old_inputs or self.old.inputs)
        if self.new is not None or self.new_id:
            body["new"] = _side(self.new or self.old, self.new_id, self.new_inputs, self.urn)
        if self.difference.keys:
            body["keys"] = sorted(self.difference.keys)
        if self.difference.names:
            body["diffs"] = sorted(self.difference.names)
        if self.difference.paths:
            body["detailedDiff"] = {
                path: {"diffKind": one.word, "inputDiff": one.of_inputs} for path, one in self.difference.paths.items()
            }
        logical = self.logical and self.op not in _UNCOUNTED
        provider = self.old.provider if self.old else ""
        return {**body, "logical": logical, "provider": provider}


def _side(resource: Resource | None, known: str, inputs: Values, urn: str = "") -> Values:
    """A resource before or after a step, as Pulumi's events spell it; secrets masked."""
    if resource is None:
        return {"urn": urn, "type": type_of(urn), "id": known, "inputs": masked(inputs)}
    flags = {"delete": resource.delete, "protect": resource.protect, "retainOnDelete": resource.retain_on_delete}
    return {
        "type": resource.type,
        "urn": resource.urn,
        "custom": resource.custom,
        **{name: True for name, value in flags.items() if value},
        "id": known,
        "parent": resource.parent,
        "inputs": masked(inputs or resource.inputs),
        "outputs": masked(resource.outputs),
        "provider": resource.provider,
        **({"initErrors": resource.init_errors} if resource.init_errors else {}),
        **({"hideDiffs": resource.hide_diffs} if resource.hide_diffs else {}),
    }


class View:
    """Whoever watches; every method may be left out."""

    def say(self, text: str) -> None:
        """A line of its own."""

    def start(self, shown: Shown) -> None:
        """A step begins."""

    def done(self, shown: Shown) -> None:
        """A step is done."""

    def failed(self, shown: Shown, reason: str) -> None:
        """A step did not work."""

    def diagnostic(self, severity: str, text: str, urn: str) -> None:
        """Something to read that is no step."""

    def violation(self, urn: str, about: Values, text: str) -> None:
        """A policy is not kept, or has changed a resource."""

    def event(self, event: Values) -> None:
        """Pulumi's event for any of these."""

    def outputs(self, outputs: Values) -> None:
        """The stack's outputs, secrets masked."""

    def summary(self, counts: dict[str, int], seconds: float, *, preview: bool) -> None:
        """How many resources went which way."""

    def close(self) -> None:
        """Nothing more is told."""


class Display:
    """Counts steps and tells the view and the event log of them; safe to call from several threads."""

    def __init__(self, view: View, *, preview: bool, event_log: Path | None = None) -> None:
        self.preview = preview
        self.counts: Counter[str] = Counter()
        self._view = view
        self._lock = threading.RLock()
        self._started = time.monotonic()
        self._sequence = 0
        self._hidden: list[str] = []
        self._hidden_parts: list[Any] = []
        self._log: TextIO | None = event_log.open("w") if event_log else None

    def hide(self, secrets: list[str]) -> None:
        """Texts that are never to be shown."""
        self._hidden = sorted({*self._hidden, *secrets}, key=len, reverse=True)
        self._hidden_parts = [part for part in map(_parsed, self._hidden) if isinstance(part, dict | list)]

    def _clean(self, text: str) -> str:
        for secret in self._hidden:
            text = text.replace(secret, "[secret]")
        return text

    def say(self, text: str) -> None:
        """A line of its own."""
        with self._lock:
            self._view.say(self._clean(text))

    def start(self, shown: Shown) -> None:
        """A step begins."""
        with self._lock:
            self._event("resourcePreEvent", {"metadata": shown.metadata(), "planning": self.preview})
            self._view.start(shown)

    def done(self, shown: Shown, *, count: bool = True) -> None:
        """A step has been done (or, in a preview, would be)."""
        with self._lock:
            if count:
                self.count(shown)
            self._event("resOutputsEvent", {"metadata": shown.metadata(), "planning": self.preview})
            self._view.done(shown)

    def count(self, shown: Shown) -> None:
        """Count a step that is done though it is not shown so yet."""
        with self._lock:
            if self._counted(shown):
                self.counts[shown.op] += 1

    @staticmethod
    def _counted(shown: Shown) -> bool:
        default = is_provider(type_of(shown.urn)) and name_of(shown.urn).startswith("default")
        unchanged_read = shown.op == "read" and not (shown.counts and shown.old is not None)
        return shown.op not in _UNCOUNTED and not default and not unchanged_read

    def failed(self, shown: Shown, reason: str, status: int = 0) -> None:
        """A step did not work; ``status`` is Pulumi's: 0 nothing happened, 1 partly, 2 unknown."""
        with self._lock:
            reason = self._clean(reason)
            self._event("resOpFailedEvent", {"metadata": shown.metadata(), "status": status, "steps": 0})
            self._event("diagnosticEvent", {"urn": shown.urn, "message": reason, "severity": "error"})
            self._view.failed(shown, reason)

    def diagnostic(self, severity: str, text: str, urn: str = "") -> None:
        """Something to read that is no step."""
        with self._lock:
            text = self._clean(text)
            self._event("diagnosticEvent", {"urn": urn, "message": text, "severity": severity})
            self._view.diagnostic(severity, text, urn)

    def violation(self, urn: str, about: Values, text: str) -> None:
        """A policy is not kept; ``about`` has the names and the level."""
        with self._lock:
            text = self._clean(text)
            self._event("policyEvent", {"resourceUrn": urn, "message": text, "color": "never", **about})
            self._view.violation(urn, about, text)

    def remediation(self, urn: str, about: Values, before: Values, after: Values) -> None:
        """A policy has changed a resource's inputs."""
        with self._lock:
            body = {"resourceUrn": urn, "color": "never", **about, "before": masked(before), "after": masked(after)}
            self._event("policyRemediationEvent", body)
            self._view.violation(urn, {**about, "enforcementLevel": "remediate"}, "its inputs were changed")

    def aside(self, severity: str, text: str) -> None:
        """A word about the command, which is no event of the operation."""
        with self._lock:
            self._view.diagnostic(severity, self._clean(text), "")

    def not_possible(self, shown: Shown, reason: str) -> None:
        """A step that a preview sees cannot be done."""
        with self._lock:
            text = f"Preview failed: {self._clean(reason)}"
            self._event("diagnosticEvent", {"urn": shown.urn, "message": text, "severity": "error"})
            self._view.failed(shown, text)

    def begin(self, config: dict[str, str]) -> None:
        """The operation begins; secret configuration is masked by the caller."""
        with self._lock:
            self._event("preludeEvent", {"config": config})

    def outputs(self, outputs: Values) -> None:
        """The stack's outputs."""
        with self._lock:
            self._view.outputs(masked(outputs))

    def summary(self, result: str) -> None:
        """How many resources went which way, and how long it took."""
        with self._lock:
            changes = {op: count for op, count in sorted(self.counts.items()) if count}
            seconds = time.monotonic() - self._started
            body = {"resourceChanges": changes, "durationSeconds": round(seconds), "maybeCorrupt": False}
            self._event("summaryEvent", {**body, "isPreview": self.preview, "result": result})
            self._view.summary(changes, seconds, preview=self.preview)

    @property
    def changed(self) -> int:
        """How many resources are not the same."""
        return sum(count for op, count in self.counts.items() if op not in ("same", "read"))

    def close(self) -> None:
        """The last event."""
        with self._lock:
            self._event("cancelEvent", {})
            self._view.close()
            self._view = View()
            if self._log is not None:
                self._log.close()
                self._log = None

    def _event(self, kind: str, body: Values) -> None:
        shown = self._cleaned(body) if self._hidden else body
        event = {"sequence": self._sequence, "timestamp": int(time.time()), kind: shown}
        self._sequence += 1
        self._view.event(event)
        if self._log is not None:
            self._log.write(json.dumps(event) + "\n")
            self._log.flush()

    def _cleaned(self, value: Any) -> Any:
        """A value with every secret text in it masked, and objects and lists that such a text spells."""
        if isinstance(value, str):
            return self._clean(value)
        if value in self._hidden_parts:
            return "[secret]"
        if isinstance(value, list):
            return [self._cleaned(item) for item in value]
        if isinstance(value, dict):
            return {name: self._cleaned(item) for name, item in value.items()}
        return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


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

    @property
    def unmasked(self) -> TextIO:
        """The stream beneath, for JSON that is masked already: text put into it could end its being JSON."""
        return self._stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def masking(secrets: list[str]) -> Iterator[None]:
    """``[secret]`` in place of secret texts in all that this process prints."""
    if not secrets:
        yield
        return
    out, err = (cast("IO[str]", MaskedStream(stream, secrets)) for stream in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(err):
        yield
