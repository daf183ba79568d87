"""What an engine did, held against what the Pulumi CLI was recorded doing: used by engine_conformance.py.

Steps are compared resource by resource, because independent resources have no order of their own; between resources
only what the protocol promises is held: dependencies are made before, and deleted after, what depends on them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from typing import Any

__all__ = ["differences"]

Values = dict[str, Any]

# How often these come is the CLI's own affair.
UNCOUNTED = frozenset({"Configure", "CheckConfig", "DiffConfig", "Cancel", "GetPluginInfo"})
# How far these run ahead of a failure is a race.
RACING = frozenset({"Check", "Diff"})
# The CLI asks for the differences of what goes with a target anyway, and the answer changes nothing.
IDLE = {"destroy": frozenset({"Diff"})}
MADE = frozenset({"create", "update", "create-replacement", "import", "read"})


def differences(observed: Values, expected: Values, command: str) -> list[str]:
    """What is not as recorded, a line each."""
    found = []
    for key in ("exit", "perUrn", "summary", "cloud"):
        if observed[key] != expected[key] and not (key == "summary" and expected[key] is None):
            found.append(f"{key}: {json.dumps(observed[key])}, recorded {json.dumps(expected[key])}")
    found += _state_differences(observed["state"], expected["state"])
    found += _step_differences(observed["steps"], expected["steps"])
    left_out = RACING if expected["exit"] not in (0, 7) else IDLE.get(command, frozenset())
    found += _call_differences(observed["providerCalls"], expected["providerCalls"], left_out)
    found += _text_differences(observed["diagnostics"], expected["diagnostics"])
    return [*found, *_order_faults(observed["steps"], observed["state"])]


def _state_differences(observed: Values, expected: Values) -> list[str]:
    found = []
    if observed["version"] != expected["version"]:
        found.append(f"state version {observed['version']}, recorded {expected['version']}")
    for key in ("resources", "pending_operations"):
        ours, theirs = (sorted(map(_settled, state.get(key) or [])) for state in (observed, expected))
        found += [f"state {key}, ours only: {entry}" for entry in ours if entry not in theirs]
        found += [f"state {key}, recorded only: {entry}" for entry in theirs if entry not in ours]
        if len(ours) != len(theirs):
            found.append(f"state {key}: {len(ours)} entries, recorded {len(theirs)}")
    return found


def _settled(entry: Values) -> str:
    """An entry as text: key order and the order of dependencies do not matter."""
    made = dict(entry)
    if "dependencies" in made:
        made["dependencies"] = sorted(made["dependencies"])
    if "propertyDependencies" in made:
        made["propertyDependencies"] = {name: sorted(urns) for name, urns in made["propertyDependencies"].items()}
    return json.dumps(made, sort_keys=True)


def _step_differences(observed: list[Values], expected: list[Values]) -> list[str]:
    """Events of each resource: operation, ids, replace keys, differences."""
    ours, theirs = _by("urn", observed), _by("urn", expected)
    return [
        f"steps of {urn}: {json.dumps(ours.get(urn))}, recorded {json.dumps(theirs.get(urn))}"
        for urn in sorted({*ours, *theirs})
        if ours.get(urn) != theirs.get(urn)
    ]


def _call_differences(observed: list[Values], expected: list[Values], left_out: Set[str]) -> list[str]:
    """Provider calls of each resource with their arguments; seeds are numbered resource by resource."""
    ours, theirs = (_by("name", _counted(calls, left_out)) for calls in (observed, expected))
    return [
        f"calls for {name or '(none)'}: {json.dumps(ours.get(name))}, recorded {json.dumps(theirs.get(name))}"
        for name in sorted({*ours, *theirs})
        if ours.get(name) != theirs.get(name)
    ]


def _counted(calls: Iterable[Values], left_out: Set[str]) -> list[Values]:
    seeds: dict[str, list[str]] = {}
    found = []
    for call in calls:
        if call["method"] in UNCOUNTED or call["method"] in left_out:
            continue
        made = dict(call)
        if "seed" in made:
            known = seeds.setdefault(made["name"], [])
            if made["seed"] not in known:
                known.append(made["seed"])
            made["seed"] = known.index(made["seed"]) + 1
        found.append(made)
    return found


def _by(key: str, entries: Iterable[Values]) -> dict[str, list[Values]]:
    found: dict[str, list[Values]] = {}
    for entry in entries:
        found.setdefault(entry[key], []).append({name: value for name, value in entry.items() if name != key})
    return found


def _text_differences(observed: list[Values], expected: list[Values]) -> list[str]:
    """Errors and warnings: about which resource, and what they say."""
    ours, theirs = (sorted(_told(texts)) for texts in (observed, expected))
    return [
        *(f"said, ours only: {line}" for line in ours if line not in theirs),
        *(f"said, recorded only: {line}" for line in theirs if line not in ours),
    ]


def _told(diagnostics: Iterable[Values]) -> list[str]:
    """Severity, resource and text; of a traceback the first line and the last, of a warning the first."""
    found = []
    for one in diagnostics:
        if one["severity"] not in ("error", "warning"):
            continue
        lines = one["message"].strip().splitlines()
        text = lines[0] if one["severity"] == "warning" else one["message"].strip()
        if "Traceback" in one["message"]:
            text = f"{lines[0]} ... {lines[-1]}"
        found.append(f"{one['severity']} {one['urn']}: {text}")
    return found


def _order_faults(steps: list[Values], state: Values) -> list[str]:
    """Resources that were made before what they depend on was done."""
    needs = {one["urn"]: set(one.get("dependencies") or []) for one in state.get("resources") or []}
    begun: dict[str, int] = {}
    done: dict[str, int] = {}
    for place, step in enumerate(steps):
        if step["op"] in MADE:
            (begun if step["event"] == "start" else done).setdefault(step["urn"], place)
    return [
        f"order: {urn} began before {other} was done"
        for urn, at in begun.items()
        for other in sorted(needs.get(urn, set()))
        if other in begun and done.get(other, len(steps)) > at
    ]
