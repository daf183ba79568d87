"""The query endpoint of Log Analytics: ``POST /v1/workspaces/{workspaceId}/query``, as azure-monitor-query asks it.

Sources: Microsoft's REST reference "Azure Monitor Log Analytics API" (request, response, error codes) and the azure
permissions of Microsoft.OperationalInsights (``workspaces/query/read``).
"""

from __future__ import annotations

from typing import Any, Final

from batchlocal.domain import durations
from batchlocal.domain.log_query import QueryNotTaken, Table, parse
from batchlocal.identity.tokens import TokenRefused
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer, BodyNotJson, Request
from batchlocal.store.resources import Resource

__all__ = ["LogQueryPlane"]

_ACTION: Final = "Microsoft.OperationalInsights/workspaces/query/read"
_WORKSPACES: Final = "Microsoft.OperationalInsights/workspaces"
_TABLES: Final = ("AzureDiagnostics", "AzureMetrics")
_MOST: Final = 30_000  # rows; the reference: a query returns that many at most by default
_TYPES: Final = {"_d": "real", "_b": "bool", "_t": "datetime", "_s": "string"}
_FIGURES: Final = ("Count", "Total", "Minimum", "Maximum", "Average")


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str, inner: dict[str, str] | None = None) -> None:
        super().__init__(code)
        error = {"message": message, "code": code, **({"innererror": inner} if inner else {})}
        self.answer = Answer(status, {"error": error})


class LogQueryPlane:
    """Answers what is addressed to api.loganalytics.io."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._audiences = {platform.origin, "https://api.loganalytics.io"}

    def answer(self, request: Request) -> Answer:
        """Answer one request; a refusal becomes Log Analytics' error body."""
        request.operation = "Query_Execute"
        try:
            workspace = self._workspace(request)
            return Answer(200, {"tables": [self._result(workspace, *_asked(request))]})
        except _Refused as refused:
            return refused.answer

    def _workspace(self, request: Request) -> Resource:
        try:
            principal = self._platform.tokens.verify(request.headers.get("authorization", ""), self._audiences)
        except TokenRefused:
            raise _Refused(401, "AuthorizationRequiredError", "Valid authentication was not provided") from None
        request.caller = principal.object_id
        segments = request.path.strip("/").split("/")
        if len(segments) != 4 or segments[1].lower() != "workspaces" or segments[3].lower() != "query":
            raise _Refused(404, "PathNotFoundError", "The requested path does not exist")
        read = self._platform.store.read
        for workspace in read.resources.of_type(_WORKSPACES):
            if workspace.body["properties"]["customerId"].lower() == segments[2].lower():
                if self._platform.access.may(read, principal.object_id, _ACTION, workspace.id):
                    return workspace
                text = "The provided credentials have insufficient access to perform the requested operation"
                raise _Refused(403, "InsufficientAccessError", text)
        raise _Refused(404, "WorkspaceNotFoundError", "The workspace could not be found")

    def _result(self, workspace: Resource, text: str, timespan: str) -> dict[str, Any]:
        try:
            query = parse(text, lambda seconds: moments.iso(moments.after(moments.now(), -seconds)))
        except QueryNotTaken as mistake:
            raise _bad("SyntaxError", mistake.reason) from None
        table = next((one for one in _TABLES if one == query.table), None)
        if table is None:
            raise _bad("SemanticError", f"There is no table '{query.table}' here; there are: {', '.join(_TABLES)}.")
        first, last = _span(timespan)
        rows = self._platform.store.read.service_events.logged(workspace.key, table, "*", _MOST)
        found = query.run(row for row in rows if first <= row["TimeGenerated"] <= last)
        return {"name": "PrimaryResult", "columns": _columns(found), "rows": found.rows}


def _asked(request: Request) -> tuple[str, str]:
    """The query and the time span of the request, ``GET`` or ``POST``."""
    try:
        body = request.json() or request.query
    except BodyNotJson:
        body = {}
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise _bad("SyntaxError", "A text 'query' must be sent.")
    return body["query"], str(body.get("timespan") or "")


def _bad(code: str, reason: str) -> _Refused:
    inner = {"code": code, "message": reason}
    return _Refused(400, "BadArgumentError", "The request had some invalid properties", inner)


def _span(text: str) -> tuple[str, str]:
    """From when until when, spelt as rows spell it. ISO 8601: two moments, a moment and a duration, or a duration."""
    start, _, end = text.partition("/")
    try:
        last = moments.parse_iso(end) if end and not end.startswith("P") else moments.now()
        if not text:
            return "", moments.iso(last)
        if start.startswith("P"):
            return moments.iso(moments.after(last, -(durations.seconds(start) or 0))), moments.iso(last)
        first = moments.parse_iso(start)
        last = moments.after(first, durations.seconds(end) or 0) if end.startswith("P") else last
        return moments.iso(first), moments.iso(last)
    except (ValueError, durations.DurationInvalid):
        raise _bad("SyntaxError", f"'{text}' is no ISO 8601 time span.") from None


def _columns(table: Table) -> list[dict[str, str]]:
    return [{"name": name, "type": _type(name)} for name in table.columns]


def _type(name: str) -> str:
    """A column's type, as the suffix of its name tells it (Azure diagnostics mode)."""
    if name == "TimeGenerated":
        return "datetime"
    if name in ("Count", "count_"):
        return "long"
    return "real" if name in _FIGURES else _TYPES.get(name[-2:], "string")
