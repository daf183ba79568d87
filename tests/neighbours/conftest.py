"""A resource group to work in, on the session's server, and plain requests to it as one principal or another."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import requests

from tests.conftest import Local
from tests.support.waiting import until

WHERE = {"location": "westeurope"}
SERVICE = "https://batch.core.windows.net/"


@dataclass
class Caller:
    """One principal's requests. Paths that begin with a dash-less name lie in the group's providers."""

    local: Local
    group: str
    client: tuple[str, str] = field(repr=False, default=("", ""))
    tokens: dict[str, str] = field(default_factory=dict, repr=False)
    http: requests.Session = field(default_factory=requests.Session, repr=False)

    @property
    def scope(self) -> str:
        """The group's id."""
        return f"/subscriptions/{self.local.subscription}/resourceGroups/{self.group}"

    def path(self, path: str) -> str:
        """An id: as it is, or below the group's providers."""
        return path if path.startswith("/") else f"{self.scope}/providers/{path}"

    def send(self, method: str, path: str, body: object = None, *, version: str = "2024-05-01") -> requests.Response:
        """A request to ARM."""
        mark = "&" if "?" in path else "?"
        origin = self.local.settings["armEndpoint"]
        return self._send(method, f"{origin}{self.path(path)}{mark}api-version={version}", origin, body)

    def service(self, method: str, account: str, path: str, body: object = None) -> requests.Response:
        """A request to an account's Batch service."""
        url = f"{self.local.settings['armEndpoint']}/{account}/{path}?api-version=2024-07-01.20.0"
        return self._send(method, url, SERVICE, body)

    def _send(self, method: str, url: str, resource: str, body: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token(resource)}"}
        return self.http.request(method, url, json=body, headers=headers, timeout=30)

    def token(self, resource: str) -> str:
        """An access token by the client's secret."""
        if resource not in self.tokens:
            settings = self.local.settings
            client, secret = self.client if self.client[0] else (settings["clientId"], settings["clientSecret"])
            form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
            url = f"{settings['authorityHost']}/{settings['tenantId']}/oauth2/v2.0/token"
            answer = self.http.post(url, data={**form, "scope": f"{resource}/.default"}, timeout=10)
            self.tokens[resource] = answer.json()["access_token"]
        return self.tokens[resource]

    def put(self, path: str, body: object = None, **options: Any) -> dict[str, Any]:
        """A resource that must come to be; its JSON."""
        answer = self.send("PUT", path, WHERE if body is None else body, **options)
        assert answer.ok, answer.text
        return dict(answer.json()) if answer.content else {}

    def refused(self, method: str, path: str, body: object = None, **options: Any) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = self.send(method, path, body, **options)
        return answer.status_code, answer.json()["error"]["code"]

    def control(self, method: str, path: str, body: object = None) -> requests.Response:
        """A request to the control API."""
        token = (self.local.data / "identity" / "control.token").read_text()
        url = f"{self.local.settings['controlEndpoint']}{path}"
        return self.http.request(method, url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def another(self, **settings: Any) -> Other:
        """A new principal that may do nothing yet."""
        made = self.control("PUT", f"/principals/p{uuid.uuid4().hex[:8]}", settings).json()
        return Other(self.local, self.group, (made["clientId"], made["clientSecret"]), object_id=made["objectId"])

    def grant(self, other: str, role: str, scope: str) -> str:
        """Assign a role by its name; the assignment's id."""
        root = f"{scope}/providers/Microsoft.Authorization"
        found = self.send("GET", f"{root}/roleDefinitions?$filter=roleName eq '{role}'")
        [definition] = found.json()["value"]
        properties = {"principalId": other, "roleDefinitionId": definition["id"], "principalType": "ServicePrincipal"}
        return str(self.put(f"{root}/roleAssignments/{uuid.uuid4()}", {"properties": properties})["id"])

    def account(self, **properties: Any) -> str:
        """The id of a new Batch account, ready."""
        path = self.path(f"Microsoft.Batch/batchAccounts/n{uuid.uuid4().hex[:9]}")
        self.put(path, {**WHERE, "properties": properties}, version="2024-07-01")
        until(lambda: "Succeeded" in self.send("GET", path, version="2024-07-01").text)
        return path


@dataclass
class Other(Caller):
    """A further principal."""

    object_id: str = ""


@pytest.fixture(scope="session")
def everyone(batchlocal: Local) -> Caller:
    """The principal of ``batchlocal env``, with a group for all tests."""
    caller = Caller(batchlocal, f"group-{uuid.uuid4().hex[:6]}")
    caller.put(caller.scope, version="2024-03-01")
    return caller


@pytest.fixture
def owner(everyone: Caller) -> Caller:
    """The same principal, with a group of the test's own."""
    caller = replace(everyone, group=f"group-{uuid.uuid4().hex[:6]}")
    caller.put(caller.scope, version="2024-03-01")
    return caller
