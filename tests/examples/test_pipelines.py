"""The pipelines of examples/pipelines, step by step, as their agents run them.

A batchlocal stands for Azure and an issuer of our own for those of GitHub and Azure DevOps, so nobody has a secret here
either. The state lies in a folder. ``make`` deploys with the Pulumi CLI where there is one; else the embedded engine
stands in (ENGINE=embedded), with the local provider plugin.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from batchmgmt import BatchManagement
from tests.conftest import Local, start_local
from tests.e2e.checkout import copied
from tests.examples.agents import AzurePipelines, GitHubActions, Job
from tests.issuer import Issuer, Requests, answering
from tests.neighbours.conftest import Caller

ROOT = Path(__file__).parents[2]
PIPELINES = ROOT / "examples" / "pipelines"
FILES = ["github-actions.yml", "azure-pipelines.yml"]
DEV = ("rg-batch-dev", "contosobatchdev")
SQUARES = [f"{number} squared is {number * number}" for number in range(1, 5)]
PULUMI = shutil.which("pulumi")
WHO = {"preview": ["Reader"], "dev": ["Contributor"], "prod": ["Contributor", "User Access Administrator"]}
"""Roles in the subscription, by environment of GitHub, or service connection (batch-NAME) of Azure DevOps."""
WHO_LATER = {
    "jobs": ["Azure Batch Account Reader", "Azure Batch Job Submitter"],
    "keys": ["Azure Batch Account Contributor", "Storage Account Contributor"],
}
"""Roles in the resource group of stack dev, given when it is there."""


@dataclass
class Tenant:
    """An Azure of the tests' own, in which a CI system's jobs sign in."""

    local: Local
    issuer: Issuer
    checkout: Path
    principals: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    @property
    def machine(self) -> dict[str, str]:
        """The agent's environment: a machine like any other, but for the address and the CA of another cloud."""
        ambient = ("ARM_", "AZURE_", "PULUMI_", "MAKE", "MFLAGS", "GITHUB_", "SSL_", "REQUESTS_", "PYTEST_")
        known = {name: value for name, value in os.environ.items() if not name.startswith(ambient)}
        cloud = ("ARM_METADATA_HOSTNAME", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        return {
            **known,
            **{name: self.local.environment[name] for name in cloud},
            "PATH": f"{self.local.settings['pluginPath']}{os.pathsep}{known['PATH']}",
            "BATCHMGMT_TOKEN_CACHE": "off",  # a new machine has none
            "PULUMI_CONFIG_PASSPHRASE": "not a secret",
            "ENGINE": "pulumi" if PULUMI else "embedded",
        }

    @property
    def instead(self) -> dict[str, str]:
        state = self.checkout.parent / "state"
        state.mkdir(exist_ok=True)
        return {"PULUMI_BACKEND_URL": state.as_uri(), "ARM_SUBSCRIPTION_ID": self.local.subscription}

    def principal(self, name: str, subject: str) -> dict[str, str]:
        """Whom tokens of a subject sign in as; it has the roles of the table."""
        if subject not in self.principals:
            made = self.issuer.principal(self.local, f"{name}-{len(self.principals)}", subject)
            for role in WHO.get(name, []):
                Caller(self.local, "").grant(made["objectId"], role, f"/subscriptions/{self.local.subscription}")
            for role in WHO_LATER.get(name, []):
                caller = Caller(self.local, DEV[0])
                caller.grant(made["objectId"], role, caller.scope)
            self.principals[subject] = made
        return self.principals[subject]

    def secrets(self) -> list[str]:
        """Every key of stack dev's account and its storage."""
        credential = self.local.credential()
        with BatchManagement(credential, self.local.subscription) as management:
            keys = management.account(*DEV).keys.list()
            listed = management.storage_sdk.storage_accounts.list_keys(DEV[0], "contosobatchdevstore").keys_property
            return [keys.primary.reveal(), keys.secondary.reveal(), *(str(one.value) for one in listed or [])]


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    local = start_local(tmp_path / "azure")
    issuer = Issuer()
    issuer.is_trusted_by(local, tmp_path)
    with pytest.MonkeyPatch.context() as patch:  # for the tests' own requests
        for name, value in local.environment.items():
            patch.setenv(name, value)
        yield Tenant(local, issuer, copied(tmp_path / "project").root)
    stopped = local.run("stop")
    assert stopped.returncode == 0, stopped.stderr


@pytest.fixture
def issued(tenant: Tenant, tmp_path: Path) -> Iterator[Requests]:
    """GitHub's token endpoint."""
    with answering(tenant.issuer, tenant.local, tmp_path) as requests:
        yield requests


@pytest.fixture
def github(tenant: Tenant) -> GitHubActions:
    shared = {"AZURE_TENANT_ID": tenant.local.settings["tenantId"], "AZURE_SUBSCRIPTION_ID": tenant.local.subscription}
    file = PIPELINES / "github-actions.yml"
    return GitHubActions(file, tenant.checkout, tenant.machine, tenant.instead, variables={"": shared})


@pytest.fixture
def azure_devops(tenant: Tenant, issued: Requests) -> AzurePipelines:
    def connection(name: str) -> dict[str, str]:
        subject = f"sc://contoso/render/{name}"
        made = tenant.principal(name.removeprefix("batch-"), subject)
        token = tenant.issuer.token(sub=subject)
        return {"servicePrincipalId": made["clientId"], "tenantId": made["tenantId"], "idToken": token}

    file = PIPELINES / "azure-pipelines.yml"
    machine = {**tenant.machine, **issued.trusted, "SYSTEM_OIDCREQUESTURI": issued.url.partition("?")[0]}
    return AzurePipelines(
        file, tenant.checkout, machine, tenant.instead, connections=connection, access_token=issued.bearer
    )


def run(github: GitHubActions, tenant: Tenant, issued: Requests, job: Job) -> None:
    """Run a job of GitHub's with the token that it gets for its environment."""
    subject = f"repo:contoso/render:environment:{job.environment}"
    if job.environment:
        job.contexts["vars"]["AZURE_CLIENT_ID"] = tenant.principal(job.environment, subject)["clientId"]
    issued.subject = subject
    github.run(job, issued.environment)


def names(jobs: Any) -> list[str]:
    return [f"{job.name} {job.environment}".strip() for job in jobs]


def test_events_start_the_jobs_that_the_page_says() -> None:
    github = GitHubActions(PIPELINES / "github-actions.yml", ROOT, {}, {}, variables={"": {}})
    azure_devops = AzurePipelines(PIPELINES / "azure-pipelines.yml", ROOT, {}, {})
    assert names(github.jobs(event_name="pull_request")) == ["check", "preview preview", "preview preview"]
    assert names(github.jobs(event_name="push")) == ["deploy dev", "deploy prod", "work jobs"]
    drift, keys = (one["cron"] for one in github.document[True]["schedule"])
    assert names(github.jobs(event_name="schedule", event={"schedule": drift})) == ["preview preview"] * 2
    assert names(github.jobs(event_name="schedule", event={"schedule": keys})) == ["keys keys"]

    pull_request = azure_devops.jobs(**{"Build.Reason": "PullRequest"})
    assert names(pull_request) == ["local", "preview_dev", "preview_prod"]
    assert names(azure_devops.jobs(**{"Build.Reason": "IndividualCI"})) == ["dev dev", "prod prod", "squares"]
    schedules = [one["displayName"] for one in azure_devops.document["schedules"]]
    by_schedule = [
        names(azure_devops.jobs(**{"Build.Reason": "Schedule", "Build.CronSchedule.DisplayName": one}))
        for one in schedules
    ]
    assert by_schedule == [["preview_dev", "preview_prod"], ["rotate"]]


@pytest.mark.parametrize("name", FILES)
def test_no_secret_is_stored(name: str) -> None:
    text = (PIPELINES / name).read_text()
    assert "secrets." not in text
    assert not [word for word in ("ACCESS_TOKEN", "PASSPHRASE", "CLIENT_SECRET") if word in text]
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize("name", FILES)
def test_accounts_are_named_as_their_stacks_name_them(name: str) -> None:
    settings = yaml.safe_load((ROOT / "stacks" / "Pulumi.dev.yaml").read_text())["config"]
    assert (settings["batchenv:resourceGroup"], settings["batchenv:account"]["name"]) == DEV
    if name == "github-actions.yml":
        assert f"-g {DEV[0]} -n {DEV[1]} " in (PIPELINES / name).read_text()


def test_github_deploys_and_hands_the_endpoint_to_another_job(
    github: GitHubActions, tenant: Tenant, issued: Requests
) -> None:
    dev, _, work = github.jobs(event_name="push")
    run(github, tenant, issued, dev)
    run(github, tenant, issued, work)
    assert github.shown.splitlines()[-4:] == SQUARES
    assert len(github.masks) == 2  # what asks for tokens, and the token that was handed over
    assert not [secret for secret in [*github.masks, *tenant.secrets()] if secret in "\n".join(github.log)]


@pytest.mark.slow
def test_a_pull_request_is_checked_without_a_cloud_and_previewed(
    github: GitHubActions, tenant: Tenant, issued: Requests
) -> None:
    check, *previews = github.jobs(event_name="pull_request")
    asked = issued.asked
    run(github, tenant, issued, check)
    assert "64 tasks on " in github.shown
    assert issued.asked == asked
    state = tenant.checkout.parent / "state"
    before = {file: file.read_bytes() for file in state.rglob("*") if file.is_file()}
    for preview in previews:
        run(github, tenant, issued, preview)
    assert "to create" in github.shown
    assert {file: file.read_bytes() for file in state.rglob("*") if file.is_file()} == before


@pytest.mark.slow
def test_github_sees_drift_and_rotates_keys(github: GitHubActions, tenant: Tenant, issued: Requests) -> None:
    drift, rotation = (one["cron"] for one in github.document[True]["schedule"])
    for deploy in list(github.jobs(event_name="push"))[:2]:
        run(github, tenant, issued, deploy)
    nightly = list(github.jobs(event_name="schedule", event={"schedule": drift}))
    for job in nightly:
        run(github, tenant, issued, job)

    before = tenant.secrets()
    [keys] = github.jobs(event_name="schedule", event={"schedule": rotation})
    run(github, tenant, issued, keys)
    after = tenant.secrets()
    assert [old != new for old, new in zip(before, after, strict=True)] == [True, False, True, False]
    assert not [secret for secret in [*before, *after] if secret in "\n".join(github.log)]
    run(github, tenant, issued, nightly[0])  # new keys are no drift

    group = Caller(tenant.local, DEV[0])
    where = {"location": "westeurope"}
    group.put(group.scope, {**where, "tags": {"environment": "dev", "changed": "by hand"}}, version="2024-03-01")
    with pytest.raises(AssertionError, match=r"tags\.changed"):
        run(github, tenant, issued, nightly[0])
    group.put(group.scope, {**where, "tags": {"environment": "dev"}}, version="2024-03-01")
    run(github, tenant, issued, nightly[0])


@pytest.mark.slow
def test_azure_devops_deploys_hands_over_sees_drift_and_rotates(
    azure_devops: AzurePipelines, tenant: Tenant, issued: Requests
) -> None:
    deploy_dev, deploy_prod, work = azure_devops.jobs(**{"Build.Reason": "IndividualCI"})
    for job in (deploy_dev, deploy_prod, work):
        azure_devops.run(job)
    assert azure_devops.shown.splitlines()[-4:] == SQUARES
    assert issued.asked  # batchmgmt's provider in the deployments

    scheduled = {"Build.Reason": "Schedule", "Build.CronSchedule.DisplayName": "drift"}
    for job in azure_devops.jobs(**scheduled):
        azure_devops.run(job)
    before = tenant.secrets()
    for job in azure_devops.jobs(**{**scheduled, "Build.CronSchedule.DisplayName": "keys"}):
        azure_devops.run(job)
    after = tenant.secrets()
    assert [old != new for old, new in zip(before, after, strict=True)] == [True, False, True, False]
    printed = "\n".join(azure_devops.log)
    assert not [secret for secret in [*azure_devops.masks, *before, *after] if secret in printed]
