"""Packages: uploaded, verified, activated, found, pruned, withdrawn."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile

import pytest
from azure.storage.blob import BlobClient

from batchmgmt import blobs, packages
from batchmgmt.errors import NotFound, PackageContentDiffers


def blob_of(account, application, version):
    found = account.management.sdk.application_package.get(account.resource_group, account.name, application, version)
    return BlobClient.from_blob_url(found.storage_url)


@pytest.fixture
def application(account, unique):
    account.applications.ensure(unique)
    return unique


def test_an_upload_ends_active_with_the_very_bytes_and_their_hash_kept(account, application, tool):
    seen = []
    done = account.packages.publish(
        application, "1.0", tool, set_default=True, progress=lambda *each: seen.append(each)
    )
    assert (done.state, done.sent, done.is_default) == ("Active", True, True)
    with blob_of(account, application, "1.0") as blob:
        properties, content = blob.get_blob_properties(), blob.download_blob().readall()
    assert hashlib.sha256(content).hexdigest() == done.sha256 == properties.metadata["sha256"]
    assert properties.content_settings.content_md5 == hashlib.md5(content).digest()
    assert seen[-1] == (done.size, done.size)
    assert account.packages.find(application, "1.0") == packages.PublishedPackage(
        application, "1.0", done.sha256, done.size, "Active", True
    )


def test_the_same_content_is_not_sent_twice(account, application, tool):
    account.packages.publish(application, "1.0", tool)
    with blob_of(account, application, "1.0") as blob:
        before = blob.get_blob_properties().etag
    assert account.packages.publish(application, "1.0", tool).sent is False
    with blob_of(account, application, "1.0") as blob:
        assert blob.get_blob_properties().etag == before


def test_other_content_under_a_version_goes_by_allow_updates(account, application, tool):
    account.packages.publish(application, "1.0", tool)
    (tool / "lib" / "data.txt").write_text("other\n")
    with pytest.raises(PackageContentDiffers, match="allowUpdates is false"):
        account.packages.publish(application, "1.0", tool, allow_updates=False)
    assert account.packages.publish(application, "1.0", tool).sent is True
    account.applications.update(application, allow_updates=False)
    (tool / "lib" / "data.txt").write_text("third\n")
    with pytest.raises(PackageContentDiffers):
        account.packages.publish(application, "1.0", tool, allow_updates=True)


def test_a_package_that_others_uploaded_is_recognised_by_its_bytes(account, application, tool):
    sdk, place = account.management.sdk, (account.resource_group, account.name, application, "1.0")
    created = sdk.application_package.create(*place)
    with packages.content_of(tool).open() as file, BlobClient.from_blob_url(created.storage_url) as blob:
        blob.upload_blob(file.read())
    sdk.application_package.activate(*place, {"format": "zip"})
    assert account.packages.publish(application, "1.0", tool).sent is False


def test_an_upload_that_was_cut_off_goes_on_with_the_blocks_that_are_missing(account, application, tmp_path):
    source = tmp_path / "big.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("noise", os.urandom(3 * blobs.BLOCK))

    class CutOff(Exception):
        pass

    def cut(arrived, _total):
        if arrived > blobs.BLOCK:
            raise CutOff

    with pytest.raises(CutOff):
        account.packages.publish(application, "1.0", source, progress=cut)
    with blob_of(account, application, "1.0") as blob:
        assert len(blob.get_block_list("uncommitted")[1]) == 2
    assert account.packages.find(application, "1.0").state == "Pending"
    assert account.packages.publish(application, "1.0", source).state == "Active"
    with blob_of(account, application, "1.0") as blob:
        assert hashlib.sha256(blob.download_blob().readall()).digest() == hashlib.sha256(source.read_bytes()).digest()


def test_prune_keeps_the_default_version_and_the_latest_ones(account, application, tool):
    for number in range(4):
        (tool / "lib" / "data.txt").write_text(f"{number}\n")
        account.packages.publish(application, f"1.{number}", tool, set_default=number == 1)
    assert account.packages.prune(application, keep=1, dry_run=True) == ["1.0", "1.2"]
    assert len(account.packages.list(application)) == 4
    account.packages.prune(application, keep=1)
    assert [each.name for each in account.packages.list(application)] == ["1.1", "1.3"]


def test_withdrawing_the_default_version_leaves_no_default_and_is_repeatable(account, application, tool):
    account.packages.publish(application, "1.0", tool, set_default=True)
    place = (account.management, account.resource_group, account.name, application, "1.0")
    assert packages.withdraw(*place) is True
    assert packages.withdraw(*place) is False
    assert packages.find(*place) is None
    assert account.applications.get(application).default_version is None


def test_a_missing_account_is_no_missing_package(management, account):
    with pytest.raises(NotFound, match="AccountNotFound"):
        management.account(account.resource_group, "nosuch").packages.find("tool", "1.0")


def test_the_command_uploads_creating_the_application_and_says_what_it_did(cli, account, named, unique, tool):
    arguments = ["package", "upload", str(tool), *named, "-a", unique, "-v", "2.0", "--default"]
    first = cli(*arguments)
    assert first.returncode == 0, first.stderr
    assert f"{unique} 2.0: sent and activated" in first.stdout
    again = json.loads(cli(*arguments, "--format", "json").stdout)
    assert (again["state"], again["default"], again["sent"]) == ("Active", True, False)
    assert account.applications.get(unique).default_version == "2.0"


def test_a_package_is_taken_from_a_url_without_showing_its_query(cli, account, named, application, tool):
    account.packages.publish(application, "1.0", tool)
    with blob_of(account, application, "1.0") as blob:
        url = blob.url
    done = cli("package", "upload", url, *named, "-a", application, "-v", "2.0")
    assert done.returncode == 0, done.stderr
    assert account.packages.find(application, "2.0").sha256 == account.packages.find(application, "1.0").sha256
    refused = cli("package", "upload", url.replace("sig=", "sig=x"), *named, "-a", application, "-v", "3.0")
    assert refused.returncode == 1
    assert "answered 403" in refused.stderr
    assert "sig=" not in refused.stderr
    assert account.packages.find(application, "3.0") is None


def test_a_source_that_is_none_fails_before_anything_is_created(cli, account, named, unique, tmp_path):
    done = cli("package", "upload", str(tmp_path / "nothing"), *named, "-a", unique, "-v", "1.0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no file or folder" in done.stderr
    assert unique not in [each.name for each in account.applications.list()]
