"""The control API under ``/_batchlocal`` (docs/control.md); its token lies in the data folder and opens only this."""

from __future__ import annotations

import hmac
import inspect
import logging
from collections.abc import Mapping

from batchlocal.control import faults, journal, logs, preemptions, principals, quotas, snapshots, subscriptions, time
from batchlocal.control.call import ENDPOINTS, ControlCall, Handler, NotTaken, endpoint
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Answer, Request
from batchlocal.protocol.routing import Router

__all__ = ["ControlPlane", "rooms"]

rooms = (faults, journal, logs, preemptions, principals, quotas, snapshots, subscriptions, time)
_log = logging.getLogger(__name__)
_ROOT = "/_batchlocal"


class ControlPlane:
    """Answers what is addressed to ``controlEndpoint``."""

    def __init__(self, platform: Platform, operations: Mapping[str, frozenset[str]]) -> None:
        self._platform = platform
        self._operations = operations
        self._token = platform.data.control_token.read_text()
        self._router: Router[Handler] = Router()
        for method, path, handler in ENDPOINTS:
            self._router.add(method, path, handler)

    async def answer(self, request: Request) -> Answer:
        """Answer one request; without the control token there is nothing to see."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._token.encode()):
            return _error(401, "AuthenticationFailed", "The control API needs the data folder's control token.")
        match = self._router.find(request.path[len(_ROOT) :])
        if match is None:
            return _error(404, "NotFound", f"The control API has no {request.path}.")
        handler = match.targets.get(request.method)
        if handler is None:
            return _error(405, "MethodNotAllowed", f"{request.path} answers {', '.join(match.targets)} only.")
        return await _handle(handler, ControlCall(request, self._platform, self._operations, match.parameters))


async def _handle(handler: Handler, call: ControlCall) -> Answer:
    try:
        answer = handler(call)
        return await answer if inspect.isawaitable(answer) else answer
    except NotTaken as refused:
        return _error(refused.status, refused.code, str(refused))
    except Exception:
        _log.exception("control request %s %s", call.request.method, call.request.path)
        return _error(500, "InternalError", "The server failed at this; its log says more (batchlocal logs).")


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})


@endpoint("GET", "/status")
def get_status(call: ControlCall) -> Answer:
    """Whether the server, and linked storage with it, answers; whom tasks run as."""
    platform, users = call.platform, call.platform.task_users
    told = {"taskUsers": "own" if users.own else "server", "taskUsersReason": users.reason}
    return Answer(200, {"ready": True, "blobs": platform.blobs.is_ready, "pace": platform.pace, **told})
