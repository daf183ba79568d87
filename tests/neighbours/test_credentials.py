"""Further principals log in: by secret, or by a pipeline's own token ("Workload identity federation")."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential, WorkloadIdentityCredential

from tests.issuer import SUBJECT, Issuer
from tests.neighbours.conftest import Caller


@pytest.fixture(scope="module")
def issuer(everyone: Caller) -> Issuer:
    made = Issuer()
    assert everyone.control("POST", "/issuers", {"issuer": made.url, "keys": made.keys}).status_code == 200
    return made


def credential(owner: Caller, client_id: str, token: Callable[[], str]) -> ClientAssertionCredential:
    settings = owner.local.settings
    options = {"authority": settings["authorityHost"], "disable_instance_discovery": True}
    return ClientAssertionCredential(settings["tenantId"], client_id, token, **options)


def scope(owner: Caller) -> str:
    return f"{owner.local.settings['armEndpoint']}/.default"


def federated(owner: Caller, issuer: Issuer) -> str:
    asked = {"federatedCredentials": [{"issuer": issuer.url, "subject": SUBJECT}]}
    made = owner.control("PUT", f"/principals/p{uuid.uuid4().hex[:8]}", asked)
    assert made.status_code == 201
    return str(made.json()["clientId"])


def test_a_pipelines_token_stands_in_for_a_secret(owner: Caller, issuer: Issuer) -> None:
    with credential(owner, federated(owner, issuer), issuer.token) as pipeline:
        token = pipeline.get_token(scope(owner)).token
    assert jwt.decode(token, options={"verify_signature": False})["tid"] == owner.local.settings["tenantId"]


def test_a_workload_reads_its_token_from_a_file(owner: Caller, issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(issuer.token())
    settings = owner.local.settings
    with WorkloadIdentityCredential(
        tenant_id=settings["tenantId"],
        client_id=federated(owner, issuer),
        token_file_path=str(tmp_path / "token"),
        authority=settings["authorityHost"],
        disable_instance_discovery=True,
    ) as workload:
        assert workload.get_token(scope(owner)).token


@pytest.mark.parametrize(
    ("claims", "number"),
    [
        ({"iss": "https://another.example"}, "AADSTS700211"),
        ({"sub": "repo:contoso/render:pull_request"}, "AADSTS700213"),
        ({"aud": "https://management.azure.com"}, "AADSTS700212"),
        ({"exp": 1}, "AADSTS700024"),
    ],
)
def test_a_token_that_does_not_fit_is_refused_by_number(
    owner: Caller, issuer: Issuer, claims: dict[str, Any], number: str
) -> None:
    client = federated(owner, issuer)
    with (
        credential(owner, client, lambda: issuer.token(**claims)) as pipeline,
        pytest.raises(ClientAuthenticationError, match=number),
    ):
        pipeline.get_token(scope(owner))


def test_a_token_signed_by_somebody_else_is_refused(owner: Caller, issuer: Issuer) -> None:
    forger = Issuer(issuer.url)
    with (
        credential(owner, federated(owner, issuer), forger.token) as pipeline,
        pytest.raises(ClientAuthenticationError, match="AADSTS700027"),
    ):
        pipeline.get_token(scope(owner))


def test_a_user_assigned_identity_is_federated_through_arm(owner: Caller, issuer: Issuer) -> None:
    path = "Microsoft.ManagedIdentity/userAssignedIdentities/pipeline"
    identity = owner.put(path)["properties"]
    trusted = {"issuer": issuer.url, "subject": SUBJECT, "audiences": ["api://AzureADTokenExchange"]}
    owner.put(f"{path}/federatedIdentityCredentials/ci", {"properties": trusted})
    with credential(owner, identity["clientId"], issuer.token) as pipeline:
        token = pipeline.get_token(scope(owner)).token
    assert jwt.decode(token, options={"verify_signature": False})["oid"] == identity["principalId"]
    owner.send("DELETE", path)
    with (
        credential(owner, identity["clientId"], issuer.token) as gone,
        pytest.raises(ClientAuthenticationError, match="AADSTS700016"),
    ):
        gone.get_token(scope(owner))


def test_a_principal_keeps_its_secret_until_another_is_drawn_and_is_gone_when_removed(owner: Caller) -> None:
    path = f"/principals/p{uuid.uuid4().hex[:8]}"
    made = owner.control("PUT", path, {}).json()
    assert "clientSecret" not in owner.control("PUT", path, {"groups": [str(uuid.uuid4())]}).json()
    assert made["clientSecret"] not in owner.control("GET", "/principals").text

    def log_in(secret: str) -> int:
        settings = owner.local.settings
        form = {"grant_type": "client_credentials", "client_id": made["clientId"], "client_secret": secret}
        url = f"{settings['authorityHost']}/{settings['tenantId']}/oauth2/v2.0/token"
        answer = owner.http.post(url, data={**form, "scope": scope(owner)}, timeout=10)
        return 0 if answer.ok else int(answer.json()["error_codes"][0])

    assert log_in(made["clientSecret"]) == 0
    another = owner.control("PUT", path, {"secret": True}).json()["clientSecret"]
    assert (log_in(another), log_in(made["clientSecret"]), log_in("")) == (0, 7000215, 7000218)
    assert owner.control("DELETE", path).status_code == 204
    assert log_in(another) == 700016
    assert owner.control("DELETE", path).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("/principals/x", {"federatedCredentials": [{"issuer": "i"}]}, "issuer and a subject"),
        ("/issuers", {"issuer": "https://ci.example"}, "'keys' is missing"),
        ("/issuers", {"issuer": "https://ci.example", "keys": [{"kty": "none"}]}, "JSON web key set"),
    ],
)
def test_what_makes_no_sense_is_said(owner: Caller, path: str, body: dict[str, Any], text: str) -> None:
    answer = owner.control("PUT" if "principals" in path else "POST", path, body)
    assert answer.status_code == 400
    assert text in answer.json()["error"]["message"]


def test_the_secret_is_not_in_the_store(owner: Caller) -> None:
    made = owner.control("PUT", f"/principals/p{uuid.uuid4().hex[:8]}", {}).json()
    stored = b"".join(file.read_bytes() for file in owner.local.data.glob("*.sqlite*"))
    assert made["clientId"].encode() in stored
    assert made["clientSecret"].encode() not in stored
    assert json.dumps(made)
