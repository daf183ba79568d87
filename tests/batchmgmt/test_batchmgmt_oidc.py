"""batchmgmt in a deployment pipeline: signed in by the pipeline's own token, under azure-native's variables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchmgmt import Account, BatchManagement
from tests.conftest import Local
from tests.issuer import Issuer, Requests, answering
from tests.neighbours.conftest import Caller


@pytest.fixture(scope="module")
def issuer(batchlocal: Local, tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    made = Issuer()
    made.is_trusted_by(batchlocal, tmp_path_factory.mktemp("issuer"))
    return made


@pytest.fixture(scope="module")
def pipeline(batchlocal: Local, issuer: Issuer) -> dict[str, str]:
    """A principal that may read everything and submit work."""
    made = issuer.principal(batchlocal, "batchmgmt-pipeline")
    scope = f"/subscriptions/{batchlocal.subscription}"
    for role in ("Reader", "Azure Batch Data Contributor"):
        Caller(batchlocal, "").grant(made["objectId"], role, scope)
    return made


@pytest.fixture
def requests(batchlocal: Local, issuer: Issuer, tmp_path: Path) -> Iterator[Requests]:
    with answering(issuer, batchlocal, tmp_path) as requests:
        yield requests


@pytest.fixture
def environment(pipeline: dict[str, str], requests: Requests, tmp_path: Path) -> dict[str, str]:
    """A job of GitHub Actions: no AZURE_* but the cloud's address, which a public cloud would not need either."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    whose = {"ARM_USE_OIDC": "true", "ARM_CLIENT_ID": pipeline["clientId"], "BATCHMGMT_CACHE_DIR": f"{tmp_path}/cache"}
    return {**known, **whose, **requests.environment}


def batchmgmt(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "batchmgmt", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_pipelines_token_signs_every_command_in(
    management: BatchManagement, account: Account, named: list[str], environment: dict[str, str], requests: Requests
) -> None:
    for command in (["account", "show"], ["endpoint", "show"]):
        done = batchmgmt({**environment, "BATCHMGMT_TOKEN_CACHE": "off"}, *command, *named, "--format", "json")
        assert done.returncode == 0, done.stderr
        assert account.name in done.stdout
    assert requests.asked >= 2
    assert json.loads(done.stdout)["authentication"]["mode"] == "token"  # it may not list keys


def test_a_kept_token_saves_asking_the_issuer_again(
    named: list[str], environment: dict[str, str], requests: Requests
) -> None:
    first, second = (batchmgmt(environment, "endpoint", "show", *named) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert requests.asked == 2  # one for ARM, one for Batch


def test_the_library_signs_in_the_same_way(named: list[str], environment: dict[str, str]) -> None:
    program = (
        "import sys\n"
        "from batchmgmt import BatchManagement\n"
        "with BatchManagement.from_env() as management:\n"
        "    with management.account(*sys.argv[1:]).client() as client:\n"
        "        print(sorted(job.id for job in client.list_jobs()))\n"
    )
    command = [sys.executable, "-c", program, named[1], named[3]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[")


def test_a_token_may_be_given_or_lie_in_a_file(
    issuer: Issuer, named: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(issuer.token())
    without = {name: value for name, value in environment.items() if not name.startswith("ACTIONS_")}
    for source in ({"ARM_OIDC_TOKEN": issuer.token()}, {"ARM_OIDC_TOKEN_FILE_PATH": f"{tmp_path}/token"}):
        variables = {**without, **source, "BATCHMGMT_TOKEN_CACHE": "off"}
        done = batchmgmt(variables, "endpoint", "show", *named)
        assert done.returncode == 0, done.stderr


def test_azure_devops_is_asked_for_a_new_token_each_time(
    batchlocal: Local, issuer: Issuer, requests: Requests, named: list[str], environment: dict[str, str]
) -> None:
    """The token that AzureCLI@2 hands to its script ends soon, and here has ended."""
    connection = issuer.principal(batchlocal, "batchmgmt-devops", "sc://contoso/render/batch-jobs")
    Caller(batchlocal, "").grant(connection["objectId"], "Reader", f"/subscriptions/{batchlocal.subscription}")
    without = {name: value for name, value in environment.items() if not name.startswith("ACTIONS_")}
    task = {
        "ARM_CLIENT_ID": connection["clientId"],
        "ARM_OIDC_TOKEN": issuer.token(sub="sc://contoso/render/batch-jobs", exp=1),
        "SYSTEM_OIDCREQUESTURI": requests.url.partition("?")[0],
        "SYSTEM_ACCESSTOKEN": requests.bearer,
        "BATCHMGMT_TOKEN_CACHE": "off",
    }
    done = batchmgmt({**without, **task}, "account", "show", *named)
    assert "AADSTS700024" in done.stderr
    asking = {**task, "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "batch-jobs"}
    for command in ("endpoint", "account"):
        done = batchmgmt({**without, **asking}, command, "show", *named)
        assert done.returncode == 0, done.stderr
    assert requests.asked >= 2


def test_a_workload_identitys_variables_need_no_other(
    issuer: Issuer, pipeline: dict[str, str], batchlocal: Local, named: list[str], environment: dict[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    """As Kubernetes' workload identity webhook sets them; azure-identity's default chain reads them."""
    (tmp_path / "token").write_text(issuer.token())
    known = {name: value for name, value in environment.items() if not name.startswith(("ACTIONS_", "ARM_USE"))}
    whose = {"AZURE_CLIENT_ID": pipeline["clientId"], "AZURE_TENANT_ID": batchlocal.settings["tenantId"]}
    where = {"AZURE_AUTHORITY_HOST": batchlocal.settings["authorityHost"]}
    workload = {**known, **whose, **where, "AZURE_FEDERATED_TOKEN_FILE": f"{tmp_path}/token"}
    done = batchmgmt(workload, "endpoint", "show", *named)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"ARM_CLIENT_ID": ""}, 2, "ARM_USE_OIDC needs ARM_CLIENT_ID"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": ""}, 2, "id-token: write"),
        ({"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another-word"}, 1, "asking the pipeline for its token"),
        ({"ARM_OIDC_TOKEN_FILE_PATH": "/nowhere/token"}, 1, "/nowhere/token: No such file"),
        ({"ARM_OIDC_TOKEN": "hidden-word"}, 1, "AADSTS50027"),
        ({"ARM_USE_OIDC": "", "AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential"}, 1, "signing in"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_without_the_token(
    named: list[str], environment: dict[str, str], requests: Requests, change: dict[str, str], code: int, text: str
) -> None:
    for command in ("endpoint", "account"):
        done = batchmgmt({**environment, **change}, command, "show", *named)
        assert done.returncode == code, done.stderr
        assert text in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        for secret in (requests.bearer, "another-word", "hidden-word"):
            assert secret not in done.stdout + done.stderr


def test_a_client_secret_goes_first(batchlocal: Local, named: list[str], environment: dict[str, str]) -> None:
    secret = {name: value for name, value in batchlocal.environment.items() if name.startswith("AZURE_")}
    done = batchmgmt({**environment, **secret, "ARM_CLIENT_ID": ""}, "endpoint", "show", *named)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["authentication"]["mode"] == "key"
