"""Short-lived access to the linked storage."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import ContainerClient

from batchmgmt.errors import UsageError


def test_a_sas_url_opens_its_container_for_what_was_asked_and_no_more(cli, named, unique):
    done = cli("endpoint", "storage", "--container", unique, "--permissions", "rcwl", "--ttl", "900", *named)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    ends = datetime.fromisoformat(found["expiresOn"])
    assert timedelta(minutes=13) < ends - datetime.now(UTC) < timedelta(minutes=16)
    with ContainerClient.from_container_url(found["containerUrl"]) as container:
        container.upload_blob("x", b"data")
        assert [blob.name for blob in container.list_blobs()] == ["x"]
        with pytest.raises(HttpResponseError) as refused:
            container.delete_blob("x")
        assert refused.value.status_code == 403


def test_the_url_does_not_print(account, unique):
    access = account.container_access(unique, ttl=timedelta(minutes=5))
    assert "sig=" in access.url.reveal()
    assert "sig=" not in f"{access} {access!r}"


def test_no_storage_too_long_and_unknown_permissions_are_refused(account, make_account):
    bare = make_account("barestorageaccount", storage=False)
    with pytest.raises(UsageError, match="has no linked storage"):
        bare.container_access("c", ttl=timedelta(minutes=5))
    with pytest.raises(UsageError, match="up to 7 days"):
        account.container_access("c", ttl=timedelta(days=8))
    with pytest.raises(UsageError, match="letters of racwdl"):
        account.container_access("c", ttl=timedelta(minutes=5), permissions="x")
