"""A task: what it should run, where it is in its life, how it ended.

active -> preparing -> running -> completed; a running one may wait again (a retry, a requeue), a completed one may be
reactivated. Properties are in the service's spelling. Sources: recorded-facts F11; the REST page "Task - Add" for
constraints and exit codes, "Task - Reactivate" and "Task - Update" for their refusals.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from batchlocal.domain import durations, task_settings
from batchlocal.domain.exit_conditions import Consequence, consequence
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.usage import NOTHING, Usage

__all__ = [
    "LIFETIME_SECONDS",
    "Ended",
    "IdOfPreparationTask",
    "IdOfReleaseTask",
    "Task",
    "TaskCompleted",
    "TaskExists",
    "TaskNotCompleted",
    "TaskNotFound",
    "TaskSucceeded",
    "attempt_ended",
    "begin",
    "create",
    "expire",
    "lost",
    "manager_of",
    "prepared",
    "reactivate",
    "terminate",
    "unprepared",
    "update",
]

Properties = dict[str, Any]

LIFETIME_SECONDS: Final = 180 * 86_400
"""How long a task may take from its addition to its completion (the page "Task - Add")."""

_TICKS = 10_000_000
_EXIT_FAILED: Final = {
    "category": "usererror",
    "code": "FailureExitCode",
    "message": "The task exited with an exit code representing a failure",
    "details": [
        {"name": "Message", "value": "The task process exited with an unexpected exit code"},
        {"name": "AdditionalErrorCode", "value": "FailureExitCode"},
    ],
}
_UNCHANGED_MANAGER: Final = 504_911_232_000_000_000
"""1601-01-01: when a job manager task was last modified, until it first changes (F11)."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a job. ``job`` is the job's key; moments are ticks; ``slots`` is its requiredSlots.

    ``subtasks`` are a multi-instance task's, as the service shows them; ``node`` is then its primary's node. One that
    has ``expired`` is over the longest lifetime and never runs again, whatever its state. ``used`` is its ``usage`` as
    it is kept, empty before its first attempt has ended.
    """

    job: str
    id: str
    properties: Properties
    created: int
    modified: int
    state: str = "active"
    state_since: int = 0
    previous_state: str = ""
    previous_since: int = 0
    node: str = ""
    node_id: str = ""
    started: int = 0
    ended: int = 0
    exit_code: int | None = None
    result: str = ""
    failure: Properties | None = None
    retries: int = 0
    last_retry: int = 0
    requeues: int = 0
    last_requeue: int = 0
    process: Properties = field(default_factory=dict)
    upload_failed: bool = False
    subtasks: list[Properties] = field(default_factory=list)
    expired: bool = False
    used: list[int] = field(default_factory=list)

    @property
    def usage(self) -> Usage:
        """What its attempts took so far; the present one counts when it has ended."""
        return Usage(*self.used)

    @property
    def instances(self) -> int:
        """Nodes that it needs at the same time; 0 for a task that is no multi-instance task."""
        settings = self.properties.get("multiInstanceSettings")
        return int(settings["numberOfInstances"]) if settings else 0

    @property
    def dependencies(self) -> tuple[list[str], list[tuple[int, int]]]:
        """The ids (lower case) and the ranges of ids that it waits for."""
        depends = self.properties.get("dependsOn") or {}
        ranges = [(int(one["start"]), int(one["end"])) for one in depends.get("taskIdRanges") or []]
        return sorted({one.lower() for one in depends.get("taskIds") or []}), ranges

    @property
    def consequence(self) -> Consequence:
        """What follows from the end of a completed task."""
        conditions = self.properties.get("exitConditions")
        return consequence(conditions, self.exit_code, self.failure, upload_failed=self.upload_failed)

    @property
    def due(self) -> int | None:
        """When something must be done about it (ticks): it outlives its lifetime, or its folder its retention."""
        if self.expired:
            return None
        if self.state != "completed":
            return self.created + LIFETIME_SECONDS * _TICKS
        kept = durations.seconds(self.properties["constraints"]["retentionTime"]) if self.node else None
        return None if kept is None else self.ended + round(kept * _TICKS)

    @property
    def slots(self) -> int:
        return int(self.properties.get("requiredSlots") or 1)

    @property
    def retries_allowed(self) -> int:
        """How often it is tried again after a failure; -1 is without end."""
        return int(self.properties["constraints"].get("maxTaskRetryCount") or 0)

    @property
    def key(self) -> str:
        return f"{self.job}/tasks/{self.id.lower()}"


@dataclass(frozen=True, slots=True)
class Ended:
    """A fact: the task's process ended, or could not begin. ``failure`` is a failure information object or None.

    ``upload_failed`` says that its output files could not be sent; ``subtask_failed`` that a subtask made it fail;
    ``usage`` has what the process took, but for its wall clock time.
    """

    exit_code: int | None
    failure: Properties | None = None
    upload_failed: bool = False
    subtask_failed: bool = False
    usage: Usage = NOTHING

    @classmethod
    def exited(cls, code: int, usage: Usage = NOTHING) -> Ended:
        """The process ended by itself."""
        return cls(code, None if code == 0 else dict(_EXIT_FAILED), usage=usage)


@dataclass(eq=False)
class TaskExists(Refusal):
    """The job has a task of this id."""


@dataclass(eq=False)
class TaskNotFound(Refusal):
    """The job has no task of this id."""


@dataclass(eq=False)
class TaskCompleted(Refusal):
    """The task has ended already."""


@dataclass(eq=False)
class TaskNotCompleted(Refusal):
    """Only a task that has ended can be reactivated."""


@dataclass(eq=False)
class TaskSucceeded(Refusal):
    """A task that has succeeded cannot be reactivated."""


@dataclass(eq=False)
class IdOfPreparationTask(Refusal):
    """The job's preparation task has this id."""


@dataclass(eq=False)
class IdOfReleaseTask(Refusal):
    """The job's release task has this id."""


def create(job: str, task_id: str, sent: Properties, job_properties: Properties, now: int) -> Task:
    """A new task, active, with what the service fills in (F11).

    Raises:
        what ``task_settings.check`` raises; IdOfPreparationTask, IdOfReleaseTask
    """
    properties = task_settings.filled(sent, int(job_properties["constraints"]["maxTaskRetryCount"]))
    task_settings.check(task_id, properties, job_properties)
    own = (("jobPreparationTask", IdOfPreparationTask), ("jobReleaseTask", IdOfReleaseTask))
    for name, refusal in own:
        if task_id.lower() == str((job_properties.get(name) or {}).get("id", "")).lower():
            raise refusal
    return Task(job, task_id, properties, now, now, state_since=now)


def manager_of(job: str, job_properties: Properties, now: int) -> Task | None:
    """The job manager task of a new job; what only the job's own settings say of it is left out."""
    settings = job_properties.get("jobManagerTask")
    if settings is None:
        return None
    only_there = ("id", "killJobOnCompletion", "runExclusive", "allowLowPriorityNode")
    properties = {name: value for name, value in settings.items() if name not in only_there}
    return Task(job, settings["id"], properties, now, _UNCHANGED_MANAGER, state_since=now)


def begin(task: Task, node_key: str, node_id: str, now: int, *, state: str = "running") -> Task:
    """The task starts on a node, or waits there for the job's preparation task (``preparing``)."""
    moved = _moved(task, state, now)
    return replace(
        moved,
        node=node_key,
        node_id=node_id,
        started=now,
        ended=0,
        exit_code=None,
        failure=None,
        upload_failed=False,
        subtasks=[],
    )


def prepared(task: Task, now: int) -> Task:
    """Its node is ready for the job: the task runs."""
    return replace(_moved(task, "running", now), started=now)


def attempt_ended(task: Task, fact: Ended, now: int) -> Task:
    """The process ended: the task has succeeded, failed, or is tried again.

    It is tried again after an exit code that is not 0, or because of a subtask; not when it could not begin.
    """
    succeeded = fact.exit_code == 0 and fact.failure is None
    failed_itself = bool(fact.exit_code) or fact.subtask_failed
    may_retry = task.retries_allowed == -1 or task.retries < task.retries_allowed
    task = replace(task, used=list(task.usage.plus(fact.usage._replace(ran=now - task.started))))
    if failed_itself and may_retry:
        again = _moved(task, "active", now)
        return replace(again, retries=task.retries + 1, last_retry=now, process={})
    done = _moved(task, "completed", now)
    return replace(
        done,
        ended=now,
        exit_code=fact.exit_code,
        failure=fact.failure,
        upload_failed=fact.upload_failed,
        result="success" if succeeded else "failure",
        process={},
    )


def lost(task: Task, now: int) -> Task:
    """Its node went away under it, or its job was disabled: it waits again, and its requeue count tells."""
    waiting = _moved(task, "active", now)
    return replace(
        waiting, node="", node_id="", requeues=task.requeues + 1, last_requeue=now, started=0, process={}, subtasks=[]
    )


def unprepared(task: Task, now: int) -> Task:
    """The job's preparation failed on its node: the task may go to another one."""
    return replace(_moved(task, "active", now), node="", node_id="", started=0)


def terminate(task: Task, now: int) -> Task:
    """Ended by request.

    Raises:
        TaskCompleted: it has ended already.
    """
    if task.state == "completed":
        raise TaskCompleted
    ended = {"category": "usererror", "code": "TaskEnded", "message": "Task Was Ended by User Request"}
    done = replace(_moved(task, "completed", now), modified=now)
    return replace(done, ended=now, failure=ended, result="failure", process={})


def expire(task: Task) -> Task:
    """It has outlived the longest lifetime: it is ended, and left in the state in which it was."""
    return replace(task, expired=True)


def update(task: Task, sent: Properties, job_properties: Properties, now: int) -> Task:
    """New constraints; what is left out goes back to its default (the page "Task - Update").

    Raises:
        TaskCompleted, PropertyNotTaken
    """
    if task.state == "completed":
        raise TaskCompleted
    retries = int(job_properties["constraints"]["maxTaskRetryCount"])
    constraints = task_settings.filled_constraints(sent.get("constraints"), retries)
    return replace(task, properties={**task.properties, "constraints": constraints}, modified=now)


def reactivate(task: Task, now: int) -> Task:
    """A failed task waits again, with all its retries; how it ended before is forgotten.

    Raises:
        TaskNotCompleted, TaskSucceeded
    """
    if task.state != "completed":
        raise TaskNotCompleted
    if task.result == "success":
        raise TaskSucceeded
    return replace(
        _moved(task, "active", now),
        modified=now,
        node="",
        node_id="",
        started=0,
        ended=0,
        exit_code=None,
        failure=None,
        upload_failed=False,
        result="",
        retries=0,
        last_retry=0,
        subtasks=[],
    )


def _moved(task: Task, state: str, now: int) -> Task:
    """The task in another state; ``modified`` moves only by request (recorded, 2016 to 2020)."""
    return replace(
        task,
        state=state,
        state_since=now,
        previous_state=task.state,
        previous_since=task.state_since,
    )
