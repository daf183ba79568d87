"""What a package upload sends."""

from __future__ import annotations

import hashlib
import os
import zipfile

import pytest

from batchmgmt.archives import content_of
from batchmgmt.errors import BatchManagementError, UsageError


def test_a_folder_gives_the_same_bytes_whatever_its_times_and_order(tool, tmp_path):
    first = content_of(tool)
    copy = tmp_path / "copy"
    (copy / "lib").mkdir(parents=True)
    (copy / "lib" / "data.txt").write_text("data\n")
    (copy / "run.sh").write_text("#!/bin/sh\necho hello\n")
    (copy / "run.sh").chmod(0o700)
    os.utime(copy / "run.sh", (1, 1))
    assert (content_of(copy).sha256, content_of(copy).size) == (first.sha256, first.size)


def test_the_hash_is_that_of_the_bytes_that_are_sent(tool):
    content = content_of(tool)
    with content.open() as file:
        sent = file.read()
    assert hashlib.sha256(sent).hexdigest() == content.sha256
    assert hashlib.md5(sent).hexdigest() == content.md5
    assert len(sent) == content.size


def test_a_folder_becomes_a_sound_zip_that_keeps_what_can_be_executed(tool, tmp_path):
    with content_of(tool).open() as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    assert modes == {"lib/data.txt": 0o644, "run.sh": 0o755}


def test_what_interpreters_and_desktops_leave_behind_is_no_part_of_a_package(tool):
    before = content_of(tool)
    (tool / "__pycache__").mkdir()
    (tool / "__pycache__" / "run.cpython-311.pyc").write_bytes(b"x")
    (tool / ".DS_Store").write_bytes(b"x")
    assert content_of(tool).sha256 == before.sha256


def test_a_changed_byte_a_new_file_and_a_new_mode_are_other_content(tool):
    hashes = {content_of(tool).sha256}
    (tool / "lib" / "data.txt").write_text("Data\n")
    hashes.add(content_of(tool).sha256)
    (tool / "lib" / "empty").mkdir()
    hashes.add(content_of(tool).sha256)
    (tool / "run.sh").chmod(0o644)
    hashes.add(content_of(tool).sha256)
    assert len(hashes) == 4


def test_a_folder_that_changes_while_it_is_read_is_not_sent(tool):
    content = content_of(tool)
    (tool / "lib" / "data.txt").write_text("other\n")
    with pytest.raises(BatchManagementError, match="changed while it was being read"), content.open():
        pytest.fail("the changed folder was opened")


def test_what_cannot_be_a_package_is_refused_with_the_reason(tmp_path):
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "empty").mkdir()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "gone").symlink_to(tmp_path / "nowhere")
    for name, reason in [
        ("missing", "there is no file or folder"),
        ("text.zip", "is no zip file"),
        ("empty", "holds nothing"),
        ("linked", "a link to nothing"),
    ]:
        with pytest.raises(UsageError, match=reason):
            content_of(tmp_path / name)
