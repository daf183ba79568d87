"""The view for terminals: a table of steps that changes while they run."""

from __future__ import annotations

import threading
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from batchlocal.engine.display import Shown
from batchlocal.engine.rendering import summary_of
from batchlocal.engine.urns import is_provider, name_of, type_of
from batchlocal.engine.views import DOING, DONE, SIGNS, LineView

__all__ = ["LiveView"]

Values = dict[str, Any]

_STYLES: Final = {"+": "green", "~": "yellow", "-": "red", "+-": "magenta", "++": "green", "--": "red", "=": "cyan"}


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
                sign = SIGNS.get(shown.op, "?")
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
            self._row(shown, shown.op if self._preview else DOING.get(shown.op, shown.op), over=False)

    def done(self, shown: Shown) -> None:
        status = shown.op if self._preview else DONE.get(shown.op, "" if shown.op == "same" else shown.op)
        if shown.difference.keys:
            status += f" [{', '.join(shown.difference.keys)}]"
        self._row(shown, status, over=True)
        if self._is_new(shown) and (lines := self._lines(shown)):
            head = f"{SIGNS.get(shown.op, '')} {type_of(shown.urn)} {name_of(shown.urn)}: {status}"
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
