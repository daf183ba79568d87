"""What follows from a task's end: the page "Task - Add", exitConditions."""

from __future__ import annotations

from typing import Any

import pytest

from batchlocal.domain.exit_conditions import consequence

EXIT = {"category": "usererror", "code": "FailureExitCode", "message": ""}
NOT_STARTED = {"category": "usererror", "code": "ResourceFileError", "message": ""}
UPLOAD = {"category": "usererror", "code": "FileUploadMiscError", "message": ""}
TIMED_OUT = {"category": "servererror", "code": "TaskEnded", "message": ""}
ENDED = {"category": "usererror", "code": "TaskEnded", "message": ""}


def options(job: str, dependants: str = "block") -> dict[str, Any]:
    return {"jobAction": job, "dependencyAction": dependants}


CONDITIONS = {
    "exitCodes": [{"code": 0, "exitOptions": options("none", "block")}, {"code": 1, "exitOptions": options("none")}],
    "exitCodeRanges": [{"start": 2, "end": 4, "exitOptions": options("disable", "satisfy")}],
    "preProcessingError": options("disable", "block"),
    "fileUploadError": options("none", "satisfy"),
    "default": options("terminate", "satisfy"),
}


@pytest.mark.parametrize(
    ("code", "failure", "upload_failed", "action", "satisfies"),
    [
        (0, None, False, "none", False),  # 0 is listed, and blocks
        (1, EXIT, False, "none", False),
        (2, EXIT, False, "disable", True),
        (4, EXIT, False, "disable", True),
        (5, EXIT, False, "terminate", True),  # default
        (None, NOT_STARTED, False, "disable", False),
        (7, UPLOAD, True, "none", True),
        (1, UPLOAD, True, "none", False),  # an exit code's action goes before fileUploadError
        (None, TIMED_OUT, False, "terminate", True),  # it had started: default
        (None, ENDED, False, "none", True),  # by request: the job goes on
    ],
)
def test_the_condition_that_fits_decides(
    code: int | None, failure: dict[str, Any] | None, upload_failed: bool, action: str, satisfies: bool
) -> None:
    found = consequence(CONDITIONS, code, failure, upload_failed=upload_failed)
    assert (found.job_action, found.satisfies) == (action, satisfies)


@pytest.mark.parametrize("conditions", [None, {}, {"default": {}}])
def test_without_conditions_a_failure_terminates_the_job_and_blocks(conditions: dict[str, Any] | None) -> None:
    failed = consequence(conditions, 3, EXIT, upload_failed=False)
    assert (failed.job_action, failed.satisfies) == ("terminate", False)
    succeeded = consequence(conditions, 0, None, upload_failed=False)
    assert (succeeded.job_action, succeeded.satisfies) == ("none", True)
