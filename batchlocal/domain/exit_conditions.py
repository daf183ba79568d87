"""What follows from the way in which a task ended (the page "Task - Add", exitConditions)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["Consequence", "consequence", "not_started"]

Properties = dict[str, Any]
JobAction = Literal["none", "disable", "terminate"]

_ENDED: Final = "TaskEnded"
"""The code of tasks that were ended by request, which is the user's error, or by their time limit, the service's
(article error-handling, Constraint errors): they had started."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What the job does, where its ``onTaskFailure`` asks for it, and whether waiting tasks may go on."""

    job_action: JobAction
    satisfies: bool


def consequence(
    conditions: Properties | None, exit_code: int | None, failure: Properties | None, *, upload_failed: bool
) -> Consequence:
    """The consequence of a task's end.

    An exit code that is listed goes before a file upload error; ``default`` stands in for what is not set. Without any
    condition a success satisfies dependants, and everything else blocks them and terminates the job; but for a task
    that was ended by request, which is no way of exiting: its job goes on (Microsoft's tests of azure-batch).
    """
    options = _options(conditions or {}, exit_code, failure, upload_failed=upload_failed)
    succeeded = exit_code == 0 and failure is None
    by_request = failure is not None and (failure["code"], failure["category"]) == (_ENDED, "usererror")
    return Consequence(
        job_action="none" if by_request else options.get("jobAction") or ("none" if succeeded else "terminate"),
        satisfies=(options.get("dependencyAction") or ("satisfy" if succeeded else "block")) == "satisfy",
    )


def not_started(exit_code: int | None, failure: Properties | None) -> bool:
    """Whether a task ended without its process having begun: a pre-processing error."""
    return exit_code is None and failure is not None and failure["code"] != _ENDED


def _options(
    conditions: Properties, exit_code: int | None, failure: Properties | None, *, upload_failed: bool
) -> Properties:
    if (listed := _listed(conditions, exit_code)) is not None:
        return listed
    default: Properties = conditions.get("default") or {}
    if upload_failed:
        return conditions.get("fileUploadError") or default
    if not_started(exit_code, failure):
        return conditions.get("preProcessingError") or default
    return {} if exit_code == 0 and failure is None else default


def _listed(conditions: Properties, exit_code: int | None) -> Properties | None:
    if exit_code is None:
        return None
    for one in conditions.get("exitCodes") or []:
        if int(one["code"]) == exit_code:
            return one["exitOptions"] or {}
    for one in conditions.get("exitCodeRanges") or []:
        if int(one["start"]) <= exit_code <= int(one["end"]):
            return one["exitOptions"] or {}
    return None
