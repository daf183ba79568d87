"""The logs of Log Analytics workspaces, as diagnostic settings delivered them."""

from __future__ import annotations

from batchlocal.control.call import ControlCall, NotTaken, endpoint
from batchlocal.protocol.messages import Answer


@endpoint("GET", "/workspaces/{workspaceName}/logs")
def read_log(call: ControlCall) -> Answer:
    """A workspace's last rows of AzureDiagnostics, oldest first; ``operation`` is a glob, ``limit`` how many (100)."""
    query, name = call.request.query, call.parameters["workspaceName"]
    if unknown := query.keys() - {"operation", "limit"}:
        raise NotTaken(f"A log is not filtered by {', '.join(unknown)}; by: operation, limit.")
    if not query.get("limit", "100").isdigit():
        raise NotTaken(f"'limit' is {query['limit']!r}, but it must be a number.")
    read = call.platform.store.read
    workspace = read.resources.named("Microsoft.OperationalInsights/workspaces", name)
    if workspace is None:
        raise NotTaken(f"There is no workspace '{name}'.", 404, "WorkspaceNotFound")
    rows = read.service_events.logged(workspace.key, query.get("operation", "*"), int(query.get("limit", "100")))
    return Answer(200, {"value": rows})
