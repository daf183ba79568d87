"""A task: what it should run, where it is in its life, how it ended.

Properties are in the service's spelling. Sources: recorded-facts F11 for defaults; the REST page "Task - Add" for
constraints, exit codes and failure information.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from batchlocal.domain.refusals import Refusal

__all__ = [
    "Ended",
    "Task",
    "TaskExists",
    "TaskNotFound",
    "attempt_ended",
    "begin",
    "create",
    "lost",
    "terminate",
]

Properties = dict[str, Any]

UNLIMITED: Final = "P10675199DT2H48M5.4775807S"
"""No wall clock limit: the largest .NET time span (F11)."""

_EXIT_FAILED: Final = {
    "category": "usererror",
    "code": "FailureExitCode",
    "message": "The task exited with an exit code representing a failure",
}


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a job. ``job`` is the job's key; moments are ticks; ``slots`` is its requiredSlots."""

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
    """A fact: the task's process ended, or could not begin. ``failure`` is a failure information object or None."""

    exit_code: int | None
    failure: Properties | None = None

    @classmethod
    def exited(cls, code: int) -> Ended:
        """The process ended by itself."""
        return cls(code, None if code == 0 else dict(_EXIT_FAILED))


@dataclass(eq=False)
class TaskExists(Refusal):
    """The job has a task of this id."""


@dataclass(eq=False)
class TaskNotFound(Refusal):
    """The job has no task of this id."""


@dataclass(eq=False)
class TaskCompleted(Refusal):
    """The task has ended already."""


def create(job: str, task_id: str, sent: Properties, job_constraints: Properties, now: int) -> Task:
    """A new task, active, with what the service fills in (F11)."""
    constraints = {
        "maxWallClockTime": UNLIMITED,
        "retentionTime": "P7D",
        "maxTaskRetryCount": int(job_constraints.get("maxTaskRetryCount") or 0),
        **{name: value for name, value in (sent.get("constraints") or {}).items() if value is not None},
    }
    properties = {
        "userIdentity": {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}},
        "requiredSlots": 1,
        **{name: value for name, value in sent.items() if value is not None and name != "id"},
        "constraints": constraints,
    }
    return Task(job, task_id, properties, now, now, state_since=now)


def begin(task: Task, node_key: str, node_id: str, now: int) -> Task:
    """The task starts on a node."""
    moved = _moved(task, "running", now)
    return replace(moved, node=node_key, node_id=node_id, started=now, ended=0, exit_code=None, failure=None)


def attempt_ended(task: Task, fact: Ended, now: int) -> Task:
    """The process ended: the task has succeeded, failed, or is tried again."""
    succeeded = fact.exit_code == 0 and fact.failure is None
    may_retry = task.retries_allowed == -1 or task.retries < task.retries_allowed
    if not succeeded and may_retry and task.state == "running":
        again = _moved(task, "active", now)
        return replace(
            again, retries=task.retries + 1, last_retry=now, exit_code=fact.exit_code, failure=fact.failure, process={}
        )
    done = _moved(task, "completed", now)
    return replace(
        done,
        ended=now,
        exit_code=fact.exit_code,
        failure=fact.failure,
        result="success" if succeeded else "failure",
        process={},
    )


def lost(task: Task, now: int) -> Task:
    """Its node went away under it: the task waits again, and its requeue count tells."""
    waiting = _moved(task, "active", now)
    return replace(waiting, node="", node_id="", requeues=task.requeues + 1, last_requeue=now, started=0, process={})


def terminate(task: Task, now: int) -> Task:
    """Ended by request.

    Raises:
        TaskCompleted: it has ended already.
    """
    if task.state == "completed":
        raise TaskCompleted
    ended = {"category": "usererror", "code": "TaskEnded", "message": "Task Was Ended by User Request"}
    done = _moved(task, "completed", now)
    return replace(done, ended=now, failure=ended, result="failure", process={})


def _moved(task: Task, state: str, now: int) -> Task:
    return replace(
        task,
        state=state,
        state_since=now,
        previous_state=task.state,
        previous_since=task.state_since,
        modified=now,
    )
