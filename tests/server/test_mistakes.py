"""What a mistake at ``batchlocal``'s command line meets: one sentence, an exit code, and no traceback."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from batchlocal.cli import main
from tests.conftest import Local, batchlocal_command, start_local

PROGRAM = Path(sys.executable).with_name("batchlocal")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("nonsense", "see `batchlocal --help`"),
        ("start --port high", "a port is a number from 1 to 65535, not high; see `batchlocal start --help`"),
        ("quota set poolQuota", "a quota is set as NAME=NUMBER, such as poolQuota=20, not 'poolQuota'"),
        ("snapshot save ../other", "a name is not empty and has no slash, not '../other'"),
        ("principal add ''", "a name is not empty and has no slash, not ''"),
    ],
)
def test_a_mistake_is_one_sentence(words: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(words))
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert told in said.err


@pytest.mark.parametrize("words", ["start --detach", "start", "plugin-path", "reset"])
def test_a_data_folder_that_cannot_be_is_named(words: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = batchlocal_command(*words.split(), "--data", str(tmp_path / "file"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"batchlocal: {tmp_path / 'file'}")
    assert done.stderr.endswith(": Not a directory\n") or done.stderr.endswith(": File exists\n")


def test_hints_name_the_data_folder_where_it_is_not_the_projects(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    done = batchlocal_command("env", "--data", str(folder))
    assert done.returncode == 1
    assert f"start --detach --data '{folder}'` first" in done.stderr


@pytest.mark.parametrize("words", ["status", "fault list", "snapshot restore", "principal add"])
def test_help_of_a_command_shows_it(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out.partition("examples:\n")[2].splitlines()
    assert shown
    assert all(line.startswith(f"  batchlocal {words}") for line in shown)


def test_names_with_spaces_and_letters_of_all_kinds_are_names(batchlocal: Local) -> None:
    assert batchlocal.run("principal", "add", "Bäume & 木").returncode == 0
    assert "Bäume & 木" in batchlocal.run("principal", "list").stdout
    assert batchlocal.run("principal", "remove", "Bäume & 木").returncode == 0


def test_an_output_that_nobody_takes_is_told_or_not_but_never_by_a_traceback(batchlocal: Local) -> None:
    def shell(line: str) -> subprocess.CompletedProcess[str]:
        words = f"{PROGRAM} env --data {batchlocal.data}"
        return subprocess.run(
            ["bash", "-c", line.replace("ENV", words)], capture_output=True, text=True, check=False, timeout=60
        )

    assert shell("ENV | true").stderr == ""
    assert (shell("ENV >&-").returncode, shell("ENV >&-").stderr) == (0, "")
    full = shell("ENV > /dev/full")
    assert (full.returncode, full.stderr) == (1, "batchlocal: the output: No space left on device\n")


def test_ctrl_c_at_a_terminal_ends_the_server_and_its_storage_in_order(tmp_path: Path) -> None:
    """A terminal sends it to the whole group."""
    ready, tell = os.pipe()
    words = [PROGRAM, "start", "--data", tmp_path / "data", "--tell-ready", str(tell)]
    with subprocess.Popen(
        [*map(str, words)],
        pass_fds=[tell],
        start_new_session=True,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as server:
        os.close(tell)
        assert os.read(ready, 1) == b"."
        os.close(ready)
        os.killpg(server.pid, signal.SIGINT)
        assert server.wait(timeout=30) in (0, 130)
    logged = (tmp_path / "data" / "server.log").read_text()
    assert "linked storage ended" not in logged
    assert "Traceback" not in logged
    start_local(tmp_path / "data")
    assert batchlocal_command("stop", "--data", str(tmp_path / "data")).returncode == 0


def test_a_file_that_is_no_state_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: proj\nruntime: python\n")
    (tmp_path / "state.json").write_text("words")
    environment = {**os.environ, "PULUMI_CONFIG_PASSPHRASE": "x", "PULUMI_BACKEND_URL": f"file://{tmp_path}"}
    words = ["engine", "stack", "import", "--stack", "dev", "--cwd", str(tmp_path), "--file", f"{tmp_path}/state.json"]
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, env=environment, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, f"error: {tmp_path}/state.json holds no exported state\n")
