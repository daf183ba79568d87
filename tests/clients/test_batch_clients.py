"""Microsoft's other clients of the Batch service, unchanged: each adds 150 tasks, waits, reads stdout.txt, deletes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.batch import BatchClient, models
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

from tests.clients.conftest import Account
from tests.clients.tools import java_program, maven_package, node_package, python_package
from tests.conftest import Local
from tests.support.waiting import until

WALKS = Path(__file__).parent / "walks"
AZ = "azure-cli==2.91.0"


def test_the_python_tutorials_walk(account: Account, batch: BatchClient) -> None:
    """Input files in storage, a task each that reads its own and sends its result back, the outputs, the clean-up."""
    credential = {"account_name": account.storage, "account_key": account.storage_key}
    with BlobServiceClient(account.blob_endpoint.rstrip("/"), credential=credential) as blobs:
        source, results = (blobs.create_container(f"{kind}{uuid.uuid4().hex[:8]}") for kind in ("input", "output"))
        urls = []
        for container in (source, results):
            sas = generate_container_sas(
                account.storage,
                container.container_name,
                account_key=account.storage_key,
                permission=ContainerSasPermissions(read=True, write=True, create=True, list=True),
                expiry=datetime.now(UTC) + timedelta(hours=1),
            )
            urls.append((container.url, sas))
        for number in range(3):
            source.upload_blob(f"input{number}.txt", f"line {number}\n".encode())
        job = f"tutorial-{uuid.uuid4().hex[:8]}"
        batch.create_job(models.BatchJobCreateOptions(id=job, pool_info=models.BatchPoolInfo(pool_id=account.pool)))
        destination = models.OutputFileBlobContainerDestination(container_url="?".join(urls[1]))
        output = models.OutputFile(
            file_pattern="*.result",
            destination=models.OutputFileDestination(container=destination),
            upload_options=models.OutputFileUploadConfiguration(
                upload_condition=models.OutputFileUploadCondition.TASK_SUCCESS
            ),
        )
        tasks = [
            models.BatchTaskCreateOptions(
                id=f"Task{number}",
                command_line=f"/bin/sh -c 'tr a-z A-Z < input{number}.txt | tee {number}.result'",
                resource_files=[
                    models.ResourceFile(
                        http_url=f"{urls[0][0]}/input{number}.txt?{urls[0][1]}", file_path=f"input{number}.txt"
                    )
                ],
                output_files=[output],
            )
            for number in range(3)
        ]
        batch.create_tasks(job, tasks)
        until(lambda: all(task.state == "completed" for task in batch.list_tasks(job)))
        for number in range(3):
            assert b"".join(batch.download_task_file(job, f"Task{number}", "stdout.txt")) == b"LINE %d\n" % number
        assert {blob.name for blob in results.list_blobs()} == {f"{number}.result" for number in range(3)}
        batch.begin_delete_job(job).result()
        for container in (source, results):
            container.delete_container()


def environment(account: Account, **more: str) -> dict[str, str]:
    """What the walks are told."""
    return {
        **os.environ,
        "BATCH_ACCOUNT": account.name,
        "BATCH_ENDPOINT": account.endpoint,
        "BATCH_ORIGIN": account.endpoint.rsplit("/", 1)[0],
        "BATCH_KEY": account.key,
        "BATCH_POOL": account.pool,
        "BATCH_JOB": f"walk-{uuid.uuid4().hex[:8]}",
        **more,
    }


def walk(command: list[str], variables: dict[str, str], folder: Path | None = None) -> None:
    done = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    assert (done.returncode, done.stdout.strip().endswith("walked")) == (0, True), done.stderr or done.stdout


@pytest.mark.parametrize("way", ["key", "token"])
def test_azure_batch_15_asynchronously(account: Account, batch: BatchClient, way: str) -> None:
    """A process of its own: aiohttp looks for authorities when it is imported."""
    walk([sys.executable, str(WALKS / "azure_batch_15_aio.py")], environment(account, BATCH_WAY=way))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["key", "token"])
def test_azure_batch_14(batchlocal: Local, account: Account, batch: BatchClient, way: str) -> None:
    python = python_package("azure-batch==14.2.0") / "bin" / "python"
    token = {}
    if way == "token":
        with batchlocal.credential() as credential:
            token = {"BATCH_TOKEN": credential.get_token("https://batch.core.windows.net//.default").token}
    walk([str(python), str(WALKS / "azure_batch_14.py")], environment(account, **token))


@pytest.mark.slow
def test_azure_batch_for_javascript(account: Account, batch: BatchClient) -> None:
    """By key: with a token nothing in a request of this library names the account."""
    modules = node_package("@azure/batch@10.2.0") / "node_modules"
    walk(["node", str(WALKS / "azure_batch.js")], environment(account, NODE_PATH=str(modules)))


@pytest.mark.slow
def test_azure_batch_for_java(batchlocal: Local, account: Account, batch: BatchClient, tmp_path: Path) -> None:
    jars = maven_package("com.microsoft.azure:azure-batch:11.2.0")
    # its serializer looks into Java's own classes, which Java has closed since 17
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.lang", "java.util", "java.net")]
    ca = Path(batchlocal.settings["caFile"])
    walk(java_program(WALKS / "AzureBatch.java", jars, ca, tmp_path, *opened), environment(account))


@pytest.mark.slow
def test_az_batch(account: Account, batch: BatchClient, tmp_path: Path) -> None:
    program = python_package(AZ) / "bin" / "az"
    variables = {**environment(account), "AZURE_CONFIG_DIR": str(tmp_path), "AZURE_CORE_COLLECT_TELEMETRY": "false"}
    job, tasks = variables["BATCH_JOB"], tmp_path / "tasks.json"
    key = ["--account-name", account.name, "--account-key", account.key, "--account-endpoint", account.endpoint]

    def az(*command: str) -> str:
        line = [str(program), "batch", *command, *key]
        done = subprocess.run(line, env=variables, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    az("job", "create", "--id", job, "--pool-id", account.pool)
    sent = [{"id": f"t{number}", "commandLine": f"/bin/sh -c 'echo number {number}'"} for number in range(150)]
    tasks.write_text(json.dumps(sent))
    az("task", "create", "--job-id", job, "--json-file", str(tasks))
    until(lambda: json.loads(az("job", "task-counts", "show", "--job-id", job))["taskCounts"]["succeeded"] == 150, 120)
    assert len(json.loads(az("task", "list", "--job-id", job))) == 150
    target = tmp_path / "stdout.txt"
    az("task", "file", "download", "--job-id", job, "--task-id", "t149", "--file-path", "stdout.txt",
       "--destination", str(target))  # fmt: skip
    assert target.read_text() == "number 149\n"
    az("job", "delete", "--job-id", job, "--yes")
