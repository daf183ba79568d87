"""``batchlocal engine``: Pulumi's commands and flags, as far as this engine has them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from batchlocal.engine.backend import open_backend
from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.flags import Parser, chosen, operation_flags, without_switches
from batchlocal.engine.project import find_project
from batchlocal.engine.secrets import PlainSecrets
from batchlocal.engine.settings import get_setting, list_settings, remove_setting, set_setting
from batchlocal.engine.stacks import Stack, outputs_of
from batchlocal.engine.state import Snapshot
from batchlocal.engine.values import masked, unwrapped

if TYPE_CHECKING:
    from batchlocal.engine.options import Options

__all__ = ["main"]

_EXAMPLES = """examples:
  batchlocal engine preview --stack local --diff
  batchlocal engine up --stack local --yes --skip-preview
  batchlocal engine refresh --stack local --yes
  batchlocal engine stack output --stack local --json
  batchlocal engine destroy --stack local --yes
"""

Run = Callable[[Stack, "Options"], int]


def main(arguments: list[str]) -> int:
    """Run one command and return Pulumi's exit code for it."""
    if arguments[:1] in (["import"], ["state"]):
        print(f"error: {NeedsPulumi(f'the command {arguments[0]}')}", file=sys.stderr)
        return 1
    options = _parser().parse_args(without_switches(arguments))
    try:
        code: int = options.command(options)
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="batchlocal engine",
        description="Deploy Pulumi programs without the Pulumi CLI: same plan, same state, same exit codes.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = Parser(add_help=False)
    shared.add_argument("--stack", "-s", default=os.environ.get("PULUMI_STACK"), help="name of the stack")
    shared.add_argument("--cwd", "-C", type=Path, default=Path(), help="run as if started in this folder")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, text in (
        ("up", "Bring the stack to what the program says."),
        ("preview", "Say what up would do."),
        ("refresh", "Take what is really there into the state."),
        ("destroy", "Delete everything in the stack."),
    ):
        added = commands.add_parser(name, help=text, description=text, parents=[shared, operation_flags()])
        added.set_defaults(command=partial(_operate, name))
    cancel = commands.add_parser("cancel", help="Remove the locks of a killed run.", parents=[shared])
    cancel.add_argument("name", nargs="?", help="the stack, instead of --stack")
    cancel.add_argument("--yes", "-y", action="store_true", help="do not ask; it never does")
    cancel.set_defaults(command=_cancel)
    _stack_commands(commands.add_parser("stack", help="init, ls, output, rm, export, import"), shared)
    _config_commands(commands.add_parser("config", help="set, get, rm, ls"), shared)
    return parser


def _config_commands(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    added = commands.add_parser("set", help="Set a value.", parents=[shared])
    added.add_argument("key")
    added.add_argument("value", nargs="?", help="read from standard input when left out")
    added.add_argument("--secret", action="store_true", help="encrypt it")
    added.add_argument("--plaintext", action="store_true", help="do not encrypt it")
    added.add_argument("--path", action="store_true", help="the key is a path into an object")
    added.set_defaults(command=_config_set)
    for name, text, command in (
        ("get", "Print a value.", _config_get),
        ("rm", "Take a value away.", _config_remove),
    ):
        one = commands.add_parser(name, help=text, parents=[shared])
        one.add_argument("key")
        one.set_defaults(command=command)
    listed = commands.add_parser("ls", help="List the values.", parents=[shared])
    listed.add_argument("--json", "-j", action="store_true")
    listed.set_defaults(command=_config_list)


def _stack_commands(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    init = commands.add_parser("init", help="Make a stack.", parents=[shared])
    init.add_argument("name", nargs="?")
    init.set_defaults(command=_init)
    commands.add_parser("ls", help="List stacks.", parents=[shared]).set_defaults(command=_list)
    output = commands.add_parser("output", help="Print outputs.", parents=[shared])
    output.add_argument("name", nargs="?")
    output.add_argument("--json", "-j", action="store_true")
    output.add_argument("--show-secrets", action="store_true")
    output.set_defaults(command=_output)
    remove = commands.add_parser("rm", help="Forget an empty stack.", parents=[shared])
    remove.add_argument("name", nargs="?", help="the stack, instead of --stack")
    remove.add_argument("--yes", "-y", action="store_true", help="do not ask; it never does")
    remove.set_defaults(command=_remove)
    export = commands.add_parser("export", help="Print the state.", parents=[shared])
    export.add_argument("--show-secrets", action="store_true", help="secrets in plain text")
    export.add_argument("--file", type=Path, help="write it here")
    imported = commands.add_parser("import", help="Take over an exported state.", parents=[shared])
    imported.add_argument("--file", type=Path, help="read it from here, not from standard input")
    imported.set_defaults(command=_import)
    export.set_defaults(command=_export)


def _stack(options: argparse.Namespace) -> Stack:
    if not options.stack:
        raise EngineError("no stack selected: name one with --stack")
    return Stack(find_project(options.cwd), options.stack)


def _operate(name: str, options: argparse.Namespace) -> int:
    """Run one of the operations."""
    if options.run_program:
        raise NeedsPulumi("--run-program")
    if options.policy_pack and name not in ("up", "preview"):
        raise EngineError("--policy-pack is for up and preview")
    if options.target and options.exclude:
        raise EngineError("--target and --exclude cannot be given together")
    stack = _stack(options)
    for pair in options.config:
        key, _, value = pair.partition("=")
        set_setting(stack.project, stack.name, key, value, secret=False, path=options.config_path)
    stack.begin_opening()
    from batchlocal.engine import operations  # brings Pulumi's SDK, while the stack's key is derived

    if name == "up":
        stack.ensure()
    wanted, run = chosen(options), getattr(operations, name)
    asks = name != "preview" and not options.yes and not options.preview_only
    if asks and not _agreed(run, stack, wanted, skip=options.skip_preview):
        return 1
    code: int = run(stack, wanted)
    return code


def _agreed(run: Run, stack: Stack, options: Options, *, skip: bool) -> bool:
    """Show what would happen and ask; without a terminal, --yes must have been given."""
    from batchlocal.engine.operations import preview, up

    if not sys.stdin.isatty():
        raise EngineError("--yes must be passed in to proceed when running in non-interactive mode")
    if not skip:
        _ = preview(stack, options) if run is up else run(stack, replace(options, preview_only=True))
    return input("Do you want to perform this? [yes/no] ").strip().lower() in ("y", "yes")


def _cancel(options: argparse.Namespace) -> int:
    options.stack = options.name or options.stack
    stack = _stack(options)
    count = stack.backend.cancel(stack.project.name, stack.name)
    print(f"The currently running update for '{stack.name}' has been canceled!" if count else "no lock was held")
    return 0


def _init(options: argparse.Namespace) -> int:
    options.stack = options.name or options.stack
    stack = _stack(options)
    if stack.exists:
        raise EngineError(f"stack '{stack.name}' already exists")
    stack.ensure()
    print(f"Created stack '{stack.name}'")
    return 0


def _list(options: argparse.Namespace) -> int:
    project = find_project(options.cwd)
    for name in open_backend(project.root).stacks(project.name):
        print(name)
    return 0


def _output(options: argparse.Namespace) -> int:
    snapshot, _ = _stack(options).load()
    found = outputs_of(snapshot)
    shown = unwrapped(found) if options.show_secrets else masked(found)
    if options.name:
        if options.name not in shown:
            raise EngineError(f"current stack does not have output property '{options.name}'")
        shown = shown[options.name]
    if options.json or not isinstance(shown, dict):
        print(json.dumps(shown, indent=2) if options.json else shown)
        return 0
    for name, value in sorted(shown.items()):
        print(f"{name}\t{value if isinstance(value, str) else json.dumps(value)}")
    return 0


def _remove(options: argparse.Namespace) -> int:
    options.stack = options.name or options.stack
    stack = _stack(options)
    snapshot, _ = stack.load()
    if snapshot.resources:
        raise EngineError(f"'{stack.name}' still has resources; destroy it first")
    stack.backend.remove(stack.project.name, stack.name)
    print(f"Stack '{stack.name}' has been removed!")
    return 0


def _export(options: argparse.Namespace) -> int:
    stack = _stack(options)
    snapshot, secrets = stack.load()
    deployment = snapshot.to_json(PlainSecrets(secrets.salt) if options.show_secrets else secrets)
    text = json.dumps({"version": 3, "deployment": deployment}, indent=4)
    if options.file:
        options.file.write_text(text)
    else:
        print(text)
    return 0


def _import(options: argparse.Namespace) -> int:
    stack = _stack(options)
    text = options.file.read_text() if options.file else sys.stdin.read()
    try:
        whole = json.loads(text)
        deployment = whole.get("deployment") or {}
    except (ValueError, AttributeError):
        raise EngineError(f"{options.file or 'standard input'} holds no exported state") from None
    if features := whole.get("features"):
        raise NeedsPulumi(f"a state with the features {', '.join(features)}")
    start = f"urn:pulumi:{stack.name}::{stack.project.name}::"
    for entry in deployment.get("resources") or []:
        if not str(urn := entry.get("urn")).startswith(start):
            raise EngineError(f"resource '{urn}' belongs to another stack than '{stack.name}'")
    with stack.backend.lock(stack.project.name, stack.name):
        stack.save(*Snapshot.from_json(deployment))
    print("Import complete.")
    return 0


def _config_set(options: argparse.Namespace) -> int:
    stack = _stack(options)
    value = sys.stdin.read().removesuffix("\n") if options.value is None else options.value
    set_setting(stack.project, stack.name, options.key, value, secret=options.secret, path=options.path)
    return 0


def _config_get(options: argparse.Namespace) -> int:
    stack = _stack(options)
    print(get_setting(stack.project, stack.name, options.key))
    return 0


def _config_remove(options: argparse.Namespace) -> int:
    stack = _stack(options)
    remove_setting(stack.project, stack.name, options.key)
    return 0


def _config_list(options: argparse.Namespace) -> int:
    stack = _stack(options)
    found = list_settings(stack.project, stack.name)
    if options.json:
        print(json.dumps({key: {"value": value} for key, value in found.items()}, indent=2))
        return 0
    for key, value in found.items():
        print(f"{key}\t{value}")
    return 0
