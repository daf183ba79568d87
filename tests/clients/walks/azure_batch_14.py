"""azure-batch 14: adds 150 tasks to a job, waits, reads stdout.txt, deletes. By key, or by BATCH_TOKEN if it is set."""

import datetime
import os
import time

from azure.batch import BatchServiceClient, models
from azure.batch.batch_auth import SharedKeyCredentials
from msrest.authentication import BasicTokenAuthentication

TASKS = 150


def main() -> None:
    if token := os.environ.get("BATCH_TOKEN"):
        credentials = BasicTokenAuthentication({"access_token": token})
    else:
        credentials = SharedKeyCredentials(os.environ["BATCH_ACCOUNT"], os.environ["BATCH_KEY"])
    client = BatchServiceClient(credentials, batch_url=os.environ["BATCH_ENDPOINT"])
    job = os.environ["BATCH_JOB"]
    client.job.add(models.JobAddParameter(id=job, pool_info=models.PoolInformation(pool_id=os.environ["BATCH_POOL"])))
    tasks = [
        models.TaskAddParameter(id=f"t{number}", command_line=f"/bin/sh -c 'echo number {number}'")
        for number in range(TASKS)
    ]
    client.task.add_collection(job, tasks, threads=2)
    deadline = datetime.datetime.now() + datetime.timedelta(seconds=60)
    while any(task.state != models.TaskState.completed for task in client.task.list(job)):
        assert datetime.datetime.now() < deadline, "the tasks did not complete"
        time.sleep(0.2)
    assert len(list(client.task.list(job))) == TASKS
    output = b"".join(client.file.get_from_task(job, "t149", "stdout.txt"))
    assert output == b"number 149\n", output
    assert client.job.get_task_counts(job).task_counts.succeeded == TASKS
    client.job.delete(job)
    print("walked")


main()
