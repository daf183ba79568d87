"""Whom the plugin signs in as, and by what: secrets, pipelines' own tokens, azure-identity's default chain."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Local
from tests.issuer import Issuer, Requests, answering
from tests.plugin.host import Plugin, Refused

GIVEN = {"subscriptionId": "s", "tenantId": "t", "clientId": "c", "clientSecret": "hidden-word"}
WITHOUT_SECRET = {name: value for name, value in GIVEN.items() if name != "clientSecret"}


@pytest.fixture(scope="module")
def issuer(batchlocal: Local, tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    made = Issuer()
    made.is_trusted_by(batchlocal, tmp_path_factory.mktemp("issuer"))
    return made


@pytest.fixture(scope="module")
def pipeline(batchlocal: Local, issuer: Issuer) -> dict[str, str]:
    """A principal that the issuer's tokens sign in as."""
    return issuer.principal(batchlocal, "plugin-pipeline")


@pytest.fixture
def requests(batchlocal: Local, issuer: Issuer, tmp_path: Path) -> Iterator[Requests]:
    with answering(issuer, batchlocal, tmp_path) as requests:
        yield requests


@pytest.fixture
def environment(batchlocal: Local, pipeline: dict[str, str]) -> dict[str, str]:
    """A pipeline's: everything that batchlocal hands out but the secret."""
    known = {name: value for name, value in batchlocal.environment.items() if not name.endswith("_SECRET")}
    return {**known, "ARM_CLIENT_ID": pipeline["clientId"], "AZURE_CLIENT_ID": pipeline["clientId"]}


def who(folder: Path, environment: dict[str, str], **settings: str) -> str:
    """The object id that the plugin is signed in as."""
    with Plugin(folder, environment) as plugin:
        plugin.configure(**settings)
        return str(plugin.invoke("authorization:getClientConfig")["objectId"])


@pytest.mark.parametrize("by", ["variables", "settings"])
@pytest.mark.parametrize("source", ["oidcToken", "oidcTokenFilePath", "oidcRequestUrl"])
def test_a_pipelines_token_stands_in_for_a_secret(
    issuer: Issuer, pipeline: dict[str, str], environment: dict[str, str], requests: Requests, tmp_path: Path,
    source: str, by: str,
) -> None:  # fmt: skip
    (tmp_path / "token").write_text(issuer.token() + "\n")
    settings, variables = {
        "oidcToken": ({"oidcToken": issuer.token()}, {"ARM_OIDC_TOKEN": issuer.token()}),
        "oidcTokenFilePath": ({source: f"{tmp_path}/token"}, {"ARM_OIDC_TOKEN_FILE_PATH": f"{tmp_path}/token"}),
        "oidcRequestUrl": ({source: requests.url, "oidcRequestToken": requests.bearer}, requests.environment),
    }[source]
    if by == "variables":
        found = who(tmp_path, {**environment, **requests.trusted, **variables, "ARM_USE_OIDC": "true"})
    else:
        found = who(tmp_path, {**environment, **requests.trusted}, useOidc="true", **settings)
    assert found == pipeline["objectId"]
    assert requests.asked == (source == "oidcRequestUrl")


def test_a_workload_identity_is_taken_by_the_default_credential(
    issuer: Issuer, pipeline: dict[str, str], environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(issuer.token())
    workload = {"AZURE_FEDERATED_TOKEN_FILE": f"{tmp_path}/token", "ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true"}
    assert who(tmp_path, {**environment, **workload}) == pipeline["objectId"]


def test_a_token_that_nobody_trusts_is_told_in_the_authoritys_words(
    issuer: Issuer, environment: dict[str, str], tmp_path: Path
) -> None:
    token = issuer.token(sub="repo:contoso/render:pull_request")
    with pytest.raises(Refused, match="AADSTS700213") as refused:
        who(tmp_path, {**environment, "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": token})
    assert token not in str(refused.value)
    assert token not in (tmp_path / "plugin.log").read_text()


def test_an_issuer_that_refuses_is_told_with_its_status(
    environment: dict[str, str], requests: Requests, tmp_path: Path
) -> None:
    wrong = {**requests.environment, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another-word"}
    with pytest.raises(Refused, match="no token from the pipeline's issuer: status 401") as refused:
        who(tmp_path, {**environment, **wrong, "ARM_USE_OIDC": "true"})
    assert "another-word" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"oidcTokenFilePath /nowhere/token: No such file"):
        who(tmp_path, {**environment, "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": "/nowhere/token"})


def test_a_default_chain_that_finds_nobody_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    quick = {"ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true", "AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential"}
    with pytest.raises(Refused, match="no access token from https://localhost"):
        who(tmp_path, {**environment, **quick, "HOME": os.fspath(tmp_path)})


def test_a_token_that_is_asked_for_and_not_there_is_told_with_the_mend(alone: Plugin) -> None:
    with pytest.raises(Refused, match=r"set ARM_OIDC_TOKEN, .*id-token: write"):
        alone.configure(**WITHOUT_SECRET, useOidc="true")


@pytest.mark.parametrize("name", ["clientCertificatePath", "useMsi"])
def test_a_credential_that_is_not_carried_is_refused_by_name(alone: Plugin, name: str) -> None:
    with pytest.raises(Refused, match=rf"azure-native:{name} .* is not carried"):
        alone.configure(**WITHOUT_SECRET, **{name: "true"})


@pytest.mark.parametrize("name", ["useMsi", "useOidc"])
def test_a_client_secret_goes_first_as_in_the_official_provider(alone: Plugin, name: str) -> None:
    alone.configure(**GIVEN, **{name: "true"}, metadataHost="localhost:1")
