"""The control API from another process: what ``batchlocal``'s commands and the pytest plugin use.

Names of HTTP are imported when something is asked: `batchlocal start` is waited for, and asks nothing.
"""

from __future__ import annotations

import json
from typing import Any

from batchlocal.datafolder import DataFolder, typed

__all__ = ["ControlClient", "ControlError", "NotRunning"]


class NotRunning(Exception):
    """No server answers on the data folder; the text says how to start one."""


class ControlError(Exception):
    """The control API refused; the text is its message, ``code`` and ``status`` its code and HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ControlClient:
    """Requests to the server of one data folder, with its control token. ``timeout`` is in seconds."""

    def __init__(self, data: DataFolder, timeout: float = 120.0) -> None:
        self._data = data
        self._timeout = timeout

    def get(self, path: str, **query: object) -> Any:
        """``GET`` a path such as ``/journal``; query values of None are left out."""
        from urllib.parse import urlencode

        kept = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", f"{path}?{urlencode(kept)}" if kept else path)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One request; the JSON that it was answered with, None for an empty answer.

        Raises:
            ControlError: it was refused.
            NotRunning: nobody answers.
        """
        from http.client import HTTPException

        port = self._data.settings().get("port")
        if not port or not self._data.ca_file.exists():
            raise NotRunning(f"no batchlocal has been started on {self._data.root} yet: {self._start()}")
        try:
            status, content = self._send(port, method, path, body)
        except (OSError, HTTPException) as trouble:
            text = f"no batchlocal answers on {self._data.root} ({type(trouble).__name__}): {self._start()}"
            raise NotRunning(text) from None
        answer = json.loads(content) if content else None
        if status >= 400:
            error = (answer or {}).get("error", {})
            raise ControlError(status, error.get("code", ""), error.get("message", f"it answered {status}"))
        return answer

    def _start(self) -> str:
        return typed(self._data, "start --detach")

    def _send(self, port: int, method: str, path: str, body: object) -> tuple[int, bytes]:
        import ssl
        from http.client import HTTPSConnection

        context = ssl.create_default_context(cafile=str(self._data.ca_file))
        connection = HTTPSConnection("localhost", port, timeout=self._timeout, context=context)
        headers = {"Authorization": f"Bearer {self._data.control_token.read_text()}"}
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, f"/_batchlocal{path}", sent, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
