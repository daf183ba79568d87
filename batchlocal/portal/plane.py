"""Answers what is under ``/portal``: three files of the page, and what the page asks for, as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from batchlocal.platform import Platform
from batchlocal.portal import views
from batchlocal.portal.sessions import COOKIE_SECONDS, Sessions
from batchlocal.protocol.messages import Answer, Request

__all__ = ["PortalPlane"]

_PAGES: Final = {
    "": ("index.html", "text/html; charset=utf-8"),
    "portal.css": ("portal.css", "text/css; charset=utf-8"),
    "portal.js": ("portal.js", "text/javascript; charset=utf-8"),
}
_VIEWS: Final[dict[str, Callable[[Platform, dict[str, str]], Any]]] = {
    "api/overview": views.overview,
    "api/account": views.account,
    "api/tasks": views.tasks,
    "api/task": views.task,
    "api/calls": views.calls,
}
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
_SIGN_IN = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in - batchlocal</title>
<h1>batchlocal</h1><p>These pages are for whoever owns the data folder. Run <code>batchlocal portal</code> in a shell:
it prints a link that signs this browser in.</p></html>"""


class PortalPlane:
    """The pages and their data; nothing here changes anything."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._sessions = Sessions(platform.data.control_token.read_text())
        self._cookie = f"batchlocal-portal-{urlsplit(platform.origin).port}"  # browsers share cookies between ports
        folder = Path(__file__).with_name("page")
        self._files = {name: (folder / file).read_bytes() for name, (file, _) in _PAGES.items()}

    def answer(self, request: Request) -> Answer:
        """Answer one request; without the cookie there is only a page that tells how to get it."""
        answer = self._answer(request)
        answer.headers = {**_HEADERS, **answer.headers}
        return answer

    def _answer(self, request: Request) -> Answer:
        if request.method not in ("GET", "HEAD"):
            return Answer(405, headers={"Allow": "GET, HEAD"})
        if request.path == "/portal":
            return Answer(301, headers={"Location": "/portal/"})
        now = int(time.time())
        if code := request.query.get("code"):
            return self._sign_in(code, now)
        if not self._sessions.holds(self._cookie_of(request), now):
            return Answer(401, content=_SIGN_IN, media_type="text/html; charset=utf-8")
        return self._show(request, request.path.removeprefix("/portal/"))

    def _show(self, request: Request, name: str) -> Answer:
        if name in _PAGES:
            return Answer(200, content=self._files[name], media_type=_PAGES[name][1])
        view = _VIEWS.get(name)
        shown = view(self._platform, request.query) if view else None
        return Answer(404, {"error": "There is no such thing here."}) if shown is None else Answer(200, shown)

    def _sign_in(self, code: str, now: int) -> Answer:
        cookie = self._sessions.redeem(code, now)
        if cookie is None:
            return Answer(401, content=_SIGN_IN, media_type="text/html; charset=utf-8")
        kept = f"{self._cookie}={cookie}; Path=/portal; Max-Age={COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Strict"
        return Answer(303, headers={"Location": "/portal/", "Set-Cookie": kept})

    def _cookie_of(self, request: Request) -> str:
        try:
            found = SimpleCookie(request.headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return ""
        return found.value if found else ""
