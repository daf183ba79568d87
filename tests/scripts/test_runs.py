"""How `make` runs the engine: to its end, also when Ctrl-C is pressed, and past the locks of runs that were killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from scripts import runs

SCRIPTS = Path(__file__).parents[2] / "scripts"
CHILD = """
import pathlib, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("ready", flush=True)
signal.sigwait([signal.SIGINT])
time.sleep(1)  # its work takes longer than the quarter of a second after which subprocess.run would kill it
pathlib.Path("written").write_text("in order")
"""
PARENT = """
import os, pathlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
import runs
try:
    runs.run([sys.executable, "-c", sys.argv[2]], cwd=pathlib.Path.cwd(), environment=os.environ)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_a_command_that_ctrl_c_reaches_ends_in_order_before_we_do(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(SCRIPTS), CHILD],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.wait(timeout=30) == 130
    assert (tmp_path / "written").read_text() == "in order"


def test_only_locks_of_this_machine_whose_process_is_gone_are_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "proj" / "dev"
    folder.mkdir(parents=True)
    holders = {
        "gone": {"pid": gone.pid, "hostname": socket.gethostname()},
        "running": {"pid": os.getpid(), "hostname": socket.gethostname()},
        "elsewhere": {"pid": gone.pid, "hostname": "loom"},
        "strange": {},
    }
    for name, holder in holders.items():
        (folder / f"{name}.json").write_text(json.dumps(holder))
    assert runs.forget_killed(tmp_path, "dev") == [gone.pid]
    assert {file.stem for file in folder.glob("*.json")} == holders.keys() - {"gone"}
