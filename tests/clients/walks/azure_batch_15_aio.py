"""azure-batch 15.1, asynchronous: adds 150 tasks to a job, waits, reads stdout.txt, deletes. By key, or by token."""

import asyncio
import os
import time

from azure.batch import models
from azure.batch.aio import BatchClient
from azure.core.credentials import AzureNamedKeyCredential
from azure.identity.aio import ClientSecretCredential

TASKS = 150


async def main() -> None:
    job, by_key = os.environ["BATCH_JOB"], os.environ["BATCH_WAY"] == "key"
    names = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
    authority = os.environ["AZURE_AUTHORITY_HOST"]
    secret = ClientSecretCredential(
        *(os.environ[name] for name in names), authority=authority, disable_instance_discovery=True
    )
    key = AzureNamedKeyCredential(os.environ["BATCH_ACCOUNT"], os.environ["BATCH_KEY"])
    async with secret, BatchClient(os.environ["BATCH_ENDPOINT"], key if by_key else secret) as client:
        pool = models.BatchPoolInfo(pool_id=os.environ["BATCH_POOL"])
        await client.create_job(models.BatchJobCreateOptions(id=job, pool_info=pool))
        tasks = [
            models.BatchTaskCreateOptions(id=f"t{number}", command_line=f"/bin/sh -c 'echo number {number}'")
            for number in range(TASKS)
        ]
        results = await client.create_tasks(job, tasks)
        assert len(results.result_values) == TASKS
        deadline = time.monotonic() + 60
        while (await client.get_job_task_counts(job)).task_counts.succeeded < TASKS:
            assert time.monotonic() < deadline, "the tasks did not complete"
            await asyncio.sleep(0.1)
        assert len([task async for task in client.list_tasks(job)]) == TASKS
        pieces = [piece async for piece in await client.download_task_file(job, "t149", "stdout.txt")]
        assert b"".join(pieces) == b"number 149\n"
        await (await client.begin_delete_job(job)).result()
    print("walked")


asyncio.run(main())
