"""HTTP/1.1 over TLS for small JSON exchanges (RFC 9112), on sockets.

``http.client`` brings the email package along, whose import takes longer than the exchanges do. What is here: one
request at a time on a kept-open connection; answers by Content-Length, chunked, or up to the connection's end.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping
from io import BufferedReader
from typing import Final
from urllib.parse import unquote

__all__ = ["BrokenAnswer", "Connection", "proxy_for"]

LONGEST_LINE: Final = 65_536
MOST_HEADERS: Final = 200


class BrokenAnswer(OSError):
    """The other side closed early, or does not speak HTTP."""


class Connection:
    """One TLS connection to ``netloc`` (host, or host:port). Errors are OSError; after one it is not used again."""

    def __init__(self, netloc: str, tls: ssl.SSLContext, timeout: float) -> None:
        self._netloc = netloc
        name, port = _address(netloc, 443)
        proxy = proxy_for(name.decode())
        plain = socket.create_connection(_address(proxy, 80) if proxy else (name, port), timeout)  # type: ignore[arg-type]
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if proxy:
                _open_tunnel(plain, f"{name.decode()}:{port}", proxy)
            self._socket = tls.wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise
        self._reader: BufferedReader = self._socket.makefile("rb")
        self.reusable = True

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request and read its answer: status, headers by lower-case name, body."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            raise BrokenAnswer("a header with a line break was not sent")
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        status, answered = self._head()
        while status < 200:
            status, answered = self._head()
        content = b"" if method == "HEAD" or status in (204, 304) else self._body(answered)
        if "close" in answered.get("connection", "").lower():
            self.reusable = False
        return status, answered, content

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()
        self._socket.close()

    def __del__(self) -> None:
        """Whoever forgets to close gets no warning from the interpreter: the socket ends with its owner."""
        if hasattr(self, "_reader"):
            self.close()

    def _head(self) -> tuple[int, dict[str, str]]:
        version, _, rest = self._line().partition(" ")
        if not version.startswith("HTTP/1."):
            raise BrokenAnswer("the answer is not HTTP")
        headers: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
            if len(headers) > MOST_HEADERS:
                raise BrokenAnswer("the answer has too many headers")
        return _number(rest[:3], 10), headers

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks()
        if "content-length" in headers:
            return self._exactly(_number(headers["content-length"], 10))
        self.reusable = False
        return self._reader.read()

    def _chunks(self) -> bytes:
        content = b""
        while size := _number(self._line().partition(";")[0].strip(), 16):
            content += self._exactly(size)
            self._line()
        while self._line():
            pass  # trailers
        return content

    def _exactly(self, size: int) -> bytes:
        content = self._reader.read(size)
        if len(content) != size:
            raise BrokenAnswer("the connection was closed within an answer")
        return content

    def _line(self) -> str:
        line = self._reader.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise BrokenAnswer("the connection was closed without an answer" if not line else "the answer broke off")
        return line.decode("latin-1").rstrip("\r\n")


def proxy_for(host: str) -> str:
    """The proxy of ``HTTPS_PROXY`` or ``ALL_PROXY`` as ``[user:password@]host:port``; empty where none is used."""
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    proxy = next((found for name in names if (found := os.environ.get(name))), "")
    exempt = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    for entry in filter(None, (each.strip().lstrip(".").lower() for each in exempt.split(","))):
        if entry == "*" or host.lower() == entry or host.lower().endswith(f".{entry}"):
            return ""
    scheme, _, rest = proxy.rpartition("://")
    if scheme not in ("", "http"):
        raise BrokenAnswer(f"proxies are reached by http:// here, not {scheme}://")
    return rest.rstrip("/")


def _open_tunnel(plain: socket.socket, target: str, proxy: str) -> None:
    """RFC 9110, section 9.3.6: CONNECT; what follows on the socket is between us and the target."""
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if "@" in proxy:
        import base64

        user = base64.b64encode(unquote(proxy.rpartition("@")[0]).encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {user}")
    plain.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    head = b""
    while not head.endswith(b"\r\n\r\n"):  # byte by byte: what comes after belongs to TLS
        byte = plain.recv(1)
        if not byte or len(head) > LONGEST_LINE:
            raise BrokenAnswer("the proxy closed the connection")
        head += byte
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise BrokenAnswer(f"the proxy refused: {head.splitlines()[0].decode('latin-1')}")


def _address(netloc: str, port: int) -> tuple[bytes, int]:
    """Host and port; the host as bytes, for text would bring in the idna codec."""
    netloc = netloc.rpartition("@")[2]
    host, colon, given = netloc.rpartition(":") if not netloc.endswith("]") else (netloc, "", "")
    return (host if colon else netloc).strip("[]").encode("ascii"), int(given) if colon else port


def _number(text: str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise BrokenAnswer("the answer is not HTTP") from None
