"""The commands of ``batchlocal``: start, stop, status, reset, logs, portal, env, plugin-path; those that steer a
running server stand in ``control/commands``, those of ``engine`` in its own room.

A command is parse, call, show; every mistake of the caller's ends as one sentence and exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import cast

from batchlocal.control.client import ControlClient, ControlError, NotRunning
from batchlocal.control.commands import add_commands
from batchlocal.control.commands.group import Parser, examples
from batchlocal.datafolder import DataFolder, default_data_folder, private, typed
from batchlocal.environment import FORMATS, NeverStarted, client_settings, render
from batchlocal.supervision import NotStarted, Status, is_held, launch, look, stop

__all__ = ["main"]

Command = Callable[[argparse.Namespace, DataFolder], int]

_PASSED_ON = ("host", "timing", "nodes", "containers", "task-users")
"""Options that a start with ``--detach`` hands to the server that it starts, as they are."""

_EXAMPLES = """examples:
  batchlocal start --detach                       start in the background on a free port that is then kept
  batchlocal start --port 8443 --data /tmp/batch  stay in the foreground, on a port and in a folder of one's own
  eval "$(batchlocal env --format shell)"         what any client of Azure needs to talk to it
  batchlocal status --json                        exit code 0 only when it answers
  batchlocal logs -n 20                           what the server said last
  batchlocal portal                               see pools, jobs, tasks and calls in a browser
  batchlocal plugin-path                          where Pulumi's CLI finds the provider plugin
  batchlocal engine up --stack local              deploy a Pulumi program without the Pulumi CLI
  batchlocal fault add Pool_Create --status 429   make the next such request fail (docs/control.md)
  batchlocal stop                                 data and port stay for the next start
  batchlocal reset                                begin anew, with nothing in it
"""


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    data = DataFolder((options.data or default_data_folder()).absolute())
    command: Command = options.command
    try:
        return command(options, data)
    except (ControlError, NeverStarted, NotRunning, NotStarted) as mistake:
        print(f"batchlocal: {mistake}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="batchlocal",
        description="Azure Batch on this machine: ARM, Entra tokens, linked storage and the Batch service.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = Parser(add_help=False)
    shared.add_argument("--data", type=Path, help="data folder (default: .batchlocal in the project)")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=text,
            description=text,
            parents=[shared],
            epilog=examples(_EXAMPLES, f"batchlocal {name}"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(command=command)
        return added

    _add_start_options(add("start", _start, "Start the server; stays in the foreground without --detach."))
    add("stop", _stop, "Stop the server; data and port stay for the next start.")
    status = add("status", _status, "Say whether the server answers; exit code 0 only then.")
    status.add_argument("--json", action="store_true", help="as JSON")
    add(
        "reset",
        _reset,
        "Forget all resources, tasks, blobs and stacks; identity, certificates, ports and snapshots stay.",
    )
    logs = add("logs", _logs, "Print the server's log.")
    logs.add_argument("-n", "--lines", type=int, default=200, help="how many of the last lines (default: 200)")
    portal = add("portal", _portal, "Open pages that show accounts, pools, jobs, tasks and calls in a browser.")
    portal.add_argument("--no-open", action="store_true", help="print the link only; it opens once, within a minute")
    env = add("env", _env, "Print what clients need to reach the server, its client secret included.")
    env.add_argument("--format", choices=FORMATS, default="shell", help="default: shell")
    add("plugin-path", _plugin_path, "Print the folder of the Pulumi provider plugin for this server.")
    add_commands(commands, shared)
    commands.add_parser("engine", help="Deploy Pulumi programs without the Pulumi CLI; see `batchlocal engine --help`.")
    return parser


def _add_start_options(start: argparse.ArgumentParser) -> None:
    start.add_argument("--port", type=_port, default=0, help="port (default: a free one, kept in the data folder)")
    start.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    start.add_argument("--detach", action="store_true", help="run in the background and return when it is ready")
    start.add_argument(
        "--strict",
        action="store_true",
        help="refuse namespaces and types that are not modelled, and identities that were never made",
    )
    start.add_argument(
        "--nodes",
        choices=("real", "simulated"),
        default="real",
        help="simulated: nodes of all pools run nothing; docs/nodes.md has their rule (default: real)",
    )
    start.add_argument(
        "--containers",
        choices=("docker", "simulate"),
        default="docker",
        help="simulate: run on the host what tasks ask to run in containers (default: docker)",
    )
    start.add_argument(
        "--task-users",
        choices=("auto", "own", "server"),
        default="auto",
        help="own: run tasks as users of their own, which only root can; server: as the server's user"
        " (default: auto, own for root where those users can reach the data folder and python3)",
    )
    start.add_argument(
        "--timing", choices=("quick", "recorded"), default="quick", help="waits in hundredths, or as long as Azure's"
    )
    start.add_argument("--tell-ready", type=int, help=argparse.SUPPRESS)  # a descriptor, of a start with --detach


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text}")
    return int(text)


def _start(options: argparse.Namespace, data: DataFolder) -> int:
    from batchlocal.plugin import install

    install(data.plugin)
    if options.detach:
        words = [f"--{name}={getattr(options, name.replace('-', '_'))}" for name in _PASSED_ON]
        _show(launch(data, [*words, *(["--strict"] if options.strict else [])], port=options.port), data)
        return 0
    return _serve(options, data)


def _serve(options: argparse.Namespace, data: DataFolder) -> int:
    from batchlocal.blobs import AzuriteMissing
    from batchlocal.nodes.users import NoUsers
    from batchlocal.server import AlreadyRunning, Options, PortTaken, serve
    from batchlocal.store.migrations import StoreTooNew

    data.prepare()
    _log_to(data, also_stderr=options.tell_ready is None)
    pace = 1.0 if options.timing == "recorded" else Options.pace
    try:
        chosen = options.nodes == "simulated", options.containers == "simulate"
        wanted = Options(options.port, options.host, pace, options.strict, *chosen, options.task_users)
        serve(data, wanted, partial(_ready, options))
    except (AlreadyRunning, AzuriteMissing, NoUsers, PortTaken, StoreTooNew) as mistake:
        raise NotStarted(str(mistake)) from None
    return 0


def _ready(options: argparse.Namespace, why_root: str) -> None:
    """The server answers: tell whoever started it and waits, and why its tasks run as root, if so."""
    if options.tell_ready is not None:
        os.write(options.tell_ready, f".{why_root}".encode())
        os.close(options.tell_ready)


def _log_to(data: DataFolder, *, also_stderr: bool) -> None:
    import logging.handlers

    class PrivateLog(logging.handlers.RotatingFileHandler):
        def _open(self) -> TextIOWrapper:
            return cast("TextIOWrapper", open(self.baseFilename, self.mode, opener=private))

    handlers: list[logging.Handler] = [PrivateLog(data.log, maxBytes=5_000_000, backupCount=2)]
    if also_stderr:
        handlers.append(logging.StreamHandler())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("azure").setLevel(logging.WARNING)


def _stop(_: argparse.Namespace, data: DataFolder) -> int:
    print("batchlocal is stopped" if stop(data) else "batchlocal was not running")
    return 0


def _status(options: argparse.Namespace, data: DataFolder) -> int:
    status = look(data)
    if options.json:
        print(json.dumps(status.as_json()))
    else:
        _show(status, data)
    return 0 if status.ready else 1


def _show(status: Status, data: DataFolder) -> None:
    if not status.ready:
        print(f"batchlocal is not running on {data.root}")
        return
    print(f"batchlocal is ready: {status.endpoint} (pid {status.pid}, data in {data.root})")
    if status.task_users_reason:
        print(f"tasks run as root, not as users of their own: {status.task_users_reason} (docs/nodes.md)")
    print(f'use it from this shell: eval "$({typed(data, "env")})"')


def _reset(_: argparse.Namespace, data: DataFolder) -> int:
    running = is_held(data)  # one that does not answer is not to lose its store under its feet
    if running:
        ControlClient(data).call("POST", "/reset")
    else:
        from batchlocal.snapshots import exchange

        data.prepare()
        exchange(data, "")
    print(f"batchlocal is empty again{' and running' if running else ''}")
    return 0


def _logs(options: argparse.Namespace, data: DataFolder) -> int:
    if not data.log.exists():
        raise NeverStarted(f"no batchlocal has been started on {data.root} yet, so there is no log")
    lines = data.log.read_text(errors="replace").splitlines()
    print("\n".join(lines[-options.lines :]))
    return 0


def _portal(options: argparse.Namespace, data: DataFolder) -> int:
    import webbrowser

    from batchlocal.portal.sessions import new_code

    status = look(data)
    if not status.ready:
        raise NotStarted(f"no batchlocal answers on {data.root}: {typed(data, 'start --detach')}")
    link = f"{status.endpoint}/portal/?code={new_code(data.control_token.read_text(), int(time.time()))}"
    print(f"{link}\nthe link opens once, within a minute; browsers warn unless they trust {data.ca_file}")
    if not options.no_open:
        webbrowser.open(link)
    return 0


def _env(options: argparse.Namespace, data: DataFolder) -> int:
    print(render(client_settings(data), options.format))
    return 0


def _plugin_path(_: argparse.Namespace, data: DataFolder) -> int:
    from batchlocal.plugin import install

    data.prepare()
    install(data.plugin)
    print(data.plugin)
    return 0
