"""Keys: rotation moves consumers first, and goes on after a crash at any step."""

from __future__ import annotations

import pytest

from batchmgmt.errors import UsageError


class Crash(Exception):
    pass


@pytest.fixture(scope="session")
def rotated(make_account):
    return make_account("rotatedaccount")


def works(rotated, key: str) -> bool:
    from azure.batch import BatchClient
    from azure.core.credentials import AzureNamedKeyCredential
    from azure.core.exceptions import HttpResponseError

    url = rotated.endpoint(auth="token").url
    with BatchClient(url, AzureNamedKeyCredential(rotated.name, key)) as client:
        try:
            list(client.list_pools())
        except HttpResponseError as refused:
            if refused.status_code not in (401, 403):
                raise
            return False
    return True


def key_in(path) -> str:
    return path.read_text().split('ACCESS_KEY="')[1].split('"')[0]


def test_rotation_moves_files_to_the_other_key_and_ends_the_old_one(rotated, tmp_path):
    before = rotated.keys.list()
    files = {form: tmp_path / form for form in ("dotenv", "json", "kubernetes", "javascript", "java", "nextflow")}
    for form, path in files.items():
        path.write_text(rotated.endpoint(details=True).export(form))
    rotated.keys.rotate(list(files.values()))
    for path in files.values():
        assert before.primary.reveal() not in path.read_text()
        assert before.secondary.reveal() in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600
    after = rotated.keys.list()
    assert after.secondary == before.secondary
    assert after.primary != before.primary
    assert works(rotated, key_in(files["dotenv"]))
    assert not works(rotated, before.primary.reveal())


@pytest.mark.parametrize("step", [0, 1, 2])
def test_after_a_crash_before_any_step_rotation_goes_on_and_no_consumer_was_ever_locked_out(rotated, tmp_path, step):
    old = rotated.keys.list().primary
    files = [tmp_path / "one.env", tmp_path / "two.env"]
    for path in files:
        path.write_text(rotated.endpoint().export("dotenv"))
    taken = []

    def told(sentence):
        if len(taken) == step:
            raise Crash
        taken.append(sentence)

    with pytest.raises(Crash):
        rotated.keys.rotate(files, told=told)
    assert all(works(rotated, key_in(path)) for path in files)
    rotated.keys.rotate(files)
    assert all(works(rotated, key_in(path)) for path in files)
    assert not works(rotated, old.reveal())


def test_a_dry_run_says_the_steps_and_changes_nothing(cli, rotated, tmp_path):
    path = tmp_path / ".env"
    path.write_text(rotated.endpoint().export("dotenv"))
    before, keys = path.read_text(), rotated.keys.list()
    named = ["-g", rotated.resource_group, "-n", rotated.name]
    done = cli("keys", "rotate", *named, "--file", str(path), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["move", "regenerate"]
    assert keys.primary.reveal() not in done.stderr
    assert (path.read_text(), rotated.keys.list()) == (before, keys)


def test_a_file_without_a_key_stops_rotation_before_anything_changed(rotated, tmp_path):
    stranger, own = tmp_path / "stranger", tmp_path / "own"
    stranger.write_text("nothing here")
    own.write_text(rotated.endpoint().export("dotenv"))
    before, keys = own.read_text(), rotated.keys.list()
    with pytest.raises(UsageError, match="hand it off anew"):
        rotated.keys.rotate([own, stranger])
    assert (own.read_text(), rotated.keys.list()) == (before, keys)


def test_the_linked_storages_key_is_replaced_and_packages_go_on_working(rotated, tool):
    rotated.applications.ensure("tool")
    storage = (rotated.resource_group, f"{rotated.name}st")
    accounts = rotated.management.storage_sdk.storage_accounts
    before = [key.value for key in accounts.list_keys(*storage).keys_property]
    synced = rotated.get().properties.auto_storage.last_key_sync
    done = rotated.keys.rotate_storage()
    after = [key.value for key in accounts.list_keys(*storage).keys_property]
    assert len(done.steps) == 3
    assert (after[0] != before[0], after[1] == before[1]) == (True, True)
    assert rotated.get().properties.auto_storage.last_key_sync > synced
    assert rotated.packages.publish("tool", "1.0", tool).state == "Active"
