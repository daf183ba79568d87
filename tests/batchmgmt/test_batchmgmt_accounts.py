"""Making an account, and what a script gets of it."""

from __future__ import annotations

import pytest

from batchmgmt import NotFound, UsageError


def test_an_account_is_made_once_and_stays_as_it_is(management, account, unique):
    group = account.resource_group
    with pytest.raises(NotFound, match="AccountNotFound"):
        management.account(group, unique).get()
    assert management.account(group, unique).find() is None
    storage = account.get().properties.auto_storage.storage_account_id
    assert management.accounts.ensure(group, unique, location="westeurope", storage_account_id=storage)
    made = management.account(group, unique).get()
    assert made.properties.provisioning_state == "Succeeded"
    assert made.properties.auto_storage.storage_account_id == storage
    assert not management.accounts.ensure(group, unique, location="West Europe")
    assert management.account(group, unique).get().as_dict() == made.as_dict()
    with pytest.raises(UsageError, match=f"account '{unique}' is in westeurope already, not in northeurope"):
        management.accounts.ensure(group, unique, location="northeurope")


def test_an_account_in_a_group_that_is_not_there_is_refused(management, unique):
    with pytest.raises(NotFound, match="ResourceGroupNotFound"):
        management.accounts.ensure("nosuchgroup", unique, location="westeurope")


def test_either_key_is_handed_out(account):
    keys = account.keys.list()
    for name in ("primary", "secondary"):
        found = account.endpoint(auth="key", key_name=name).authentication
        assert (found.key_name, found.key.reveal()) == (name, keys.of(name).reveal())
