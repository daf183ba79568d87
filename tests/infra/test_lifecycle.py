"""A stack's life on a real server, by the embedded engine: up, nothing to do, a change, drift, destroy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from batchmgmt import BatchManagement
from tests.infra.project import Project, copied


@pytest.fixture
def project(batchlocal: Any, tmp_path: Path, unique: str) -> Project:
    """Stack local under names that no other test uses."""
    made = copied(tmp_path, "local", "examples/fractal")
    config = made.settings()
    config["batchenv:resourceGroup"] = unique
    config["batchenv:account"]["name"] = unique
    config["batchenv:storage"]["name"] = f"{unique}s"
    made.change(config)
    return made


def test_a_stack_lives_from_up_to_destroy_and_leaves_nothing(project: Project, unique: str) -> None:
    project.engine("up", "--yes", "--skip-preview")
    outputs = project.outputs()
    assert outputs["applications"] == {"fractal": "1.0"}
    assert outputs["batchEndpoint"].endswith(f"/{unique}")
    project.engine("preview", "--expect-no-changes")
    project.engine("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")

    add_version(project, "2.0")
    project.engine("up", "--yes", "--skip-preview")
    assert project.outputs()["applications"] == {"fractal": "2.0"}
    project.engine("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")
    assert pool_versions(unique) == ["2.0"]

    project.engine("destroy", "--yes", "--skip-preview")
    with BatchManagement.from_env() as management:
        assert [one.name for one in management.sdk.batch_account.list() if one.name == unique] == []
        assert [one.name for one in management.storage_sdk.storage_accounts.list() if one.name == f"{unique}s"] == []


def add_version(project: Project, version: str) -> None:
    """A second version of the package, with other content, and the pool on it."""
    shutil.copytree(project.root / "examples/fractal", project.root / "examples/fractal-2")
    (project.root / "examples/fractal-2" / "NEWS").write_text("Second version.\n")
    config = project.settings()
    config["batchenv:applications"][0]["packages"].append({"version": version, "source": "examples/fractal-2"})
    config["batchenv:pools"][0]["packages"][0]["version"] = version
    project.change(config)


def pool_versions(name: str) -> list[str | None]:
    with BatchManagement.from_env() as management:
        found = management.sdk.pool.get(name, name, "main").properties
        assert found is not None
        return [one.version for one in found.application_packages or []]


def test_wrong_settings_and_other_content_under_a_version_stop_the_preview(project: Project, unique: str) -> None:
    good = project.settings()
    project.change({**good, "batchenv:acount": "x"})
    told = project.engine("preview", code=1)
    assert "stacks/Pulumi.local.yaml: a setting is wrong; nothing was deployed" in told
    assert "batchenv:acount is no setting; did you mean account" in told
    assert "Traceback" not in told

    project.change(good)
    project.engine("up", "--yes", "--skip-preview")
    (project.root / "examples/fractal/fractal.py").write_text("print('other')\n")
    told = project.engine("preview", code=1)
    assert "version 1.0 of application fractal exists with other content" in told
    assert "Traceback" not in told


def test_state_has_no_key_signature_or_content(project: Project, unique: str) -> None:
    project.engine("up", "--yes", "--skip-preview")
    state = project.state()
    with BatchManagement.from_env() as management:
        keys = management.storage_sdk.storage_accounts.list_keys(unique, f"{unique}s")["keys"]
        batch = management.sdk.batch_account.get_keys(unique, unique)
    for secret in (*(key["value"] for key in keys), batch.primary, batch.secondary, "sig=", "import argparse"):
        assert secret
        assert secret not in state
    assert str(project.root / "examples") not in state
