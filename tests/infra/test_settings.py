"""Settings: what is wrong is told with file, path and reason, all at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Mistakes, Settings, parse

ROOT = Path(__file__).parents[2]
GOOD: dict[str, Any] = {
    "location": "westeurope",
    "resourceGroup": "group",
    "account": {"name": "goodname"},
    "storage": {"name": "goodstore"},
}


IDENTITY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
REMOTE = {"version": "1", "source": "https://host.example/a.zip"}


def parsed(**changed: Any) -> Settings:
    given = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    spelled = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    return parse(spelled, project="batchenv", file="stacks/Pulumi.x.yaml", root=ROOT)


def mistakes(**changed: Any) -> tuple[str, ...]:
    with pytest.raises(Mistakes) as caught:
        parsed(**changed)
    return caught.value.found


def test_the_message_names_the_file_and_says_that_nothing_was_deployed() -> None:
    with pytest.raises(Mistakes, match=r"^stacks/Pulumi\.x\.yaml: 2 settings are wrong; nothing was deployed\n"):
        parsed(location=None, account=None)


def test_all_mistakes_are_told_at_once() -> None:
    pools = [{"name": "a", "nodes": {"dedicated": -1}}, {"vmSize": "x"}]
    assert mistakes(location=None, pools=pools, profile="prod") == (
        "batchenv:location is required",
        "batchenv:profile must be 'development' or 'production' (found \"prod\")",
        "batchenv:pools[0].nodes.dedicated must be at least 0 (found -1)",
        "batchenv:pools[1].name is required",
    )


def test_mistakes_between_settings_are_told_beside_those_in_them() -> None:
    assert mistakes(
        location="West Europe",
        account={"name": "goodname", "encryption": {"keyIdentifier": "https://v/keys/k", "identity": IDENTITY}},
        storage={"name": "BAD", "sharedKeys": False},
        pools=[
            {"name": "a", "nodes": {"dedicated": -1}, "autoscale": {}},
            {"name": "A", "packages": [{"application": "x"}]},
        ],
        applications=[
            {"name": "app", "packages": [{"version": "1", "source": "no/such"}, {"version": 2, "source": "x"}]}
        ],
    ) == (
        'batchenv:location must be a region\'s short name, such as westeurope (found "West Europe")',
        'batchenv:storage.name must be 3 to 24 lower-case letters and digits (found "BAD")',
        "batchenv:applications[0].packages[1].version must be text; write it in quotes",
        "batchenv:pools[0].nodes.dedicated must be at least 0 (found -1)",
        "batchenv:pools must have different names, without regard to case: a",
        "batchenv:account.encryption.identity must be one of account.identities",
        "batchenv:storage.link keys needs sharedKeys: true; use identity instead",
        "batchenv:pools[0].autoscale is there beside nodes: a pool has nodes or autoscale, not both",
        "batchenv:applications[0].packages[0].source no/such: there is no file or folder no/such",
        "batchenv:applications[0].packages[1].source x: there is no file or folder x",
    )


def test_an_unknown_setting_is_a_mistake_with_the_likely_name() -> None:
    assert mistakes(acount={}) == ("batchenv:acount is no setting; did you mean account or accountKey?",)
    assert mistakes(account={"name": "goodname", "zzzzzz": 1}) == (
        "batchenv:account.zzzzzz is no setting; docs/settings.md lists all",
    )


def test_an_invalid_account_name_is_told_with_the_rule() -> None:
    assert mistakes(account={"name": "My-Account"}) == (
        'batchenv:account.name must be 3 to 24 lower-case letters and digits (found "My-Account")',
    )


def test_a_version_that_yaml_made_a_number_is_told_to_be_quoted() -> None:
    packages = [{"version": 1.0, "source": "examples/fractal"}]
    assert mistakes(applications=[{"name": "app", "packages": packages}]) == (
        "batchenv:applications[0].packages[0].version must be text; write it in quotes",
    )


def test_a_package_without_its_file_is_told_before_anything_is_deployed() -> None:
    packages = [{"version": "1.0", "source": "no/such.zip"}]
    assert mistakes(applications=[{"name": "app", "packages": packages}]) == (
        "batchenv:applications[0].packages[0].source no/such.zip: there is no file or folder no/such.zip",
    )


def test_a_short_form_that_is_not_known_lists_the_known_ones() -> None:
    [told] = mistakes(pools=[{"name": "a", "image": "ubuntu-18"}])
    assert told.startswith("batchenv:pools[0].image must be 'ubuntu-22.04',")


def test_a_long_form_is_told_by_its_own_parts() -> None:
    [told] = mistakes(pools=[{"name": "a", "image": {"publisher": "p", "offer": "o", "sku": "s"}}])
    assert told == "batchenv:pools[0].image.nodeAgent is required"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"pools": [{"name": "a"}, {"name": "A"}]}, "pools must have different names, without regard to case: a"),
        (
            {"pools": [{"name": "a", "packages": [{"application": "x"}]}]},
            "packages[0].application x is none of applications (there are none)",
        ),
        ({"storage": None, "applications": [{"name": "a"}]}, "storage is needed by applications"),
        (
            {"account": {"name": "goodname", "allocationMode": "UserSubscription", "authenticationModes": ["AAD"]}},
            "account.keyVault is needed",
        ),
        ({"storage": {"name": "goodstore", "sharedKeys": False}}, "storage.link keys needs sharedKeys"),
        ({"pools": [{"name": "a", "nodes": {}, "autoscale": {}}]}, "a pool has nodes or autoscale, not both"),
        ({"pools": [{"name": "a", "mounts": [{}]}]}, "a mount is exactly one"),
        ({"pools": [{"name": "a", "nodes": {"resizeTimeout": "PT1M"}}]}, "nodes.resizeTimeout must be at least PT5M"),
        (
            {"pools": [{"name": "a", "autoscale": {"formula": "$TargetDedicatedNodes = 1 +;"}}]},
            "autoscale.formula is neither officeHours nor pendingTasks nor a formula that Azure takes: line 1",
        ),
        ({"applications": [{"name": "a", "packages": [REMOTE]}]}, "packages[0].sha256 is needed with a URL"),
        (
            {"applications": [{"name": "a", "packages": [{**REMOTE, "source": "http://x/a.zip", "sha256": "0" * 64}]}]},
            "packages[0].source must be a folder, a .zip file, or an https URL",
        ),
        (
            {
                "access": [{"principal": "1" * 8 + "-1111" * 3 + "-" + "1" * 12, "roles": ["blobDataReader"]}],
                "storage": None,
            },
            "access[0].roles blobDataReader need storage",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_mistakes(changed: dict[str, Any], told: str) -> None:
    [only] = mistakes(**changed)
    assert told in only


def test_a_secret_is_never_in_a_message() -> None:
    users = [{"name": "u", "password": 314159, "elevationLevel": "Root"}]
    found = mistakes(pools=[{"name": "a", "userAccounts": users}])
    assert len(found) == 2
    assert "314159" not in "".join(found)
    good = parsed(pools=[{"name": "a", "userAccounts": [{"name": "u", "password": "hunter2"}]}])
    assert "hunter2" not in repr(good)


@pytest.mark.parametrize("file", sorted(path.name for path in (ROOT / "stacks").glob("Pulumi.*.yaml")))
def test_every_stack_of_the_project_has_good_settings(file: str) -> None:
    from tests.infra.mocked import configuration

    given = configuration(file.removeprefix("Pulumi.").removesuffix(".yaml"))
    own = {name.removeprefix("batchenv:"): value for name, value in given.items() if name.startswith("batchenv:")}
    assert parse(own, project="batchenv", file=f"stacks/{file}", root=ROOT).account.name
