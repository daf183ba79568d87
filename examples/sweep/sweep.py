"""A parameter sweep: one task a rate, all at once on the stack's pool, their answers as one table.

    make up STACK=sweep
    .venv/bin/python examples/sweep/sweep.py

The cloud, the identity and the stack's state come from the environment (`eval "$(.venv/bin/batchlocal env)"`).
Everything about jobs and tasks is the azure-batch SDK alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime

from azure.batch import BatchClient, models

from batchmgmt import BatchManagement, BatchManagementError

COMMAND = "/bin/sh -c 'python3 \"$AZ_BATCH_APP_PACKAGE_model_1_0/model.py\" --rate {rate}'"
PATIENCE = 300.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="sweep")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.5, 1.0, 1.5, 2.0, 2.5, 2.8])
    options = parser.parse_args()
    try:
        with BatchManagement.from_env() as management:
            endpoint = management.endpoint(stack=options.stack)
            with endpoint.client() as client:
                answers = sweep(client, endpoint.pools[0], options.rates)
    except (BatchManagementError, RuntimeError) as failure:
        print(f"sweep: {failure}", file=sys.stderr)
        return 1
    print("rate   population")
    for one in answers:
        print(f"{one['rate']:<5}  {one['population']}")
    return 0


def sweep(client: BatchClient, pool: str, rates: list[float]) -> list[dict[str, float]]:
    """Run one task a rate in a job of its own, and return their answers in the rates' order."""
    job = f"sweep-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    client.create_job(models.BatchJobCreateOptions(id=job, pool_info=models.BatchPoolInfo(pool_id=pool)))
    try:
        tasks = {f"rate-{number}": COMMAND.format(rate=rate) for number, rate in enumerate(rates)}
        client.create_tasks(
            job, [models.BatchTaskCreateOptions(id=name, command_line=command) for name, command in tasks.items()]
        )
        wait(client, job, len(tasks))
        return [answer(client, job, name) for name in tasks]
    finally:
        client.begin_delete_job(job)


def wait(client: BatchClient, job: str, tasks: int) -> None:
    """Return when all have completed."""
    deadline = time.monotonic() + PATIENCE
    while client.get_job_task_counts(job).task_counts.completed < tasks:
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all tasks of job {job} completed within {PATIENCE:.0f} s")
        time.sleep(0.2)


def answer(client: BatchClient, job: str, task: str) -> dict[str, float]:
    """What the task printed; what it complained of, if it failed."""
    ended = client.get_task(job, task).execution_info
    name = "stdout.txt" if ended is not None and ended.exit_code == 0 else "stderr.txt"
    text = b"".join(client.download_task_file(job, task, name)).decode()
    if name == "stderr.txt":
        raise RuntimeError(f"task {task} failed: {text.strip()}")
    found: dict[str, float] = json.loads(text)
    return found


if __name__ == "__main__":
    sys.exit(main())
