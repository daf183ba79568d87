"""Every stack of the project through its life on a real server: nothing is left out, nothing is left over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchmgmt import BatchManagement
from tests.infra.project import Project, copied
from tests.infra.test_stacks import STACKS


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
