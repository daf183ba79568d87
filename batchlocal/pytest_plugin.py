"""The pytest plugin: fixture ``batchlocal``, one server a session and one subscription a test (docs/testing.md)."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from azure.identity import ClientSecretCredential

    from batchlocal.control.client import ControlClient

__all__ = ["Batchlocal", "batchlocal", "batchlocal_server"]

Client = TypeVar("Client")
_GROUPS_VERSION = "2024-03-01"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the plugin."""
    group = parser.getgroup("batchlocal")
    text = "use the batchlocal of this data folder, started if need be and left running (default: one a session)"
    group.addoption("--batchlocal-data", type=Path, metavar="DIR", help=text)


@dataclass(frozen=True)
class Server:
    """The session's server: the JSON keys of ``batchlocal env``, the variables that it sets, its control API."""

    settings: dict[str, str] = field(repr=False)
    environment: dict[str, str] = field(repr=False)
    control: ControlClient


@dataclass(frozen=True)
class Batchlocal:
    """One test's subscription; whatever was set for the test is gone when it ends.

    ``settings`` are the JSON keys of ``batchlocal env``. The variables that clients read are in ``os.environ`` while
    the test runs. ``control`` is a client of the control API, of which the methods here are the most used part.
    """

    subscription: str
    settings: dict[str, str] = field(repr=False)
    control: ControlClient
    _opened: ExitStack = field(repr=False)

    def credential(self) -> ClientSecretCredential:
        """azure-identity's credential for the service principal, closed when the test ends."""
        from azure.identity import ClientSecretCredential

        known = self.settings
        who = known["tenantId"], known["clientId"], known["clientSecret"]
        made = ClientSecretCredential(*who, authority=known["authorityHost"], disable_instance_discovery=True)
        return self._opened.enter_context(made)

    def client(self, kind: type[Client], **options: Any) -> Client:
        """A management client of the Azure SDK, such as ``BatchManagementClient``, for the test's subscription."""
        endpoint = self.settings["armEndpoint"]
        where = {"base_url": endpoint, "credential_scopes": [f"{endpoint}/.default"], **options}
        made: Any = kind(self.credential(), self.subscription, **where)  # type: ignore[call-arg]
        entered: Client = self._opened.enter_context(made)
        return entered

    def resource_group(self, location: str = "westeurope") -> str:
        """Make a resource group and return its name."""
        name = self.unique_name("group")
        path = f"/subscriptions/{self.subscription}/resourcegroups/{name}?api-version={_GROUPS_VERSION}"
        self._arm("PUT", path, {"location": location})
        return name

    @staticmethod
    def unique_name(prefix: str = "batch") -> str:
        """A name that no other test uses, fit for accounts: they are unique over all subscriptions."""
        return f"{prefix}{uuid.uuid4().hex[:10]}"

    def fault(self, operation: str, **members: object) -> str:
        """Set a fault, such as ``fault("Pool_Create", status=429, times=2)``; its id. It is cleared after the test."""
        fault: str = self.control.call("POST", "/faults", {"operation": operation, **members})["id"]
        return fault

    def calls(self, operation: str = "*", limit: int = 100) -> list[dict[str, Any]]:
        """The requests of this test whose operation fits the pattern, oldest first."""
        found: list[dict[str, Any]] = self.control.get("/journal", operation=operation, limit=limit)["value"]
        return found[::-1]

    def _arm(self, method: str, path: str, body: object) -> None:
        import httpx

        endpoint = self.settings["armEndpoint"]
        token = self.credential().get_token(f"{endpoint}/.default").token
        context = ssl.create_default_context(cafile=self.settings["caFile"])
        with httpx.Client(base_url=endpoint, headers={"Authorization": f"Bearer {token}"}, verify=context) as http:
            http.request(method, path, json=body).raise_for_status()


@pytest.fixture(scope="session")
def batchlocal_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running batchlocal, stopped when the session ends unless ``--batchlocal-data`` named its folder."""
    from batchlocal.control.client import ControlClient
    from batchlocal.datafolder import DataFolder
    from batchlocal.environment import client_settings
    from batchlocal.plugin import install
    from batchlocal.supervision import NotStarted, launch, stop

    kept: Path | None = request.config.getoption("--batchlocal-data")
    data = DataFolder((kept or tmp_path_factory.mktemp("batchlocal")).absolute())
    reason = ""
    try:
        launch(data)
    except NotStarted as trouble:
        reason = str(trouble)
    if reason:  # outside of the handler: one sentence, no story of exceptions
        pytest.fail(f"batchlocal: {reason}", pytrace=False)
    install(data.plugin)
    settings = client_settings(data)
    yield Server(settings.as_json(), settings.as_environment(), ControlClient(data))
    if kept is None:
        stop(data)


@pytest.fixture
def batchlocal(
    batchlocal_server: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Batchlocal]:
    """Azure Batch on this machine, in a subscription of the test's own."""
    control = batchlocal_server.control
    subscription: str = control.call("POST", "/subscriptions", {"name": request.node.name[:64]})["id"]
    own = {"AZURE_SUBSCRIPTION_ID": subscription, "ARM_SUBSCRIPTION_ID": subscription}
    for name, value in {**batchlocal_server.environment, **own}.items():
        monkeypatch.setenv(name, value)
    control.call("DELETE", "/journal")
    with ExitStack() as opened:
        yield Batchlocal(subscription, {**batchlocal_server.settings, "subscriptionId": subscription}, control, opened)
    control.call("DELETE", "/faults")
    control.call("DELETE", f"/subscriptions/{subscription}")
