"""The flags of ``up``, ``preview``, ``refresh`` and ``destroy``: Pulumi's."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from batchlocal.engine.options import Options

__all__ = ["Parser", "chosen", "operation_flags", "without_switches"]

# How the CLI shows things; taken, so that scripts written for it run, and without effect.
_OF_SHOWING: Final = (
    *("show-config", "show-full-output", "show-reads", "show-replacement-steps", "show-sames", "suppress-outputs"),
    *("suppress-permalink", "suppress-progress", "skip-plugin-pre-install", "skip-pending-creates"),
)


class Parser(argparse.ArgumentParser):
    """Ends with Pulumi's exit code when flags are wrong."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        self.print_usage(sys.stderr)
        self.exit(1, f"error: {message}\n")


def without_switches(arguments: list[str]) -> list[str]:
    """The arguments with ``--flag=true`` as ``--flag``, and without ``--flag=false``: Pulumi's flags take both."""
    on = [re.sub(r"^(--(?!message)[a-z-]+)=true$", r"\1", argument) for argument in arguments]
    return [argument for argument in on if not re.fullmatch(r"--(?!message)[a-z-]+=false", argument)]


def operation_flags() -> Parser:
    """A parent for the parsers of operations."""
    running = Parser(add_help=False)
    _add_ways(running)
    _add_choices(running)
    for name in _OF_SHOWING:
        running.add_argument(f"--{name}", action="store_true", help=argparse.SUPPRESS)
    running.add_argument("--color", help=argparse.SUPPRESS)
    running.add_argument("--run-program", action="store_true", help=argparse.SUPPRESS)
    return running


def _add_ways(running: argparse.ArgumentParser) -> None:
    """How an operation is to go."""
    running.add_argument("--yes", "-y", action="store_true", help="do not ask")
    running.add_argument("--skip-preview", "-f", action="store_true", help="do not preview first")
    running.add_argument("--non-interactive", action="store_true", help="never ask")
    running.add_argument("--json", "-j", action="store_true", help="events as JSON, one a line")
    running.add_argument("--event-log", type=Path, help="write the events to this file as well")
    running.add_argument("--diff", action="store_true", help="show what differs, property by property")
    running.add_argument("--parallel", "-p", type=int, default=0, help="how many steps at once")
    running.add_argument("--message", "-m", default="", help="kept in the history")
    running.add_argument("--refresh", "-r", action="store_true", help="read what is really there first")
    running.add_argument("--expect-no-changes", action="store_true", help="exit code 7 if there are any")
    running.add_argument("--continue-on-error", action="store_true", help="go on with what does not need the failed")
    running.add_argument("--preview-only", action="store_true", help="refresh, destroy: show what would be done")
    running.add_argument(
        "--config", "-c", action="append", default=[], metavar="KEY=VALUE", help="set it in the stack's file first"
    )
    running.add_argument("--config-path", action="store_true", help="the keys of --config are paths into objects")


def _add_choices(running: argparse.ArgumentParser) -> None:
    """What an operation is about."""
    running.add_argument("--target", "-t", action="append", default=[], metavar="URN", help="only these (* and **)")
    running.add_argument("--exclude", action="append", default=[], metavar="URN", help="all but these")
    running.add_argument("--target-dependents", action="store_true", help="and what depends on the targets")
    running.add_argument("--exclude-dependents", action="store_true", help="nor what depends on the excluded")
    running.add_argument("--exclude-protected", action="store_true", help="destroy: leave what is protected")
    running.add_argument("--ignore-protect", action="store_true", help="replace and delete what is protected, too")
    running.add_argument("--replace", action="append", default=[], metavar="URN", help="make this one anew")
    running.add_argument("--target-replace", action="append", default=[], metavar="URN", help="--target and --replace")
    running.add_argument("--clear-pending-creates", action="store_true", help="refresh: forget cut-off creations")
    running.add_argument(
        "--import-pending-creates",
        action="append",
        default=[],
        metavar="URN|ID",
        help="refresh: a cut-off creation is there under this id; given twice, URN then id",
    )
    running.add_argument("--policy-pack", action="append", default=[], type=Path, help="up, preview: a pack's folder")
    running.add_argument("--policy-pack-config", action="append", default=[], type=Path, help="its settings, in JSON")


def chosen(options: argparse.Namespace) -> Options:
    """What was asked for."""
    from batchlocal.engine.options import Options
    from batchlocal.engine.policies import PackOptions

    return Options(
        parallel=options.parallel,
        as_json=options.json,
        diff=options.diff,
        refresh=options.refresh,
        expect_no_changes=options.expect_no_changes,
        continue_on_error=options.continue_on_error,
        preview_only=options.preview_only,
        clear_pending_creates=options.clear_pending_creates,
        import_pending_creates=tuple(options.import_pending_creates),
        interactive=not options.non_interactive,
        message=options.message,
        target=tuple(options.target + options.target_replace),
        exclude=tuple(options.exclude),
        target_dependents=options.target_dependents,
        exclude_dependents=options.exclude_dependents,
        exclude_protected=options.exclude_protected,
        ignore_protect=options.ignore_protect,
        replace=tuple(options.replace + options.target_replace),
        event_log=options.event_log,
        policies=PackOptions(tuple(options.policy_pack), tuple(options.policy_pack_config)),
    )
