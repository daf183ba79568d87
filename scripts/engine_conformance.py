"""Replays engine scenarios recorded from the Pulumi CLI against ``batchlocal engine`` and prints a row each.

usage: engine_conformance.py [FOLDER] [--only NAME ...] [--verbose]

A scenario passes when every operation shows the same exit code, the same steps per resource with their ids, keys and
differences, the same summary, state and cloud, the same provider calls and the same errors. It is refused when the
engine says that it needs the Pulumi CLI. Anything else is failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine_comparison import differences

from batchlocal.engine.secrets import Secrets

PASSPHRASE = "conformance"  # of a toy stack that lives for seconds
PREFIX = "urn:pulumi:dev::proj::"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
KINDS = {
    "1b47061264138c4ac30d75fd1eb44270": "<secret>",
    "5cf8f73096256a8f31e491e813e4eb8e": "<resource>",
    "c44067f5952c0a294b673a41bacd8c17": "<asset>",
    "0def7320c3a5731c473e5ecbe6d01bc7": "<archive>",
}
DROPPED = {"created", "modified", "sourcePosition", "stackTrace"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
IMPORTS = "from toy import *\nimport pulumi\nfrom pulumi import ResourceOptions as RO\n"
SECONDS = 90.0


class Refused(Exception):
    """The engine says that the operation needs the Pulumi CLI."""


@dataclass
class Place:
    """A project, a stack and a toy cloud of a scenario's own."""

    root: Path
    scenarios: Path
    generated: dict[str, str] = field(default_factory=dict)

    @property
    def toy(self) -> Path:
        return self.root / "toy"

    @property
    def project(self) -> Path:
        return self.root / "project"

    def environment(self) -> dict[str, str]:
        own = {
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": f"{self.scenarios}:{Path(__file__).resolve().parents[1]}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TOY_DIR": str(self.toy),
            "PULUMI_BACKEND_URL": f"file://{self.root}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        }
        return {**os.environ, **own}

    def engine(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "batchlocal.engine", *arguments],
            cwd=self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        process = self.engine(*arguments)
        text, _ = process.communicate(timeout=SECONDS)
        if "needs the Pulumi CLI" in text:
            raise Refused(text.strip().splitlines()[-1])
        if process.returncode:
            raise AssertionError(f"{' '.join(arguments)}: exit {process.returncode}: {text}")
        return text

    def json(self, name: str) -> Any:
        file = self.toy / name
        return json.loads(file.read_text()) if file.exists() else {}


def prepare(place: Place, scenario: dict[str, Any]) -> None:
    """Lay out the project, the plugin and the configuration."""
    for folder in (place.toy, place.project, place.root / "bin"):
        folder.mkdir(parents=True)
    plugin = place.root / "bin" / "pulumi-resource-toy"
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{place.scenarios / "toy_provider.py"}" "$@"\n')
    plugin.chmod(0o755)
    (place.toy / "cloud.json").write_text("{}")
    write_project(place, scenario.get("project") or {})
    place.run("stack", "init", "dev")
    for key, value in (scenario.get("config") or {}).items():
        path = ["--path"] if scenario.get("configPath") or "." in key else []
        if isinstance(value, dict) and set(value) == {"secret"}:
            place.run("config", "set", "-s", "dev", *path, "--secret", key, value["secret"])
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            place.run("config", "set", "-s", "dev", *path, key, text)


def write_project(place: Place, more: dict[str, Any]) -> None:
    """Pulumi.yaml."""
    (place.project / "Pulumi.yaml").write_text(json.dumps({"name": "proj", "runtime": "python", **more}))


def set_scene(place: Place, operation: dict[str, Any]) -> None:
    """What changes before an operation: program, files, drift, faults, state."""
    if "program" in operation:
        (place.project / "__main__.py").write_text(IMPORTS + operation["program"] + "\n")
    if "project" in operation:
        write_project(place, operation["project"])
    for name, text in (operation.get("files") or {}).items():
        file = place.project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    cloud = {**place.json("cloud.json"), **(operation.get("cloud") or {})}
    kept = {name: item for name, item in cloud.items() if item is not None}
    (place.toy / "cloud.json").write_text(json.dumps(kept))
    (place.toy / "faults.json").write_text(json.dumps(operation.get("faults") or []))
    (place.toy / "calls.jsonl").write_text("")
    if "editState" in operation:
        file = place.root / ".pulumi" / "stacks" / "proj" / "dev.json"
        whole = json.loads(file.read_text())
        exec(operation["editState"], {"deployment": whole["checkpoint"]["latest"], "PRE": PREFIX})
        file.write_text(json.dumps(whole))


def perform(place: Place, operation: dict[str, Any]) -> dict[str, Any]:
    """Run one operation; what was observed, in the recordings' words."""
    set_scene(place, operation)
    command = operation["command"]
    arguments = [argument.replace("{urn}", PREFIX) for argument in operation.get("args", [])]
    log = place.root / "events.jsonl"
    log.write_text("")
    flags = ["-s", "dev"]
    if command in ("up", "preview", "refresh", "destroy"):
        flags += ["--non-interactive", "--event-log", str(log), "-p", str(operation.get("parallel", 1))]
        if command != "preview" and "--preview-only" not in arguments:
            flags += ["--yes", "--skip-preview"]
    process = place.engine(*command.split(), *arguments, *flags)
    if "interrupt" in operation:
        interrupt(place, process, operation["interrupt"])
    try:
        text, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError(f"no end after {SECONDS:.0f} s") from None
    if "needs the Pulumi CLI" in text:
        raise Refused(next(line for line in text.splitlines() if "needs the Pulumi CLI" in line))
    observed = {"exit": process.returncode, "output": text, **from_events(log, place.generated), **now(place)}
    return {**observed, "providerCalls": provider_calls(place)}


def interrupt(place: Place, process: subprocess.Popen[str], when: dict[str, Any]) -> None:
    """Send SIGINT once a provider call has been logged."""
    deadline = time.monotonic() + SECONDS
    calls = place.toy / "calls.jsonl"
    while time.monotonic() < deadline and process.poll() is None:
        lines = [json.loads(line) for line in calls.read_text().splitlines() if line.endswith("}")]
        if any(line["method"] == when["method"] and line["name"] == when["name"] for line in lines):
            break
        time.sleep(0.02)
    for number in range(when.get("times", 1)):
        time.sleep(0.6 if number else 0)
        process.send_signal(signal.SIGINT)


def from_events(log: Path, generated: dict[str, str]) -> dict[str, Any]:
    """Steps and diagnostics in recordings' words, steps per resource, and the summary, from the event log."""
    steps, diagnostics, summary = [], [], None
    for line in log.read_text().splitlines():
        event = json.loads(line)
        for kind, name in EVENTS.items():
            if kind in event:
                steps.append(neutral(step_of(name, event[kind]), generated))
        if "diagnosticEvent" in event:
            diagnostics.append(neutral(event["diagnosticEvent"], generated))
        elif "summaryEvent" in event:
            summary = event["summaryEvent"]["resourceChanges"]
    return {"steps": steps, "diagnostics": diagnostics, "perUrn": per_urn(steps), "summary": summary}


EVENTS = {"resourcePreEvent": "start", "resOutputsEvent": "done", "resOpFailedEvent": "failed"}


def step_of(name: str, event: dict[str, Any]) -> dict[str, Any]:
    """A step's event as recordings have it."""
    metadata = event["metadata"]
    step: dict[str, Any] = {"event": name, "op": metadata["op"], "urn": metadata["urn"]}
    for key in ("diffs", "keys"):
        if metadata.get(key):
            step[key] = sorted(metadata[key])
    if metadata.get("detailedDiff"):
        step["detailedDiff"] = {
            path: f"{one['diffKind']}{'/input' if one.get('inputDiff') else ''}"
            for path, one in metadata["detailedDiff"].items()
        }
    if not metadata.get("logical", True):
        step["logical"] = False
    for side in ("old", "new"):
        if known := (metadata.get(side) or {}).get("id"):
            step[f"{side}Id"] = known
    if name == "done" and (metadata.get("new") or {}).get("retainOnDelete"):
        step["retain"] = True
    return {**step, "status": event["status"]} if name == "failed" else step


def per_urn(steps: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Operations begun on each resource, in order; the failed ones marked."""
    found: dict[str, list[str]] = {}
    for step in steps:
        ops = found.setdefault(step["urn"], [])
        if step["event"] == "start":
            ops.append(step["op"])
        elif step["event"] == "failed":
            ops[len(ops) - 1 - ops[::-1].index(step["op"])] += "!"
    return found


def provider_calls(place: Place) -> list[dict[str, Any]]:
    """What the toy provider was asked."""
    lines = (place.toy / "calls.jsonl").read_text().splitlines()
    calls: list[dict[str, Any]] = neutral([json.loads(line) for line in lines], place.generated)
    return calls


def now(place: Place) -> dict[str, Any]:
    """State and cloud as they are after an operation."""
    stored = json.loads((place.root / ".pulumi" / "stacks" / "proj" / "dev.json").read_text())
    deployment = stored["checkpoint"]["latest"]
    secrets = Secrets(deployment["secrets_providers"]["state"]["salt"])
    state: dict[str, Any] = {"version": stored["version"]}
    for key in ("resources", "pending_operations"):
        if key in deployment:
            state[key] = neutral(secrets.open(deployment[key]), place.generated)
    return {"state": state, "cloud": json.loads(renamed(json.dumps(place.json("cloud.json")), place.generated))}


def neutral(value: Any, generated: dict[str, str]) -> Any:
    """The value as recordings spell it."""
    if isinstance(value, list):
        return [neutral(item, generated) for item in value]
    if isinstance(value, dict):
        kind = KINDS.get(str(value.get(SIGNATURE)))
        if kind == "<secret>":
            return {kind: neutral(value["value"], generated)}
        rest = {
            neutral(key, generated): neutral(item, generated)
            for key, item in value.items()
            if key != SIGNATURE and key not in DROPPED
        }
        return {kind: rest} if kind else rest
    if not isinstance(value, str):
        return value
    text = value.replace(PREFIX, "").replace(UNKNOWN, "<unknown>")
    return renamed(UUID.sub("<uuid>", text), generated)


def renamed(text: str, generated: dict[str, str]) -> str:
    """The text with generated names numbered, as recordings do."""
    return re.sub(
        r"\ba-[0-9a-f]{6}\b", lambda found: generated.setdefault(found[0], f"a-<auto{len(generated) + 1}>"), text
    )


def replay(file: Path) -> tuple[str, str, list[str], float]:
    """A scenario's name, its verdict, what differed, and the seconds it took."""
    scenario = json.loads(file.read_text())
    began = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="engine-"))
    try:
        place = Place(root, file.parent.resolve())
        verdict, notes = judge(place, scenario)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return scenario["name"], verdict, notes, time.monotonic() - began


def judge(place: Place, scenario: dict[str, Any]) -> tuple[str, list[str]]:
    """A scenario's verdict and what differed."""
    try:
        prepare(place, scenario)
        for number, operation in enumerate(scenario["operations"]):
            observed = perform(place, operation)
            if notes := differences(observed, operation["observed"], operation["command"]):
                title = f"operation {number} ({operation['command']} {' '.join(operation.get('args', []))})"
                return "failed", [title, *notes, *(f"| {line}" for line in observed["output"].splitlines())]
    except Refused as refused:
        return "refused", [str(refused)]
    except (AssertionError, subprocess.TimeoutExpired, KeyError) as error:
        return "failed", [f"{type(error).__name__}: {error}"]
    return "passed", []


def main() -> int:
    """Replay the folder's scenarios, two at a time; exit code 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="folder of scenarios")
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of scenario names")
    parser.add_argument("--verbose", action="store_true", help="all that differs, and the engine's output")
    options = parser.parse_args()
    os.environ["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    files = sorted(options.folder.glob("s*.json"))
    if options.only:
        files = [file for file in files if file.name.startswith(tuple(options.only))]
    if not files:
        print(f"no scenarios in {options.folder}; name their folder with SCENARIOS=DIR", file=sys.stderr)
        return 1
    counts = {"passed": 0, "refused": 0, "failed": 0}
    with ThreadPoolExecutor(2) as pool:
        for name, verdict, notes, seconds in pool.map(replay, files):
            counts[verdict] += 1
            print(f"{name:<36} {verdict:<8} {seconds:5.1f}s  {notes[0][:120] if notes else ''}", flush=True)
            for note in notes[1 : None if options.verbose else 4]:
                print(f"    {note if options.verbose else note[:300]}", flush=True)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
