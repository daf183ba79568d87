"""The provider of application packages: its own process, over its gRPC port, on a real account."""

from __future__ import annotations

import hashlib
import os
import ssl
import subprocess
import sys
import threading
import uuid
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import grpc
import pytest
from azure.mgmt.batch import models as batch_models
from azure.mgmt.storage import models as storage_models
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from batchmgmt import BatchManagement
from batchmgmt.packages import content_of, find
from tests.support.orphans import orphan
from tests.support.waiting import until

PLUGIN = Path(__file__).parents[2] / "infra" / "plugins" / "batchmgmt"
URN = "urn:pulumi:test::batchenv::batchmgmt:index:ApplicationPackage::app-1.0"


def struct(values: dict[str, Any]) -> Struct:
    message = Struct()
    message.update(values)
    return message


class Client:
    """The engine's side of the protocol."""

    def __init__(self, port: int) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def check(self, news: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, str]:
        request = provider_pb2.CheckRequest(urn=URN, olds=struct(olds or {}), news=struct(news))
        return {failure.property: failure.reason for failure in self.stub.Check(request).failures}

    def diff(self, state: dict[str, Any], olds: dict[str, Any], news: dict[str, Any]) -> Any:
        request = provider_pb2.DiffRequest(urn=URN, olds=struct(state), old_inputs=struct(olds), news=struct(news))
        return self.stub.Diff(request)

    def create(self, inputs: dict[str, Any], *, preview: bool = False) -> tuple[str, dict[str, Any]]:
        answer = self.stub.Create(provider_pb2.CreateRequest(urn=URN, properties=struct(inputs), preview=preview))
        return answer.id, MessageToDict(answer.properties)

    def update(self, id: str, state: dict[str, Any], olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(
            urn=URN, id=id, olds=struct(state), old_inputs=struct(olds), news=struct(news)
        )
        return MessageToDict(self.stub.Update(request).properties)

    def read(self, id: str, state: dict[str, Any], inputs: dict[str, Any]) -> Any:
        request = provider_pb2.ReadRequest(urn=URN, id=id, properties=struct(state), inputs=struct(inputs))
        return self.stub.Read(request)

    def delete(self, id: str) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(urn=URN, id=id))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder with the plugin and a package's content."""
    (tmp_path / "Pulumi.yaml").write_text("name: batchenv\nruntime: python\n")
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "__main__.py").write_text((PLUGIN / "__main__.py").read_text())
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "program.py").write_text("print('one')\n")
    return tmp_path


@pytest.fixture
def provider(project: Path) -> Iterator[Client]:
    """The plugin as Pulumi starts it."""
    command = [sys.executable, str(project / "plugin"), "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        client = Client(int(process.stdout.readline()))
        yield client
        client.channel.close()
        process.terminate()


def test_it_ends_when_the_engine_that_started_it_was_killed(project: Path) -> None:
    provider = orphan(sys.executable, str(project / "plugin"), "127.0.0.1:1", cwd=project)
    until(lambda: not Path(f"/proc/{provider}").exists())


@pytest.fixture(scope="module")
def account(batchlocal: Any) -> dict[str, str]:
    """An account with linked storage; the inputs that say which."""
    name = f"t{uuid.uuid4().hex[:7]}"
    create_group(batchlocal, name)
    with BatchManagement.from_env() as management:
        storage = storage_models.StorageAccountCreateParameters(
            sku=storage_models.Sku(name="Standard_LRS"), kind="StorageV2", location="westeurope"
        )
        made = management.storage_sdk.storage_accounts.begin_create(name, f"{name}s", storage).result()
        linked = batch_models.AutoStorageBaseProperties(storage_account_id=made.id)
        parameters = batch_models.BatchAccountCreateParameters(location="westeurope", auto_storage=linked)
        management.sdk.batch_account.begin_create(name, name, parameters).result()
        return {"subscriptionId": management.subscription_id, "resourceGroupName": name, "accountName": name}


@pytest.fixture
def application(account: dict[str, str], unique: str) -> dict[str, str]:
    """An application of that account; the inputs that say which."""
    with BatchManagement.from_env() as management:
        group, name = account["resourceGroupName"], account["accountName"]
        management.sdk.application.create(group, name, unique, batch_models.Application())
    return {**account, "applicationName": unique}


def create_group(local: Any, name: str) -> None:
    import requests

    with local.credential() as credential:
        token = credential.get_token(f"{local.settings['armEndpoint']}/.default").token
    url = f"{local.settings['armEndpoint']}/subscriptions/{local.subscription}/resourcegroups/{name}"
    answer = requests.put(
        url,
        params={"api-version": "2024-03-01"},
        json={"location": "westeurope"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert answer.status_code in (200, 201), answer.text


def inputs(application: dict[str, str], project: Path, **changed: Any) -> dict[str, Any]:
    return {
        **application,
        "version": "1.0",
        "source": "content",
        "contentHash": content_of(project / "content").sha256,
        "allowUpdates": False,
        "setDefault": True,
        **changed,
    }


def other_content(project: Path) -> None:
    (project / "content" / "program.py").write_text("print('two')\n")


def test_a_package_is_created_active_default_and_without_secrets_in_state(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    given = inputs(application, project)
    assert provider.check(given) == {}
    id, state = provider.create(given)
    assert id.endswith(f"/applications/{application['applicationName']}/versions/1.0")
    assert set(state) == {*given, "size"}
    with BatchManagement.from_env() as management:
        found = find(
            management,
            application["resourceGroupName"],
            application["accountName"],
            application["applicationName"],
            "1.0",
        )
    assert found is not None
    assert (found.state, found.is_default, found.sha256) == ("Active", True, given["contentHash"])


def test_creating_what_a_crash_left_behind_adopts_it(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    given = inputs(application, project)
    assert provider.create(given) == provider.create(given)


def test_refresh_of_an_unchanged_package_shows_no_difference(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    given = inputs(application, project)
    id, state = provider.create(given)
    answer = provider.read(id, state, given)
    assert MessageToDict(answer.properties) == state
    assert MessageToDict(answer.inputs) == given
    assert provider.diff(state, given, given).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_package_deleted_behind_our_back_is_gone_and_deleting_it_again_succeeds(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    given = inputs(application, project)
    id, state = provider.create(given)
    provider.delete(id)
    assert provider.read(id, state, given).id == ""
    provider.delete(id)


def test_other_content_under_an_existing_version_fails_already_in_the_check(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    given = inputs(application, project)
    other_content(project)
    failures = provider.check(inputs(application, project), olds=given)
    assert list(failures) == ["contentHash"]
    assert "give the new content a new version" in failures["contentHash"]


def test_other_content_that_the_state_does_not_know_fails_in_the_preview_of_its_creation(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    provider.create(inputs(application, project))
    other_content(project)
    with pytest.raises(grpc.RpcError) as refused:
        provider.create(inputs(application, project), preview=True)
    assert "exists with other content" in refused.value.details()


def test_other_content_replaces_the_old_one_where_updates_are_allowed(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    given = inputs(application, project, allowUpdates=True)
    id, state = provider.create(given)
    other_content(project)
    news = inputs(application, project, allowUpdates=True)
    assert provider.check(news, olds=given) == {}
    diff = provider.diff(state, given, news)
    assert (list(diff.diffs), list(diff.replaces)) == (["contentHash"], [])
    assert provider.update(id, state, given, news)["contentHash"] == news["contentHash"] != given["contentHash"]


def test_another_version_is_another_resource_and_another_place_on_disk_is_no_change(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    given = inputs(application, project)
    state = {**given, "size": 1}
    assert list(provider.diff(state, given, {**given, "version": "2.0"}).replaces) == ["version"]
    moved = provider.diff(state, given, {**given, "source": "elsewhere"})
    assert moved.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_missing_file_is_told_in_the_check_by_the_path_that_the_user_wrote(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    failures = provider.check(inputs(application, project, source="no/such.zip"))
    assert failures == {"source": "there is no file or folder no/such.zip"}


def test_content_that_changed_since_the_preview_is_not_sent(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    given = inputs(application, project)
    other_content(project)
    with pytest.raises(grpc.RpcError) as refused:
        provider.create(given)
    assert "changed while the stack was being deployed" in refused.value.details()
    with BatchManagement.from_env() as management:
        assert (
            find(
                management,
                application["resourceGroupName"],
                application["accountName"],
                application["applicationName"],
                "1.0",
            )
            is None
        )


@pytest.fixture
def download(batchlocal: Any, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A package on an https server, whose certificate is one that clients of the tests trust: URL and SHA-256."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    with zipfile.ZipFile(folder / "package.zip", "w") as archive:
        archive.writestr("program.py", "print('fetched')")
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(batchlocal.data / "tls" / "localhost.pem", batchlocal.data / "tls" / "localhost.key")
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        digest = hashlib.sha256((folder / "package.zip").read_bytes()).hexdigest()
        yield f"https://localhost:{server.server_port}/package.zip", digest
        server.shutdown()


def test_a_package_is_fetched_from_a_url_and_held_to_its_hash(
    provider: Client, application: dict[str, str], project: Path, download: tuple[str, str]
) -> None:
    url, digest = download
    given = inputs(application, project, source=url, contentHash=digest)
    assert provider.check(given) == {}
    _, state = provider.create(given)
    assert (state["contentHash"], state["source"]) == (digest, url)
    other = inputs(application, project, source=url, contentHash="0" * 64, version="2.0")
    with pytest.raises(grpc.RpcError) as refused:
        provider.create(other)
    assert "gives other content than its sha256 says" in refused.value.details()


def test_an_import_reads_the_package_by_its_arm_id(
    provider: Client, application: dict[str, str], project: Path
) -> None:
    given = inputs(application, project)
    id, _ = provider.create(given)
    answer = provider.stub.Read(provider_pb2.ReadRequest(urn=URN, id=id))
    found = MessageToDict(answer.inputs)
    assert found == {**given, "source": ""}
    assert provider.diff(MessageToDict(answer.properties), found, given).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_an_id_that_is_no_package_is_refused_in_one_sentence(provider: Client) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        provider.read("nonsense", {}, {})
    assert refused.value.details().startswith("'nonsense' is not the ARM id of an application package")


def test_the_provider_is_ready_within_moments_and_loads_no_azure_sdk(project: Path) -> None:
    # CPU time, so that a busy machine does not matter; the SDKs alone would take longer.
    program = "import infra.provider.server, sys, time; print(time.process_time(), *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    seconds, *modules = done.stdout.split()
    assert float(seconds) < 0.5
    assert not [name for name in modules if name.startswith(("azure.", "pulumi.runtime.stack", "pulumi_azure_native"))]
