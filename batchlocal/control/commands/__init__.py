"""The commands that steer a running server through its control API (docs/control.md), a module a group.

A command is parse, call, show; tables are for people, ``--json`` is for scripts.
"""

from __future__ import annotations

import argparse
from typing import Final

from batchlocal.control.commands import faults, journal, preemptions, principals, quotas, snapshots, subscriptions, time
from batchlocal.control.commands.group import Group, Subparsers

__all__ = ["add_commands"]

_GROUPS: Final = (
    ("fault", "Make requests or resizes go wrong.", faults),
    ("journal", "Look at the last requests.", journal),
    ("principal", "Make principals beside batchlocal's own, with secrets or federated credentials.", principals),
    ("quota", "Look at quotas and set them.", quotas),
    ("snapshot", "Keep a state of everything, and go back to it.", snapshots),
    ("spot", "Take Spot nodes back, as Azure does when it needs them.", preemptions),
    ("subscription", "Make further subscriptions, for instance one a test.", subscriptions),
    ("time", "Set the pace of life cycles, or move them on by hand.", time),
)


def add_commands(commands: Subparsers, shared: argparse.ArgumentParser) -> None:
    """Add the groups to ``batchlocal``'s commands; ``shared`` has the options that every command takes."""
    for name, text, module in _GROUPS:
        module.add_to(Group(commands, shared, name, text, module.EXAMPLES))
