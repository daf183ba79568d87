"""Keys: rotation moves consumers first, and locks out none of them."""

from __future__ import annotations

import pytest

from batchmgmt.errors import UsageError


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


def test_holders_of_the_linked_storages_key_are_moved_too(cli, rotated, tmp_path):
    accounts = rotated.management.storage_sdk.storage_accounts
    place = (rotated.resource_group, f"{rotated.name}st")
    first, second = (str(key.value) for key in accounts.list_keys(*place).keys_property)
    holder = tmp_path / "connection"
    holder.write_text(f"DefaultEndpointsProtocol=https;AccountName={place[1]};AccountKey={first}")
    named = ["-g", rotated.resource_group, "-n", rotated.name, "--storage", "--file", str(holder)]
    dry = cli("keys", "rotate", *named, "--dry-run")
    assert [line.split()[1] for line in dry.stderr.splitlines()] == ["let", "move", "regenerate", "let"]
    assert first in holder.read_text()
    done = cli("keys", "rotate", *named)
    assert done.returncode == 0, done.stderr
    assert holder.read_text().endswith(f"AccountKey={second}")
    assert [str(key.value) for key in accounts.list_keys(*place).keys_property][1] == second
    assert not {first, second} & set(done.stderr.split())


def test_a_link_to_a_file_stays_a_link(rotated, tmp_path):
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_text(rotated.endpoint().export("dotenv"))
    link.symlink_to(there)
    rotated.keys.rotate([link])
    assert link.is_symlink()
    assert rotated.keys.list().secondary.reveal() in there.read_text()
