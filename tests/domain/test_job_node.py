"""When a job's preparation runs again on a node (REST reference, Job - Add)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batchlocal.domain import job_node
from batchlocal.domain.job_node import JobNode
from batchlocal.domain.node import Node
from batchlocal.domain.task import Ended

NODE = Node("pool", "node", 0, "idle", 1, 1)


@pytest.mark.parametrize("rerun", [True, False])
@pytest.mark.parametrize("exit_code", [0, 1])
@pytest.mark.parametrize("since", ["", "booted", "imaged"])
def test_a_preparation_runs_again_after_what_the_reference_names(*, rerun: bool, exit_code: int, since: str) -> None:
    record = JobNode("job", "node", job_node.ended(job_node.started(10), Ended.exited(exit_code), 11))
    node = replace(NODE, **{since: 20}) if since else NODE
    settings = {"rerunOnNodeRebootAfterSuccess": rerun, "waitForSuccess": True}
    again = since == "imaged" or (since == "booted" and (rerun or exit_code != 0))
    assert job_node.is_prepared(record, settings, node) is not again
