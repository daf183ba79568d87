"""Every stack of the project through its life on a real server: nothing is left out, nothing is left over."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from batchmgmt import BatchManagement
from tests.conftest import Local
from tests.infra.project import Project, copied
from tests.infra.test_stacks import STACKS
from tests.neighbours.conftest import Caller
from tests.neighbours.test_network_rules import at


@pytest.fixture
def project(batchlocal: Any, tmp_path: Path, unique: str, request: pytest.FixtureRequest) -> Project:
    """A stack under names that no other test uses."""
    made = copied(tmp_path, request.param, "examples")
    config = made.settings()
    config["batchenv:resourceGroup"] = unique
    config["batchenv:account"]["name"] = unique
    config["batchenv:storage"]["name"] = f"{unique}s"
    made.change(config)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("project", STACKS, indirect=True)
def test_a_stack_lives_from_preview_to_destroy(project: Project, unique: str) -> None:
    lives(project, unique)


@pytest.mark.slow
@pytest.mark.pulumi_cli
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no Pulumi CLI on PATH")
@pytest.mark.parametrize("project", STACKS, indirect=True)
def test_a_stack_lives_the_same_life_by_the_pulumi_cli(project: Project, unique: str) -> None:
    project.by_pulumi = True
    project.engine("stack", "init")
    lives(project, unique)


def lives(project: Project, unique: str) -> None:
    """From a preview to nothing left."""
    assert "to create" in project.engine("preview")
    assert resources_of(unique) == []
    project.engine("up", "--yes", "--skip-preview")
    assert resources_of(unique)
    project.engine("preview", "--expect-no-changes")

    change(project)
    assert "to update" in project.engine("preview")
    project.engine("up", "--yes", "--skip-preview")
    project.engine("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")

    release(project)
    project.engine("destroy", "--yes", "--skip-preview")
    assert resources_of(unique) == []
    assert not [one for one in project.resources() if one["type"] != "pulumi:pulumi:Stack"]


def change(project: Project) -> None:
    """Something that every stack has, and something of its pool's."""
    config = project.settings()
    config["batchenv:tags"] = {**config.get("batchenv:tags", {}), "changed": "yes"}
    config["batchenv:pools"][0]["metadata"] = {"changed": "yes"}
    project.change(config)


def release(project: Project) -> None:
    """What holds a stack's data must be let go before it can be destroyed."""
    config = project.settings()
    if config.get("batchenv:profile") != "production":
        return
    told = project.engine("destroy", "--yes", "--skip-preview", code=1)
    assert "protect" in told
    project.change({**config, "batchenv:profile": "development", "batchenv:locks": False})
    project.engine("up", "--yes", "--skip-preview")


def resources_of(group: str) -> list[str]:
    """ARM ids of all that is in a resource group, itself included."""
    with BatchManagement.from_env() as management:
        listed = management.arm.list(
            "listing all", f"/subscriptions/{management.subscription_id}/resources", api_version="2021-04-01"
        )
        return [one["id"] for one in listed if f"/resourceGroups/{group}/".lower() in one["id"].lower()]


@pytest.mark.slow
@pytest.mark.parametrize("project", ["private"], indirect=True)
def test_a_private_stack_answers_inside_its_network_only(project: Project, unique: str, batchlocal: Local) -> None:
    project.engine("up", "--yes", "--skip-preview")
    caller = Caller(batchlocal, unique)
    for address, status in (("127.0.0.1", 403), ("127.21.0.5", 403), ("127.20.0.5", 200)):
        with at(caller, address) as there:
            assert there.service("GET", unique, "pools/main").status_code == status, address
    project.engine("destroy", "--yes", "--skip-preview")


@pytest.mark.slow
@pytest.mark.parametrize("project", ["prod"], indirect=True)
def test_production_is_locked_and_lets_only_its_team_submit(project: Project, unique: str, batchlocal: Local) -> None:
    project.engine("up", "--yes", "--skip-preview")
    caller = Caller(batchlocal, unique)
    account = caller.path(f"Microsoft.Batch/batchAccounts/{unique}")
    for held, version in ((account, "2024-07-01"), (caller.scope, "2024-03-01")):
        assert caller.refused("DELETE", held, version=version) == (409, "ScopeLocked")

    [access] = project.settings()["batchenv:access"]
    member, stranger = caller.another(groups=[access["principal"]]), caller.another()
    owner = caller.another()
    caller.grant(owner.object_id, "Owner", account)
    assert [submit(one, unique, "night") for one in (stranger, owner, member)] == [403, 403, 201]
    assert member.service("DELETE", unique, "pools/main").status_code == 403
    assert member.send("GET", account, version="2024-07-01").ok, "it reads the account"
    assert member.refused("PATCH", account, {"tags": {}}, version="2024-07-01") == (403, "AuthorizationFailed")

    release(project)
    project.engine("destroy", "--yes", "--skip-preview")
    assert member.service("GET", unique, "jobs").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("project", ["spot"], indirect=True)
def test_a_spot_stack_takes_work_of_submitters_who_cannot_touch_its_pool(
    project: Project, unique: str, batchlocal: Local
) -> None:
    project.engine("up", "--yes", "--skip-preview")
    caller = Caller(batchlocal, unique)
    submitter = caller.another()
    assert submit(submitter, unique, "frames") == 403
    account = caller.path(f"Microsoft.Batch/batchAccounts/{unique}")
    caller.grant(submitter.object_id, "Azure Batch Job Submitter", account)
    assert submit(submitter, unique, "frames") == 201
    resize = submitter.service("POST", unique, "pools/render/resize", {"targetLowPriorityNodes": 50})
    assert resize.status_code == 403
    project.engine("destroy", "--yes", "--skip-preview")


def submit(caller: Caller, account: str, job: str) -> int:
    """Add a job without work of its own; the status."""
    pool = {"poolId": "none-yet"}
    return caller.service("POST", account, "jobs", {"id": job, "poolInfo": pool}).status_code
