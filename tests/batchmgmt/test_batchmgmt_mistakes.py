"""What a mistake meets: one sentence that says what to do, an exit code, and nothing lost."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("batchmgmt")
ASCII_ONLY = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which ``$B`` is batchmgmt."""
    env = {**os.environ, "B": str(PROGRAM), **environment}
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=env, check=False, timeout=60)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("nonsense", "No such command 'nonsense'; see `batchmgmt --help`"),
        ("pool shw", "No such command 'shw'. Did you mean 'stop-resize', 'show'?; see `batchmgmt pool --help`"),
        ("pool show", "Missing argument 'POOL'; see `batchmgmt pool show --help`"),
        ("account list --frmat json", "No such option: --frmat (Possible options: --format)"),
        ("account list --format xml", "'xml' is not one of 'table', 'json', 'yaml', 'tsv'"),
        ("keys regenerate tertiary", "a key is primary or secondary, not 'tertiary'"),
        ("location quota", "name a region by --location, or an account by --stack or by -g and -n"),
        ("location check-name x", "Missing option '--location' / '-l'; see `batchmgmt location check-name --help`"),
        ("application set tool -g g -n n", "say what to change: --display-name, --allow-updates or --default-version"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_sentence(cli, words, told):
    done = cli(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert told.partition("Did you mean")[0] in done.stderr
    assert (done.stderr[:11], done.stderr.count("\n")) == ("batchmgmt: ", 1)


def test_a_subscription_that_is_not_the_stacks_is_refused(cli, stack):
    _, folder = stack
    environment = {"PULUMI_BACKEND_URL": f"file://{folder}"}
    for words in (["endpoint", "show"], ["pool", "list"]):
        done = cli(*words, "--stack", "local", "--subscription", "another", env=environment, cwd=folder)
        assert done.returncode == 2
        assert "stack 'local' is in subscription" in done.stderr


def test_a_container_name_that_storage_refuses_is_told_with_the_rule(cli, account):
    done = cli("endpoint", "storage", "--container", "Not_One", "-g", account.resource_group, "-n", account.name)
    assert done.returncode == 1
    assert "InvalidResourceName: " in done.stderr
    assert "3 to 63 lower-case letters" in done.stderr
    assert "ErrorCode" not in done.stderr


@pytest.mark.parametrize("command", ["location skus --location westeurope", "account list --format json", "--help"])
def test_an_output_that_nobody_takes_is_no_fault_of_ours(management, command):
    gone = shell(f"set -o pipefail; $B {command} | true")
    assert (gone.returncode in (0, 1), gone.stderr) == (True, "")
    closed = shell(f"$B {command} >&-")
    assert (closed.returncode, closed.stderr) == (0, "")
    if command != "--help":  # which is Typer's to print
        full = shell(f"$B {command} > /dev/full")
        assert (full.returncode, full.stderr) == (
            1,
            "batchmgmt: the output cannot be written: No space left on device\n",
        )


def test_names_that_the_locale_cannot_write_are_written_another_way(cli, account, unique):
    account.applications.create(unique, display_name="Bäume — 木")
    named = ["application", "show", unique, "-g", account.resource_group, "-n", account.name, "--format", "tsv"]
    assert cli(*named, env=ASCII_ONLY).stdout.split("\t")[1] == r"B\xe4ume \u2014 \u6728"


def test_an_empty_secret_in_the_environment_is_told(cli):
    done = cli("account", "list", env={"AZURE_CLIENT_SECRET": "", "BATCHMGMT_TOKEN_CACHE": "off"})
    assert done.returncode == 2
    assert "check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET" in done.stderr


def test_a_proxy_that_is_not_there_is_named_without_its_password(cli):
    environment = {"HTTPS_PROXY": "http://me:hidden@localhost:1", "NO_PROXY": "", "no_proxy": ""}
    done = cli("account", "list", env=environment)
    assert done.returncode == 1
    assert "the proxy localhost:1 is not there; check HTTPS_PROXY" in done.stderr
    assert "hidden" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_user_whom_the_system_does_not_know_has_a_home_that_is_not_there():
    code = "import os; from batchmgmt import files; os.setuid(54321); os.environ.pop('HOME', 0); print(files.home())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("/nonexistent\n", "")


def test_ctrl_c_stops_a_wait_with_one_sentence(batchlocal, account, unique):
    held = ("fault", "add", "Pool_Get", "--account", account.name, "--kind", "delay", "--seconds", "30")
    assert batchlocal.run(*held).returncode == 0
    named = ["-g", account.resource_group, "-n", account.name]
    with subprocess.Popen(
        [PROGRAM, "--debug", "pool", "wait", unique, *named],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's job may ignore it
    ) as waiting:
        assert waiting.stderr is not None
        while "/metadata/endpoints" not in waiting.stderr.readline():  # it has begun
            assert waiting.poll() is None
        waiting.send_signal(signal.SIGINT)
        assert waiting.stderr.read().splitlines()[-1] == "batchmgmt: stopped; what was begun can be begun again"
        assert waiting.wait(timeout=30) == 130
    assert batchlocal.run("fault", "clear").returncode == 0


def test_a_rotation_without_a_file_asks_at_a_terminal(account, management):
    before = account.keys.list().primary
    ours, its = pty.openpty()
    words = [PROGRAM, "keys", "rotate", "-g", account.resource_group, "-n", account.name]
    with subprocess.Popen(words, stdin=its, stdout=its, stderr=subprocess.PIPE, text=True) as process:
        os.write(ours, b"n\n")
        assert process.wait(timeout=60) == 2
        assert process.stderr is not None
        assert "nothing was done" in process.stderr.read()
    os.close(its)
    os.close(ours)
    assert account.keys.list().primary.reveal() == before.reveal()
