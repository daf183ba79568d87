"""Four tasks on a pool, by an endpoint that an earlier step of the pipeline handed over in environment variables.

    eval "$(batchmgmt endpoint show --stack dev --format shell)"
    python examples/pipelines/squares.py POOL

Only azure-batch is needed: this program knows neither Pulumi nor ARM.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime

from azure.batch import BatchClient, models
from azure.core.credentials import AccessToken, AzureNamedKeyCredential

PATIENCE = 20 * 60  # seconds: a pool that a formula sizes has no node until its next evaluation


class HandedOver:
    """The token of the variables. It cannot be renewed here: ask for the endpoint again when it has ended."""

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken(os.environ["AZURE_BATCH_TOKEN"], int(time.time()) + 300)


def main(pool: str) -> None:
    key = os.environ.get("AZURE_BATCH_ACCESS_KEY")
    credential = AzureNamedKeyCredential(os.environ["AZURE_BATCH_ACCOUNT"], key) if key else HandedOver()
    with BatchClient(os.environ["AZURE_BATCH_ENDPOINT"], credential) as client:
        job = f"squares-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        client.create_job(models.BatchJobCreateOptions(id=job, pool_info=models.BatchPoolInfo(pool_id=pool)))
        try:
            client.create_tasks(job, [square(number) for number in range(1, 5)])
            wait(client, job)
            for number in range(1, 5):
                written = b"".join(client.download_task_file(job, f"square-{number}", "stdout.txt"))
                print(f"{number} squared is {written.decode().strip()}")
        finally:
            client.begin_delete_job(job)


def square(number: int) -> models.BatchTaskCreateOptions:
    command = f"/bin/sh -c 'echo $(({number} * {number}))'"
    return models.BatchTaskCreateOptions(id=f"square-{number}", command_line=command)


def wait(client: BatchClient, job: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while (counts := client.get_job_task_counts(job).task_counts).completed < 4:
        if time.monotonic() > deadline:
            sys.exit(f"squares: {counts.completed} of 4 tasks completed; {counts.active} still wait for a node")
        time.sleep(0.5)


if __name__ == "__main__":
    if len(sys.argv) != 2 or "AZURE_BATCH_ENDPOINT" not in os.environ:
        sys.exit('usage: eval "$(batchmgmt endpoint show --stack STACK --format shell)"; squares.py POOL')
    main(sys.argv[1])
