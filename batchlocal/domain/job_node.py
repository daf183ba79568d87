"""A job on one node: its preparation task there before any of its tasks, its release task after them.

Sources: the REST reference's page Job - Add (jobPreparationTask, jobReleaseTask); article batch-job-prep-release.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from batchlocal.domain.node import Node
from batchlocal.domain.task import Ended

__all__ = ["JobNode", "Run", "ended", "is_prepared", "retried", "started"]

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One of the job's own tasks on a node; moments are ticks. ``state`` is running or completed."""

    state: str = "running"
    started: int = 0
    ended: int = 0
    exit_code: int | None = None
    failure: Properties | None = None
    retries: int = 0
    last_retry: int = 0

    @property
    def succeeded(self) -> bool:
        return self.state == "completed" and self.failure is None


@dataclass(frozen=True, slots=True)
class JobNode:
    """What is known of a job on a node; keys of both, and the runs of the job's own tasks there."""

    job: str
    node: str
    preparation: Run = field(default_factory=Run)
    release: Run | None = None


def is_prepared(record: JobNode | None, settings: Properties, node: Node) -> bool:
    """Whether the preparation on a node need not run (again) before the job's tasks; ``settings`` are the task's.

    It runs again after a reimage, and after a reboot if it had not succeeded or ``rerunOnNodeRebootAfterSuccess`` is
    not false.
    """
    if record is None:
        return False
    run = record.preparation
    if node.imaged > run.started:
        return False
    if node.booted > run.started and (settings["rerunOnNodeRebootAfterSuccess"] or not run.succeeded):
        return False
    return run.state == "completed" or not settings["waitForSuccess"]


def started(now: int) -> Run:
    """The task begins."""
    return Run(started=now)


def retried(run: Run, now: int) -> Run:
    """It failed and is tried again: ``started`` is the last attempt's (JobPreparationTaskExecutionInformation)."""
    return replace(run, started=now, retries=run.retries + 1, last_retry=now)


def ended(run: Run, fact: Ended, now: int) -> Run:
    """It has ended for good."""
    return replace(run, state="completed", ended=now, exit_code=fact.exit_code, failure=fact.failure)
