"""Snapshots of what tasks may leave: folders and files that are closed to everybody, or that are gone.

For root nothing is closed, so root runs these as another user.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchlocal import snapshots
from batchlocal.datafolder import DataFolder, remove_tree
from batchlocal.store import Store
from tests.support.waiting import until

NOBODY = 65534
COME_AND_GO = 'while :; do mkdir -p "$1/a/b/c"; rm -r "$1/a"; done'


@pytest.fixture
def data() -> Iterator[DataFolder]:
    """The data folder of a user who is not root, and that user for the test."""
    root = Path(tempfile.mkdtemp())
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(root, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        made = DataFolder(root / "data")
        made.prepare()
        Store(made.store).close()
        yield made
    finally:
        if is_root:
            os.seteuid(0)
        remove_tree(root)


def module_cache(data: DataFolder) -> Path:
    """A file in a folder that may not be written, as Go's module cache is."""
    file = data.nodes / "account" / "pool" / "node" / "mod" / "file"
    file.parent.mkdir(parents=True)
    file.write_text("kept")
    file.chmod(0o444)
    file.parent.chmod(0o555)
    return file


def save(data: DataFolder) -> None:
    snapshots.copy_store(data, "saved")
    snapshots.copy_files(data, "saved", "2026-01-01T00:00:00Z", 0)


def test_everything_is_forgotten_with_folders_that_may_not_be_written(data: DataFolder) -> None:
    file = module_cache(data)
    snapshots.exchange(data, "")
    assert not file.exists()
    assert not data.restoring.exists()


def test_folders_that_may_not_be_written_come_back_as_they_were(data: DataFolder) -> None:
    file = module_cache(data)
    save(data)
    snapshots.exchange(data, "saved")
    assert (file.read_text(), file.parent.stat().st_mode & 0o777) == ("kept", 0o555)
    snapshots.remove(data, "saved")
    assert snapshots.listed(data) == []


def test_a_file_that_may_not_be_read_is_saved_and_stays_as_it_is(data: DataFolder) -> None:
    file = data.nodes / "closed"
    file.write_text("kept")
    file.chmod(0)
    save(data)
    assert file.stat().st_mode & 0o777 == 0
    snapshots.exchange(data, "saved")
    assert file.stat().st_mode & 0o777 == 0
    file.chmod(0o400)
    assert file.read_text() == "kept"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave a folder of somebody else's")
def test_what_is_somebody_elses_stays_and_the_rest_goes(data: DataFolder) -> None:
    os.seteuid(0)
    foreign = data.nodes / "foreign"
    foreign.mkdir(mode=0o755)
    (foreign / "file").write_text("root's")
    os.seteuid(NOBODY)
    (data.nodes / "mine").mkdir()
    snapshots.exchange(data, "")
    assert [path.name for path in data.nodes.iterdir()] == ["foreign"]
    assert not data.restoring.exists()


def test_folders_that_come_and_go_meanwhile_are_no_trouble(data: DataFolder) -> None:
    with subprocess.Popen(
        ["/bin/sh", "-c", COME_AND_GO, "sh", str(data.nodes / "busy")], stderr=subprocess.DEVNULL
    ) as task:
        try:
            until((data.nodes / "busy").exists)
            for _ in range(50):
                save(data)
        finally:
            task.kill()
