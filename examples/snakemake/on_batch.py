"""Run one command as a Batch task on the first pool of a stack; its input goes along, what it prints comes back."""

from __future__ import annotations

import argparse
import base64
import shlex
import sys
import time
import uuid
from pathlib import Path

from azure.batch import BatchClient, models

from batchmgmt import BatchManagement

PATIENCE = 300.0  # seconds
LARGEST = 16 * 1024  # bytes of input that fit into a command line; larger inputs belong into blobs, as resource files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--input", type=Path, required=True, help="is input.txt in the task's working directory")
    parser.add_argument("--output", type=Path, required=True, help="what the task prints")
    parser.add_argument("command", help="a shell command")
    options = parser.parse_args()
    with BatchManagement.from_env() as management:
        endpoint = management.endpoint(stack=options.stack)
        with endpoint.client() as client:
            printed = run(client, endpoint.pools[0], options.command, options.input.read_bytes())
    options.output.write_bytes(printed)
    return 0


def run(client: BatchClient, pool: str, command: str, content: bytes) -> bytes:
    """What the command printed. Raises RuntimeError when it failed, or did not end in time."""
    if len(content) > LARGEST:
        raise RuntimeError(f"the input has {len(content)} bytes; {LARGEST} fit")
    encoded = base64.b64encode(content).decode()
    script = f"echo {encoded} | base64 -d > input.txt && {command}"
    job = f"snakemake-{uuid.uuid4()}"
    client.create_job(models.BatchJobCreateOptions(id=job, pool_info=models.BatchPoolInfo(pool_id=pool)))
    try:
        task = models.BatchTaskCreateOptions(id="step", command_line=f"/bin/sh -c {shlex.quote(script)}")
        client.create_task(job, task)
        return result(client, job)
    finally:
        client.begin_delete_job(job)


def result(client: BatchClient, job: str) -> bytes:
    """The task's output when it has completed."""
    deadline = time.monotonic() + PATIENCE
    while (task := client.get_task(job, "step")).state != models.BatchTaskState.COMPLETED:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the task of job {job} did not complete within {PATIENCE:.0f} s")
        time.sleep(0.2)
    succeeded = task.execution_info is not None and task.execution_info.exit_code == 0
    text = b"".join(client.download_task_file(job, "step", "stdout.txt" if succeeded else "stderr.txt"))
    if not succeeded:
        raise RuntimeError(f"the task failed: {text.decode(errors='replace').strip()}")
    return text


if __name__ == "__main__":
    sys.exit(main())
