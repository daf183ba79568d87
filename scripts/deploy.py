"""What `make preview`, `make up`, `make demo` and `make down` do with one stack.

A stack's file says where it goes: ``batchenv:target: batchlocal`` deploys to a local Batch, which is started for it;
anything else goes to Azure, for which nothing is ever started. ``--target batchlocal`` tries an Azure stack locally,
with state of its own in batchlocal's data folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import yaml
from runs import forget_killed, run

from batchlocal.cli import main as batchlocal
from batchlocal.datafolder import DataFolder
from batchlocal.environment import ClientSettings, NeverStarted, client_settings
from batchlocal.supervision import look

ROOT = Path(__file__).resolve().parents[1]
DATA = DataFolder(ROOT / ".batchlocal")
STACKS = ROOT / "stacks"
TARGET_KEY = "batchenv:target"
FOREIGN = ("ARM_", "AZURE_", "PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK")
SALT = "encryptionsalt:"
NODE_SECONDS = 30.0
FORBIDDEN = 403
NETWORKS = "docs/neighbours.md, Networks, says how to be there"
BATCHLOCAL = [sys.executable, "-m", "batchlocal"]


class Mistake(Exception):
    """What was asked for cannot be done; the text says what to do instead."""


class Failed(Exception):
    """A command failed and has said why; ``code`` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


@dataclass(frozen=True)
class Stack:
    """A stack, where it goes, and what deploys it (``pulumi`` or ``embedded``)."""

    name: str
    target: str
    engine: str

    @property
    def is_local(self) -> bool:
        return self.target == "batchlocal"

    @property
    def file(self) -> Path:
        return STACKS / f"Pulumi.{self.name}.yaml"


@dataclass(frozen=True)
class Deployment:
    """A stack together with the environment that its commands run in, which holds secrets."""

    stack: Stack
    environment: Mapping[str, str] = field(repr=False)

    def run(self, *command: str) -> None:
        """Run a command that shows its own output.

        Raises:
            Failed: it failed.
        """
        if code := run(command, cwd=ROOT, environment=self.environment):
            raise Failed(code)

    def command(self, *arguments: str) -> list[str]:
        """A command line of the engine, on this stack."""
        name = self.stack.name
        if self.stack.engine != "pulumi":
            return [*BATCHLOCAL, "engine", *arguments, "--stack", name]
        own = ["--config-file", str(self.settings())] if self.stack.is_local else []
        return ["pulumi", "--non-interactive", *arguments, "--stack", name, *own]

    def create(self) -> None:
        """Have a stack to deploy to; one that is there stays as it is."""
        if not self.stack.is_local:
            self.run("pulumi", "--non-interactive", "stack", "select", "--create", self.stack.name)
        elif not self._states():
            self.run(*BATCHLOCAL, "engine", "stack", "init", "--stack", self.stack.name)

    def settings(self) -> Path:
        """A copy of a local stack's file, beside its state, for the Pulumi CLI to write to.

        The CLI adds the salt of the state's secrets (``encryptionsalt``), which is no business of a tracked file: the
        state is this machine's. A salt that is there already counts only for secrets that stand in the file.
        """
        lines = self.stack.file.read_text().splitlines(keepends=True)
        if not any("secure:" in line for line in lines):
            lines = [line for line in lines if not line.startswith(SALT)]
        copy = self.backend / self.stack.file.name
        copy.write_text("".join(lines))
        return copy

    def has_resources(self) -> bool:
        """Whether there is anything to destroy of a local stack."""
        states = (json.loads(file.read_text())["checkpoint"]["latest"] for file in self._states())
        return any((state or {}).get("resources") for state in states)

    @property
    def backend(self) -> Path:
        """The folder that keeps a local stack's state."""
        return Path(url2pathname(urlsplit(self.environment["PULUMI_BACKEND_URL"]).path))

    def _states(self) -> list[Path]:
        """Pulumi's file backend keeps one file a stack."""
        return list(self.backend.glob(f".pulumi/stacks/**/{self.stack.name}.json"))


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["preview", "up", "demo", "down"])
    parser.add_argument("--stack", default="local", help="a file stacks/Pulumi.STACK.yaml (default: local)")
    parser.add_argument("--engine", default="auto", help="auto (the Pulumi CLI where there is one), pulumi or embedded")
    parser.add_argument("--target", default="", help="batchlocal: deploy locally whatever the stack's file says")
    parser.add_argument("--flags", default="", help="for preview: further flags of `pulumi preview`, as one text")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # in order with what commands print
    actions = {
        "preview": lambda stack: preview(stack, shlex.split(options.flags)),
        "up": up,
        "demo": demo,
        "down": down,
    }
    try:
        actions[options.action](find_stack(options.stack, options.target, options.engine))
    except Mistake as mistake:
        print(f"{options.action}: {mistake}", file=sys.stderr)
        return 1
    except Failed as failed:
        return failed.code
    except KeyboardInterrupt:
        print(f"{options.action}: stopped; the same again goes on from there", file=sys.stderr)
        return 130
    return 0


def find_stack(name: str, target: str, engine: str) -> Stack:
    """The stack with its target and engine decided.

    Raises:
        Mistake: no such stack, target or engine.
    """
    own = _target_in_file(name)
    if target not in ("", own, "batchlocal"):
        raise Mistake(
            f"TARGET={target} is no choice for stack '{name}': leave it out ({own}), or say TARGET=batchlocal"
        )
    return Stack(name, target or own, _engine(engine, name, target or own))


def preview(stack: Stack, flags: list[str]) -> None:
    """Show what `up` would change, and change nothing. A stack in Azure must be there already (`pulumi stack init`)."""
    deployment = _prepare(stack)
    if stack.is_local and stack.engine == "pulumi":
        deployment.create()  # an empty one: the CLI previews no stack that is not there
    deployment.run(*deployment.command("preview", *flags))


def up(stack: Stack) -> None:
    """Deploy, and say what there is now."""
    deployment = _prepare(stack)
    if stack.engine == "pulumi":
        deployment.create()
    deployment.run(*deployment.command("up", "--yes", "--skip-preview"))
    if stack.is_local:
        _wait_for_a_node(deployment)
    print("\n".join(["", "Next", *_table(_next_steps(stack))]))
    if stack.is_local and SALT in stack.file.read_text():
        name = stack.file.relative_to(ROOT)
        print(f"\n{name} has a line that `pulumi` wrote, of this machine's state ({SALT} ...): leave it out of commits")


def demo(stack: Stack) -> None:
    """Run the demo on what was deployed."""
    if stack.is_local and not (look(DATA).ready and _local_deployment(stack).has_resources()):
        raise Mistake(f"stack '{stack.name}' is not up: run `make up{_arguments(stack)}` first")
    deployment = _prepare(stack)
    deployment.run(sys.executable, "examples/demo.py", "--stack", stack.name)


def down(stack: Stack) -> None:
    """Destroy a local stack and stop batchlocal."""
    if not stack.is_local:
        raise Mistake(
            f"stack '{stack.name}' lives in Azure, and `make down` only takes local stacks down;"
            f" `pulumi destroy --stack {stack.name}` shows what it would delete, and asks"
        )
    if _settings() and (deployment := _local_deployment(stack)).has_resources():
        _start()
        deployment.run(*deployment.command("destroy", "--yes", "--skip-preview"))
    _batchlocal("stop")


def _wait_for_a_node(deployment: Deployment) -> None:
    """Return when the first pool has a node that takes tasks; a pool that has none to come is not waited for."""
    os.environ.update(deployment.environment)  # where SDKs look
    from azure.core.exceptions import HttpResponseError

    from batchmgmt import BatchManagement

    with BatchManagement.from_env() as management:
        endpoint = management.endpoint(stack=deployment.stack.name)
        if not endpoint.pools:
            return
        client, pool = endpoint.client(), endpoint.pools[0]
        try:
            wanted = client.get_pool(pool)
        except HttpResponseError as refused:
            if refused.status_code != FORBIDDEN:
                raise
            print(f"\nthe service of account '{endpoint.account}' answers inside its network only: {NETWORKS}")
            return
        if not (wanted.target_dedicated_nodes or wanted.target_low_priority_nodes):
            return
        deadline = time.monotonic() + NODE_SECONDS
        while not any(node.state in ("idle", "running") for node in client.list_nodes(pool)):
            if time.monotonic() > deadline:
                print(f"\nno node of pool '{pool}' takes tasks yet; `make demo` says what state they are in")
                return
            time.sleep(0.2)


def _next_steps(stack: Stack) -> list[tuple[str, str]]:
    show = (f".venv/bin/batchmgmt endpoint show --stack {stack.name}", "endpoint and key of the Batch service, as JSON")
    if not stack.is_local:
        return [show, (f"pulumi destroy --stack {stack.name}", "delete everything again")]
    return [
        (f"make demo{_arguments(stack)}", "64 tasks draw a picture on the deployed pool"),
        (".venv/bin/batchlocal portal", "see pools, tasks and what they write in a browser"),
        ('eval "$(.venv/bin/batchlocal env)"', "tells Azure's clients in this shell where batchlocal is"),
        show,
        (f"make down{_arguments(stack)}", "destroy the stack and stop batchlocal"),
    ]


def _arguments(stack: Stack) -> str:
    """What to add to `make` for this stack."""
    if stack.name == "local":
        return ""
    target = "" if _target_in_file(stack.name) == stack.target else f" TARGET={stack.target}"
    return f" STACK={stack.name}{target}"


def _table(rows: list[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [f"  {name:{width}}  {text}" for name, text in rows]


def _target_in_file(name: str) -> str:
    file = STACKS / f"Pulumi.{name}.yaml"
    if not file.is_file():
        known = sorted(
            found.name.removeprefix("Pulumi.").removesuffix(".yaml") for found in STACKS.glob("Pulumi.*.yaml")
        )
        raise Mistake(
            f"there is no stack '{name}': STACK is one of {', '.join(known)} (files stacks/Pulumi.STACK.yaml)"
        )
    try:
        content = yaml.safe_load(file.read_text()) or {}
        target = content.get("config", {}).get(TARGET_KEY, "azure")
    except (yaml.YAMLError, AttributeError) as wrong:
        where = getattr(wrong, "problem_mark", None)
        raise Mistake(
            f"{file.relative_to(ROOT)} is no stack file{f', see line {where.line + 1}' if where else ''}"
        ) from None
    if target not in ("azure", "batchlocal"):
        raise Mistake(f"{file.relative_to(ROOT)}: {TARGET_KEY} is '{target}'; it must be azure or batchlocal")
    return str(target)


def _engine(wanted: str, stack: str, target: str) -> str:
    has_pulumi = shutil.which("pulumi") is not None
    if wanted == "auto":
        if not has_pulumi and target == "azure":
            raise Mistake(
                f"stack '{stack}' goes to Azure, which takes the Pulumi CLI, and there is none on PATH: install it,"
                " or say TARGET=batchlocal to try the stack on this machine"
            )
        return "pulumi" if has_pulumi else "embedded"
    if wanted not in ("pulumi", "embedded"):
        raise Mistake(f"ENGINE={wanted} is no choice: it is auto, pulumi or embedded")
    if wanted == "pulumi" and not has_pulumi:
        raise Mistake(
            "ENGINE=pulumi needs the Pulumi CLI on PATH, and there is none: install it, or say ENGINE=embedded"
        )
    return wanted


def _prepare(stack: Stack) -> Deployment:
    """The deployment, ready to run commands: batchlocal runs if, and only if, the stack goes there."""
    if not stack.is_local:
        return Deployment(stack, os.environ)
    _start()
    return _local_deployment(stack)


def _local_deployment(stack: Stack) -> Deployment:
    """The environment of a batchlocal stack: ours for everything that could lead elsewhere, the user's for the rest."""
    settings = _settings()
    if settings is None:
        raise Mistake("batchlocal has not been started here: run `make up` first")
    path = os.pathsep.join((settings.plugin_path, os.environ.get("PATH", os.defpath)))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    deployment = Deployment(stack, {**kept, **settings.as_environment(), "PATH": path})
    for process in forget_killed(deployment.backend, stack.name):
        print(f"a run of stack '{stack.name}' was killed (process {process}): its lock is removed")
    return deployment


def _settings() -> ClientSettings | None:
    """What clients of batchlocal need; None before its first start here."""
    try:
        return client_settings(DATA)
    except NeverStarted:
        return None


def _start() -> None:
    if not look(DATA).ready:
        _batchlocal("start", "--detach")


def _batchlocal(*arguments: str) -> None:
    """A command of batchlocal, which shows its own output.

    Raises:
        Failed: it failed.
    """
    code = batchlocal([*arguments, "--data", str(DATA.root)])
    if code:
        raise Failed(code)


if __name__ == "__main__":
    sys.exit(main())
