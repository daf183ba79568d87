"""What the service plane has: operations, handlers, api-versions, and the check of bodies."""

from __future__ import annotations

from typing import Any

from batchlocal.protocol.routing import Routed
from batchlocal.service import account, files, jobs, nodes, pools, tasks
from batchlocal.service.front_door import BodyNotReadable
from batchlocal.service.registry import HANDLERS

__all__ = ["check_body", "handlers", "operations", "versions"]

operations: list[Routed] = [*account.ROUTES, *pools.ROUTES, *nodes.ROUTES, *jobs.ROUTES, *tasks.ROUTES, *files.ROUTES]
handlers = HANDLERS
versions = ("2025-06-01", "2024-07-01.20.0", "2024-02-01.19.0", "2022-10-01.16.0")
_WITH_BODY = {"Pool_Add", "Job_Add", "Task_Add", "Task_AddCollection"}


def check_body(operation: Routed, _api_version: str, body: Any) -> Any:
    """The body, if it is what the operation takes.

    Raises:
        BodyNotReadable: an object is needed and something else, or nothing, came.
    """
    if operation.id in _WITH_BODY and not isinstance(body, dict):
        raise BodyNotReadable
    return body
