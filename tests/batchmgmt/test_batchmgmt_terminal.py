"""What people at a terminal get: signs of life over a second, and completion by their shell."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("batchmgmt")


def at_a_terminal(*command: object) -> str:
    """All that a command shows on a terminal, which is its stdout and stderr."""
    ours, its = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen([*map(str, command)], stdin=its, stdout=its, stderr=its, env=environment) as process:
        os.close(its)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        assert process.wait(timeout=60) == 0, shown.decode()
    os.close(ours)
    return shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that nobody has the other end any more
        return b""


def test_what_takes_over_a_second_shows_a_spinner_and_the_rest_does_not(batchlocal, account, named):
    slow = ("fault", "add", "BatchAccount_Get", "--account", account.name, "--kind", "delay", "--seconds", "2")
    assert batchlocal.run(*slow).returncode == 0
    assert "waiting for Azure" in at_a_terminal(PROGRAM, "account", "show", *named)
    assert batchlocal.run(*slow).returncode == 0
    assert at_a_terminal(PROGRAM, "endpoint", "show", *named).startswith("waiting for Azure ...\r\n{")
    assert at_a_terminal(PROGRAM, "endpoint", "show", *named).startswith("{")
    assert "waiting for Azure" not in at_a_terminal(PROGRAM, "pool", "--help")


def test_a_deletion_says_what_it_waits_for(account, unique):
    from command_cases import Place, make_pool

    make_pool(Place(account, unique, Path()))
    place = ["-g", account.resource_group, "-n", account.name]
    assert f"deleting pool '{unique}'" in at_a_terminal(PROGRAM, "pool", "delete", unique, *place, "--yes")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("batchmgmt pool sto", "stop-resize"), ("batchmgmt endpoint show --format kub", "kubernetes")],
)
def test_bash_completes_commands_and_formats(typed, completed):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash on PATH")
    script = f"""
        eval "$({PROGRAM} --show-completion bash)"
        COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        $(complete -p batchmgmt | sed -E 's/.* -F ([^ ]+) .*/\\1/') batchmgmt
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {**os.environ, "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"}
    environment["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"
    done = subprocess.run([bash, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [completed], done.stderr
