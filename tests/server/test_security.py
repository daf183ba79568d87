"""Who is not let in, and what does no harm."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator

import jwt
import pytest
import requests

from batchlocal.arm.providers import providers
from batchlocal.identity.tokens import Tokens
from tests.conftest import Local
from tests.server.test_server import token_for

ROUTES = sorted({(operation.method, operation.path) for one in providers() for operation in one.operations.values()})


@pytest.fixture(scope="module")
def http(batchlocal: Local) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = batchlocal.settings["caFile"]
        yield session


def bad_tokens(local: Local) -> dict[str, str]:
    """``Authorization`` headers that open nothing, by what is wrong with them."""
    arm = local.settings["armEndpoint"]
    good = token_for(local, arm)
    head, claims, signature = good.split(".")
    known = jwt.decode(good, options={"verify_signature": False})
    key_file = next(file for file in (local.data / "identity").iterdir() if b"BEGIN PRIVATE" in file.read_bytes()[:40])
    ours = Tokens(key_file, known["tid"], arm)
    elsewhere = Tokens(key_file, "11111111-2222-4333-8444-555555555555", arm)
    unsigned = jwt.encode(known, None, algorithm="none")
    return {
        "missing": "",
        "no scheme": good,
        "forged": f"Bearer {head}.{claims}.{signature[::-1]}",
        "unsigned": f"Bearer {unsigned}",
        "expired": f"Bearer {ours.issue(arm, known['appid'], known['oid'], lifetime=-60)}",
        "foreign tenant": f"Bearer {elsewhere.issue(arm, known['appid'], known['oid'])}",
        "another audience": f"Bearer {token_for(local, 'https://batch.core.windows.net')}",
        "a service's key": "SharedKey someaccount:AAAA",
        "garbage": "Bearer \u00e9\u00e9",
    }


def test_no_route_opens_for_a_token_that_is_not_good(batchlocal: Local, http: requests.Session) -> None:
    assert len(ROUTES) > 100
    wrong = []
    for why, authorization in bad_tokens(batchlocal).items():
        for method, template in ROUTES:
            scoped = template.replace("/{scope}/", "/subscriptions/{subscriptionId}/")
            path = scoped.replace("{subscriptionId}", batchlocal.subscription)
            url = f"{batchlocal.settings['armEndpoint']}{re.sub(r'{[^}]+}', 'x', path)}?api-version=2024-07-01"
            headers = {"Authorization": authorization.encode("utf-8")} if authorization else {}
            answer = http.request(method, url, headers=headers, timeout=30)
            if answer.status_code not in (401, 403):
                wrong.append((why, method, template, answer.status_code))
            elif method != "HEAD":
                assert answer.json().get("error", {}).keys() == {"code", "message"}, (
                    why,
                    method,
                    template,
                    answer.text,
                )
                assert authorization == "" or authorization[7:] not in answer.text
    assert not wrong


@pytest.mark.parametrize(
    "path",
    [
        "/subscriptions/../../etc/passwd",
        "/subscriptions/%2e%2e/%2e%2e/etc/passwd",
        "/subscriptions//resourceGroups//",
        "/subscriptions/%00/resourceGroups/%00",
        "/subscriptions/{s}/resourceGroups/a%0d%0aX-Evil:%201",
        "/subscriptions/{s}/resourceGroups/..%2f..%2f",
        "/subscriptions/{s}/resourceGroups/%ff%fe",
        "/subscriptions/{s}/resourceGroups/x/providers/Microsoft.Batch/batchAccounts/%27%20or%201=1--",
        "/subscriptions/{s}/resourceGroups/x/providers/Microsoft.Batch/batchAccounts/" + "a/" * 3000,
        "/subscriptions/{s}/" + "x" * 20_000,
        "/providers/Microsoft.Batch/operations/%2e%2e/%2e%2e",
    ],
    ids=lambda path: path[:60],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_tricks_with_paths_are_refused(batchlocal: Local, method: str, path: str) -> None:
    token = token_for(batchlocal, batchlocal.settings["armEndpoint"])
    target = path.replace("{s}", batchlocal.subscription)
    mark = "?api-version=2024-07-01"
    status, head = raw(batchlocal, f"{method} {target}{mark} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n")
    assert 400 <= status < 500
    assert "x-evil" not in head.lower()


def raw(local: Local, head: str, body: bytes = b"") -> tuple[int, str]:
    """One request as it is, nothing put right by a client; its status and the answer's head."""
    host, port = local.settings["metadataHost"].split(":")
    context = ssl.create_default_context(cafile=local.settings["caFile"])
    with (
        socket.create_connection((host, int(port)), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        length = f"Content-Length: {len(body)}\r\n"
        connection.sendall(f"{head}Host: {host}:{port}\r\nConnection: close\r\n{length}\r\n".encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer and (piece := connection.recv(65536)):
            answer += piece
    text = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    return int(text.split(" ", 2)[1]), text


def test_what_is_too_large_is_refused_and_the_server_goes_on(batchlocal: Local, http: requests.Session) -> None:
    arm = batchlocal.settings["armEndpoint"]
    http.headers["Authorization"] = f"Bearer {token_for(batchlocal, arm)}"
    url = f"{arm}/subscriptions/{batchlocal.subscription}/resourceGroups/large?api-version=2021-04-01"

    def sent(body: bytes, **headers: str) -> int:
        return http.put(url, data=body, headers=headers, timeout=60).status_code

    assert sent(b'{"location": "' + b"x" * (5 * 2**20) + b'"}') == 413
    assert sent(b"[" * 100_000 + b"]" * 100_000) == 400
    assert sent(b'{"a":' * 5000 + b"1" + b"}" * 5000) == 400
    nested = json.loads('{"a":' * 90 + "1" + "}" * 90)
    assert sent(json.dumps({"location": "westeurope", "properties": nested}).encode()) == 201
    assert sent(b'{"location": "westeurope", "tags": {"a": "\xff"}}') == 400
    assert sent(b"{}", **{f"x-flood-{number}": "y" * 1000 for number in range(90)}) == 431
    assert http.delete(url, timeout=10).status_code == 202


def test_a_request_that_is_no_http_does_no_harm(batchlocal: Local) -> None:
    for head in ("GET\r\n", "\x00\x01\x02\r\n", "GET / HTTP/9.9\r\n"):
        try:
            status, _ = raw(batchlocal, head)
        except (OSError, IndexError, ValueError):
            continue  # the connection was closed without an answer
        assert 400 <= status < 500
    answer = requests.get(f"{batchlocal.settings['armEndpoint']}/metadata/endpoints", timeout=10)
    assert answer.status_code == 200
