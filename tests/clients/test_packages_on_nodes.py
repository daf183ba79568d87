"""Application packages that tasks bring onto their nodes (article batch-application-packages)."""

from __future__ import annotations

from azure.batch import BatchClient
from azure.batch import models as service

from tests.clients.conftest import Account, Arm, archive_of, upload_archive, upload_package
from tests.support.waiting import until

LARGE = "x" * 4_000_000
DEFLATE64 = 9  # a method of compression that Windows' own zip folders use for large files


def add(batch: BatchClient, job: str, task: str, command: str, application: str, version: str) -> None:
    reference = service.BatchApplicationPackageReference(application_id=application, version=version)
    batch.create_task(
        job,
        service.BatchTaskCreateOptions(id=task, command_line=command, application_package_references=[reference]),
    )


def outcome(batch: BatchClient, job: str, task: str) -> service.BatchTaskExecutionInfo:
    until(lambda: batch.get_task(job, task).state == "completed")
    return batch.get_task(job, task).execution_info


def test_packages_that_many_tasks_want_at_once_come_whole(
    arm: Arm, account: Account, batch: BatchClient, job: str
) -> None:
    for version in ("1.0", "1.1"):
        upload_package(arm, account.name, "large", version, {"version": version, "large": LARGE})
    for number in range(8):
        version = f"1.{number % 2}"
        variable = f"AZ_BATCH_APP_PACKAGE_large_{version.replace('.', '_')}"
        check = f"test $(cat ${variable}/version) = {version} && test $(wc -c < ${variable}/large) = {len(LARGE)}"
        add(batch, job, f"t{number}", f"/bin/sh -c '{check}'", "large", version)
    ended = [outcome(batch, job, f"t{number}") for number in range(8)]
    assert [(one.exit_code, one.failure_info) for one in ended] == [(0, None)] * 8


def test_a_package_that_cannot_be_unpacked_fails_its_tasks_and_says_why(
    arm: Arm, account: Account, batch: BatchClient, job: str
) -> None:
    plain = archive_of({"one": "1"})
    central = plain.index(b"PK\x01\x02")
    unreadable = bytearray(plain)
    unreadable[8] = unreadable[central + 10] = DEFLATE64
    upload_archive(arm, account.name, "unreadable", "1", bytes(unreadable))
    add(batch, job, "t", "/bin/true", "unreadable", "1")
    failure = outcome(batch, job, "t").failure_info
    assert (failure.category, failure.code) == ("UserError", "ApplicationPackageError")
    assert "compression" in {detail.name: detail.value for detail in failure.details}["Message"]
