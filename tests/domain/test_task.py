"""A task between its attempts (REST reference, TaskExecutionInformation)."""

from __future__ import annotations

from batchlocal.domain import task as tasks
from batchlocal.domain.task import Ended, Task


def test_a_task_that_waits_for_another_attempt_has_no_exit_code() -> None:
    waiting = Task("job", "t", {"constraints": {"maxTaskRetryCount": 1}}, 1, 1)
    again = tasks.attempt_ended(tasks.begin(waiting, "node", "n", 2), Ended.exited(3), 5)
    assert (again.state, again.retries, again.last_retry) == ("active", 1, 5)
    assert (again.exit_code, again.failure) == (None, None)
    last = tasks.attempt_ended(tasks.begin(again, "node", "n", 6), Ended.exited(3), 7)
    assert (last.state, last.exit_code, last.retries) == ("completed", 3, 1)
