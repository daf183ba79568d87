"""The control API under ``/_batchlocal``; its token lies in the data folder and opens nothing else."""

from __future__ import annotations

import asyncio
import hmac

from batchlocal.platform import Platform
from batchlocal.protocol.messages import Answer, Request

__all__ = ["ControlPlane"]


class ControlPlane:
    """Answers ``GET /_batchlocal/status``."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._token = platform.data.control_token.read_text()

    async def answer(self, request: Request) -> Answer:
        """Answer one request; without the control token there is nothing to see."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._token.encode()):
            return _error(401, "AuthenticationFailed", "The control API needs the data folder's control token.")
        if request.path.rstrip("/").lower() != "/_batchlocal/status":
            return _error(404, "NotFound", f"The control API has no {request.path}.")
        if request.method != "GET":
            return _error(405, "MethodNotAllowed", f"{request.path} answers GET only.")
        return Answer(200, {"ready": True, "blobs": await self._blobs_ready(), "pace": self._platform.pace})

    async def _blobs_ready(self) -> bool:
        try:
            async with asyncio.timeout(0.2):
                await self._platform.blobs.wait_ready()
        except TimeoutError:
            return False
        return True


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})
