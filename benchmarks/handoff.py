"""How long handing out an endpoint takes, beside `az batch account keys list`, in one run on one machine.

A batchlocal of its own is started, with one account. Every command is a process of its own with a cached token; they
are run in turn, so that whatever else the machine does meets all. az CLI is installed once, into a folder that is kept
(BENCH_CACHE, else ~/.cache/batchmgmt-bench); without a package index its column is left out, which is said.

Budgets: `endpoint show`, by name and by stack, at most 0.25 of az; commands that only read, at most 0.75, tables too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from _tools import beside_az, client_environment, sign_in

RUNS = 11
BUDGET = 0.25
READING = ("keys list", "keys list --format json", "pool list", "account show", "activity list --format json")
READING_BUDGET = 0.75
GROUP, ACCOUNT = "bench", "benchaccount"


def measure(root: Path, az: Path | None) -> int:
    environment = {**os.environ, **client_environment(root), "BATCHMGMT_CACHE_DIR": str(root / "cache")}
    prepare(environment)
    account = ["-g", GROUP, "-n", ACCOUNT]
    commands = {
        "endpoint show -g -n": batchmgmt("endpoint", "show", *account),
        "endpoint show --stack": batchmgmt("endpoint", "show", "--stack", "proj/bench"),
        "keys list": batchmgmt("keys", "list", *account),
        "keys list --format json": batchmgmt("keys", "list", *account, "--format", "json"),
        "pool list": batchmgmt("pool", "list", *account),
        "account show": batchmgmt("account", "show", *account),
        "activity list --format json": batchmgmt("activity", "list", *account, "--format", "json"),
        "import batchmgmt": [sys.executable, "-c", "import batchmgmt"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    if az is not None:
        sign_in(az, root, environment)
        commands["az batch account keys list"] = [str(az), "batch", "account", "keys", "list", *account]
    times = timed(commands, environment)
    return report(times, compared=az is not None)


def timed(commands: dict[str, list[str]], environment: dict[str, str]) -> dict[str, list[float]]:
    """Seconds of wall time of each command, taken in turn; one run before does not count."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(RUNS + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
            if number:
                times[name].append(time.perf_counter() - started)
    return times


def report(times: dict[str, list[float]], *, compared: bool) -> int:
    print(f"{'command':32} {'min':>7} {'median':>7} {'max':>7}  seconds, {RUNS} runs each")
    for name, seconds in times.items():
        print(f"{name:32} {min(seconds):7.3f} {statistics.median(seconds):7.3f} {max(seconds):7.3f}")
    importing = statistics.median(times["import batchmgmt"]) - statistics.median(times["python -c pass"])
    failed = verdict("import batchmgmt, ms over python -c pass", importing * 1000, 30)
    if not compared:
        print("az CLI could not be installed: no comparison")
        return int(failed)
    az = statistics.median(times["az batch account keys list"])
    for name, seconds in times.items():
        if name.startswith("endpoint show"):
            failed |= verdict(f"{name}, of az", statistics.median(seconds) / az, BUDGET)
        elif name in READING:
            failed |= verdict(f"{name}, of az", statistics.median(seconds) / az, READING_BUDGET)
    return int(failed)


def verdict(what: str, value: float, budget: float) -> bool:
    """Print a figure beside its budget; whether it is over."""
    print(f"{what}: {value:.2f} (budget {budget:g}){' OVER' if value > budget else ''}")
    return value > budget


def batchmgmt(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("batchmgmt")), *arguments]


def prepare(environment: dict[str, str]) -> None:
    """The account, and a stack's state that names it."""
    os.environ.update(environment)
    import httpx

    from batchmgmt import BatchManagement

    with BatchManagement.from_env() as management:
        base = f"{management.cloud.arm}/subscriptions/{management.subscription_id}/resourcegroups/{GROUP}"
        token = management.credential.get_token(management.cloud.arm_scope).token
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{base}?api-version=2021-04-01"
        httpx.put(url, json={"location": "westeurope"}, headers=headers).raise_for_status()
        management.sdk.batch_account.begin_create(GROUP, ACCOUNT, {"location": "westeurope"}).result()
        outputs = {
            "resourceGroup": GROUP,
            "batchAccount": ACCOUNT,
            "subscriptionId": management.subscription_id,
        }
    state = Path(environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
    stack = state / ".pulumi" / "stacks" / "proj" / "bench.json"
    stack.parent.mkdir(parents=True)
    checkpoint = {"latest": {"resources": [{"type": "pulumi:pulumi:Stack", "outputs": outputs}]}}
    stack.write_text(json.dumps({"version": 3, "checkpoint": checkpoint}))


if __name__ == "__main__":
    sys.exit(beside_az(measure))
