"""The small HTTPS client: answers in every form of HTTP/1.1, proxies, and what is no HTTP."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
import trustme

from batchmgmt.errors import BatchManagementError, ConnectionFailed
from batchmgmt.lean import LeanHttp
from batchmgmt.wire import proxy_for


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def answering(authority, tmp_path, monkeypatch):
    """A TLS server that sends the given bytes to every request, and closes."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)

    @contextmanager
    def serve(answer: bytes):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=_serve, args=(listener, tls, answer))
            thread.start()
            yield f"https://localhost:{listener.getsockname()[1]}"
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()

    return serve


def _serve(listener, tls, answer):
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with plain:
            try:
                with tls.wrap_socket(plain, server_side=True) as connection:
                    received = b""
                    while b"\r\n\r\n" not in received:
                        received += connection.recv(4096)
                    connection.sendall(answer)
            except OSError:
                continue


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n5;x=y\r\n": 1}\r\n0\r\nTrailer: t\r\n\r\n',
        b'HTTP/1.0 200 OK\r\n\r\n{"a": 1}',
        b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\n{"a": 1}',
    ],
    ids=["length", "chunks", "to the end", "after 100"],
)
def test_an_answer_is_read_in_every_form_of_http_1(answering, answer):
    with answering(answer) as url:
        assert LeanHttp(5).request("asking", "GET", f"{url}/x?y").json == {"a": 1}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["nothing", "no http", "cut off", "no number", "no chunk"],
)
def test_what_is_no_whole_answer_is_a_broken_connection(answering, answer):
    with answering(answer) as url, pytest.raises(ConnectionFailed, match="asking: the connection to localhost"):
        LeanHttp(5).request("asking", "GET", url)


def test_an_unknown_ca_is_told_apart_and_not_tried_again(answering, monkeypatch, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    with answering(b"") as url, pytest.raises(ConnectionFailed, match=r"is not trusted .* REQUESTS_CA_BUNDLE"):
        LeanHttp(5).request("asking", "GET", url)


def test_tokens_are_sent_over_https_only():
    with pytest.raises(BatchManagementError, match="is not https"):
        LeanHttp(5).request("asking", "GET", "http://localhost/x")


def test_a_proxy_is_asked_for_a_tunnel(answering, monkeypatch):
    asked = []

    def tunnel(listener, target):
        plain, _ = listener.accept()
        with plain, socket.create_connection(target) as onward:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += plain.recv(1)
            asked.append(head)
            plain.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(onward, plain))
            back.start()
            _pump(plain, onward)
            back.join()

    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as url, socket.create_server(("", 0)) as listener:
        target = ("127.0.0.1", int(url.rpartition(":")[2]))
        thread = threading.Thread(target=tunnel, args=(listener, target))
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{listener.getsockname()[1]}/")
        http = LeanHttp(5)
        assert http.request("asking", "GET", url).json == {}
        http.close()
        thread.join()
    assert asked[0].startswith(f"CONNECT localhost:{target[1]} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0\r\n" in asked[0]


def _pump(source, target):
    try:
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_no_proxy_exempts_hosts_and_their_domains(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "localhost, .example.com")
    assert [proxy_for(host) for host in ("localhost", "a.example.com", "example.org")] == ["", "", "proxy:3128"]
