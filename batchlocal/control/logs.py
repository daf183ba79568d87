"""The logs of Log Analytics workspaces, as diagnostic settings delivered them."""

from __future__ import annotations

from batchlocal.control.call import ControlCall, NotTaken, endpoint
from batchlocal.protocol.messages import Answer


@endpoint("GET", "/workspaces/{workspaceName}/logs")
def read_log(call: ControlCall) -> Answer:
    """A workspace's last rows, oldest first: of ``table`` (AzureDiagnostics), whose operation or metric fits the glob
    ``operation``, as many as ``limit`` (100)."""
    query, name = call.request.query, call.parameters["workspaceName"]
    if unknown := query.keys() - {"operation", "limit", "table"}:
        raise NotTaken(f"A log is not filtered by {', '.join(unknown)}; by: operation, limit, table.")
    if not query.get("limit", "100").isdecimal():
        raise NotTaken(f"'limit' is {query['limit']!r}, but it must be a number.")
    read = call.platform.store.read
    workspace = read.resources.named("Microsoft.OperationalInsights/workspaces", name)
    if workspace is None:
        raise NotTaken(f"There is no workspace '{name}'.", 404, "WorkspaceNotFound")
    table, operation = query.get("table", "AzureDiagnostics"), query.get("operation", "*")
    rows = read.service_events.logged(workspace.key, table, operation, int(query.get("limit", "100")))
    return Answer(200, {"value": rows})
