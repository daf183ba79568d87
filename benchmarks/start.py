"""How long a start of batchlocal takes, on a data folder that is new and on one that has been used.

Counted from the command `batchlocal start --detach`, so two process starts are in every figure: until the command
returns, until ARM answers a request with a token that was asked for after that, and until linked storage answers.

Budgets: ARM 0.6 s, linked storage 2 s, and 120 MiB for the idle server's own process. Beside them the processors' time
that the command and the server need until the command returns: it says something on a busy machine, too.
"""

from __future__ import annotations

import json
import re
import resource
import ssl
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from _tools import local, token

from batchlocal.control.client import ControlClient
from batchlocal.datafolder import DataFolder

STARTS = 11
PATIENCE = 60.0  # seconds until linked storage must have answered
BUDGETS = {"processors' time": None, "command returns": 0.6, "ARM answers": 0.6, "linked storage answers": 2.0}
IDLE_BUDGET = 120.0  # MiB


def main() -> int:
    """Measure, and say what is over its budget."""
    times: dict[str, list[dict[str, float]]] = {"new data folder": [], "used data folder": []}
    memory = []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder:
            for kind in times:
                times[kind].append(started(Path(folder)))
                memory.append(resident(Path(folder)))
                local("stop", folder)
    over = 0
    for kind, rounds in times.items():
        for what, budget in BUDGETS.items():
            over += report(f"{kind}: {what}", [one[what] for one in rounds], budget, "s")
    return int(over + report("memory of the idle server", memory, IDLE_BUDGET, "MiB") > 0)


def started(root: Path) -> dict[str, float]:
    """Seconds since the command began, by what had happened."""
    began, before = time.perf_counter(), used_by_children()

    def since() -> float:
        return time.perf_counter() - began

    local("start", "--detach", root)
    times = {"command returns": since(), "processors' time": used_by_children() - before + used_by_server(root)}
    settings = json.loads(local("env", "--format", "json", root))
    asked = since()
    ask_arm(settings)
    times["ARM answers"] = times["command returns"] + since() - asked  # without the command `env` in between
    control = ControlClient(DataFolder(root))
    while not control.get("/status")["blobs"]:
        assert since() < PATIENCE, f"linked storage does not answer after {PATIENCE:g} s"
        time.sleep(0.01)
    return {**times, "linked storage answers": since()}


def used_by_children() -> float:
    """Seconds of processors' time of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def used_by_server(root: Path) -> float:
    """Seconds of processors' time that the server has had so far, in all its threads."""
    threads = Path(f"/proc/{DataFolder(root).settings()['pid']}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def ask_arm(settings: dict[str, str]) -> None:
    """A token, and with it the subscription."""
    context = ssl.create_default_context(cafile=settings["caFile"])
    url = f"{settings['armEndpoint']}/subscriptions/{settings['subscriptionId']}?api-version=2022-12-01"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token(settings, context)}"})
    with urllib.request.urlopen(request, context=context) as answer:
        answer.read()


def resident(root: Path) -> float:
    """Resident memory of the server's own process, in MiB."""
    pid = DataFolder(root).settings()["pid"]
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def report(name: str, values: list[float], budget: float | None, unit: str) -> bool:
    """Print the median and the worst; whether the median is over its budget, if it has one."""
    median = statistics.median(values)
    over = budget is not None and median > budget
    told = "" if budget is None else f"  budget {budget:g}{' OVER' if over else ''}"
    print(f"{name:<42} {median:7.2f} {unit}  worst {max(values):7.2f}{told}")
    return over


if __name__ == "__main__":
    sys.exit(main())
