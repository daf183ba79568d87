"""Files of tasks, as azure-batch 15.1 sees them: in, out, and what is said when they cannot come or go."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from azure.batch import BatchClient, models
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (
    AccountSasPermissions,
    ContainerClient,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_container_sas,
)

from tests.clients.conftest import Account, run
from tests.conftest import Local


def test_resource_files_come_in_and_output_files_go_out(
    batch: BatchClient, job: str, account: Account, container: ContainerClient
) -> None:
    container.upload_blob("in/letter.txt", b"dear task")
    url = read_write(account, container)
    destination = models.OutputFileBlobContainerDestination(container_url=url, path="out")
    output = models.OutputFile(
        file_pattern="*.out",
        destination=models.OutputFileDestination(container=destination),
        upload_options=models.OutputFileUploadConfiguration(
            upload_condition=models.OutputFileUploadCondition.TASK_SUCCESS
        ),
    )
    task = run(
        batch,
        job,
        "/bin/sh -c 'cat in/letter.txt > a.out; echo more > b.out; echo hidden > .c.out'",
        resource_files=[models.ResourceFile(storage_container_url=url)],
        output_files=[output],
    )
    assert task.execution_info.exit_code == 0
    assert {blob.name for blob in container.list_blobs(name_starts_with="out/")} == {"out/a.out", "out/b.out"}
    assert container.download_blob("out/a.out").readall() == b"dear task"


def test_a_resource_file_may_not_leave_the_tasks_folder(
    batch: BatchClient, job: str, container: ContainerClient
) -> None:
    container.upload_blob("x", b"x")
    file = models.ResourceFile(http_url=f"{container.url}/x", file_path="../../../../escaped")
    with pytest.raises(HttpResponseError, match="break out"):
        run(batch, job, "/bin/true", resource_files=[file])


def test_what_cannot_be_laid_out_or_listed_fails_the_task(
    batch: BatchClient, batchlocal: Local, job: str, account: Account, container: ContainerClient
) -> None:
    container.upload_blob("one", b"1")
    url = read_write(account, container).replace("?", "/one?")
    within = [models.ResourceFile(http_url=url, file_path=path) for path in ("one", "one/within")]
    no_listing = f"{batchlocal.settings['armEndpoint']}/metadata/endpoints?api-version=2020-06-01"
    no_mode = [models.ResourceFile(http_url=url, file_path="one", file_mode="rwx")]
    for files, code in (
        (within, "ResourceFileCreateFailed"),
        (no_mode, "ResourceFileCreateFailed"),
        ([models.ResourceFile(storage_container_url=no_listing)], "ResourceContainerListMiscError"),
    ):
        assert run(batch, job, "/bin/true", resource_files=files).execution_info.failure_info.code == code


def test_a_link_that_an_attempt_leaves_is_not_written_through(
    batch: BatchClient, job: str, account: Account, container: ContainerClient
) -> None:
    container.upload_blob("data", b"from storage")
    file = models.ResourceFile(http_url=read_write(account, container).replace("?", "/data?"), file_path="data")
    shared = "$AZ_BATCH_NODE_SHARED_DIR/mine-$AZ_BATCH_TASK_ID"
    first = f"echo mine > {shared}; ln -sf {shared} .data.part; ln -sf {shared} data; exit 1"
    task = run(
        batch,
        job,
        f"/bin/sh -c 'if test -e {shared}; then cat {shared} data; else {first}; fi'",
        resource_files=[file],
        constraints=models.BatchTaskConstraints(max_task_retry_count=1),
    )
    assert text(batch, job, task, "stdout.txt") == "mine\nfrom storage"


def test_a_pattern_that_cannot_be_read_fails_the_upload(
    batch: BatchClient, job: str, account: Account, container: ContainerClient
) -> None:
    destination = models.OutputFileBlobContainerDestination(container_url=read_write(account, container))
    output = models.OutputFile(
        file_pattern="[z-a]*",
        destination=models.OutputFileDestination(container=destination),
        upload_options=models.OutputFileUploadConfiguration(upload_condition="taskcompletion"),
    )
    task = run(batch, job, "/bin/true", output_files=[output])
    assert task.execution_info.failure_info.code == "FileUploadMiscError"
    assert "cannot be read" in text(batch, job, task, "fileuploaderr.txt")


def test_output_files_go_by_the_outcome_and_tell_when_they_cannot_go(
    batch: BatchClient, job: str, account: Account, container: ContainerClient
) -> None:
    sas = generate_account_sas(
        account.storage,
        account.storage_key,
        resource_types=ResourceTypes(container=True, object=True),
        permission=AccountSasPermissions(read=True, write=True, create=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )

    def output(pattern: str, condition: str, url: str) -> models.OutputFile:
        destination = models.OutputFileBlobContainerDestination(container_url=f"{url}?{sas}")
        options = models.OutputFileUploadConfiguration(upload_condition=condition)
        wanted = models.OutputFileDestination(container=destination)
        return models.OutputFile(file_pattern=pattern, destination=wanted, upload_options=options)

    conditions = ("taskcompletion", "tasksuccess", "taskfailure")
    outputs = [output(f"{one}.txt", one, container.url) for one in conditions]
    touch = " ".join(f"{one}.txt" for one in conditions)
    run(batch, job, f"/bin/sh -c 'touch {touch}; exit 1'", output_files=outputs)
    assert {blob.name for blob in container.list_blobs()} == {"taskcompletion.txt", "taskfailure.txt"}
    nowhere = output("a.txt", "taskcompletion", f"{container.url}-that-is-not-there")
    task = run(batch, job, "/bin/sh -c 'touch a.txt'", output_files=[nowhere])
    ended = task.execution_info
    assert (ended.exit_code, ended.result, ended.failure_info.code) == (0, "failure", "FileUploadContainerNotFound")
    (error,) = map(json.loads, text(batch, job, task, "fileuploaderr.txt").splitlines())
    assert (error["code"], error["pattern"], error["user_error"]) == ("FileUploadContainerNotFound", "a.txt", True)
    assert "sig=" not in text(batch, job, task, "fileuploadout.txt") + str(error)


def test_an_upload_is_told_beside_the_task_and_only_if_there_was_one(
    batch: BatchClient, job: str, account: Account, container: ContainerClient
) -> None:
    destination = models.OutputFileBlobContainerDestination(container_url=read_write(account, container), path="out")
    output = models.OutputFile(
        file_pattern="../std*.txt",
        destination=models.OutputFileDestination(container=destination),
        upload_options=models.OutputFileUploadConfiguration(upload_condition="taskcompletion"),
    )
    task = run(batch, job, "/bin/true", output_files=[output])
    said = text(batch, job, task, "fileuploadout.txt")
    assert "matching pattern ../std*.txt" in said
    assert "as out/stdout.txt" in said
    assert text(batch, job, task, "fileuploaderr.txt") == ""
    missing = models.ResourceFile(http_url=f"{container.url}/none", file_path="none")
    task = run(batch, job, "/bin/true", output_files=[output], resource_files=[missing])
    assert not [file.name for file in batch.list_task_files(job, str(task.id)) if file.name.startswith("fileupload")]


def read_write(account: Account, container: ContainerClient) -> str:
    """The container's URL with a SAS."""
    sas = generate_container_sas(
        account.storage,
        container.container_name,
        account_key=account.storage_key,
        permission=ContainerSasPermissions(read=True, write=True, create=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    return f"{container.url}?{sas}"


def text(batch: BatchClient, job: str, task: models.BatchTask, file: str) -> str:
    return b"".join(batch.download_task_file(job, str(task.id), file)).decode()


@pytest.mark.parametrize(
    ("file", "code", "category"),
    [
        ({"http_url": "{url}/missing?{sas}", "file_path": "a"}, "BlobNotFound", "UserError"),
        ({"http_url": "{url}/there?{sas}x", "file_path": "a"}, "BlobAccessDenied", "UserError"),
        ({"http_url": "https://localhost:1/x", "file_path": "a"}, "BlobDownloadMiscError", "ServerError"),
        ({"storage_container_url": "{url}?{sas}x"}, "ResourceContainerAccessDenied", "UserError"),
    ],
)
def test_a_resource_file_that_cannot_be_had_says_why(
    batch: BatchClient,
    job: str,
    account: Account,
    container: ContainerClient,
    file: dict[str, str],
    code: str,
    category: str,
) -> None:
    container.upload_blob("there", b"x")
    url, _, sas = read_write(account, container).partition("?")
    asked = models.ResourceFile(**{name: value.format(url=url, sas=sas) for name, value in file.items()})
    info = run(batch, job, "/bin/true", resource_files=[asked]).execution_info
    assert (info.exit_code, info.failure_info.code, info.failure_info.category) == (None, code, category)
    assert "sig=" not in str(info.failure_info.as_dict())


def test_a_package_that_is_not_there_fails_its_task(batch: BatchClient, job: str) -> None:
    wanted = models.BatchApplicationPackageReference(application_id="none", version="1")
    info = run(batch, job, "/bin/true", application_package_references=[wanted]).execution_info
    assert info.failure_info.code == "ApplicationPackageError"
