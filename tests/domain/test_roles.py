"""What roles allow (Azure documentation, "Understand Azure role definitions", "Understand scope for Azure RBAC")."""

from __future__ import annotations

import pytest

from batchlocal.domain.built_in_roles import BUILT_IN
from batchlocal.domain.roles import Assignment, Permissions, allows

GROUP = "/subscriptions/s/resourcegroups/g"
ACCOUNT = f"{GROUP}/providers/microsoft.batch/batchaccounts/a"
NAMED = {role.name: role for role in BUILT_IN.values()}


def may(role: str, action: str, *, data: bool = False) -> bool:
    return allows([Assignment(GROUP, NAMED[role].permissions)], action, ACCOUNT, data=data)


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        ("/", True),
        ("/subscriptions/s", True),
        (GROUP, True),
        (ACCOUNT, True),
        (f"{ACCOUNT}/pools/p", False),
        ("/subscriptions/s/resourcegroups/g2", False),
        ("/subscriptions/s2", False),
        (f"{GROUP}/providers/microsoft.batch/batchaccounts/a2", False),
    ],
)
def test_an_assignment_holds_at_its_scope_and_below(scope: str, held: bool) -> None:
    everything = (Permissions(actions=("*",)),)
    assert allows([Assignment(scope, everything)], "X/y/read", ACCOUNT.upper()) is held


def test_without_assignments_nothing_is_allowed() -> None:
    assert not allows([], "Microsoft.Batch/batchAccounts/read", ACCOUNT)


@pytest.mark.parametrize(
    ("pattern", "action", "matched"),
    [
        ("Microsoft.Batch/*/read", "Microsoft.Batch/batchAccounts/pools/read", True),
        ("Microsoft.Batch/*/read", "Microsoft.Batch/batchAccounts/pools/write", False),
        ("microsoft.batch/BATCHACCOUNTS/read", "Microsoft.Batch/batchAccounts/read", True),
        ("Microsoft.Batch/batchAccounts/read", "Microsoft.Batch/batchAccounts/pools/read", False),
        ("MicrosoftXBatch/*", "Microsoft.Batch/batchAccounts/read", False),
    ],
)
def test_patterns_match_whole_actions_without_case(pattern: str, action: str, matched: bool) -> None:
    assert Permissions(actions=(pattern,)).allow(action, data=False) is matched


def test_what_one_role_takes_away_another_may_give() -> None:
    less = Assignment("/", (Permissions(("*",), ("A/b/delete",)),))
    assert not allows([less], "A/b/delete", ACCOUNT)
    assert allows([less, Assignment("/", (Permissions(("A/b/delete",)),))], "A/b/delete", ACCOUNT)


def test_actions_and_data_actions_are_apart() -> None:
    role = Permissions(("*",), (), ("A/*",), ("A/secret/*",))
    assert not role.allow("B/c/read", data=True)
    assert role.allow("A/c/read", data=True)
    assert not role.allow("A/secret/read", data=True)


@pytest.mark.parametrize(
    ("role", "action", "data", "allowed"),
    [
        ("Owner", "Microsoft.Batch/batchAccounts/jobs/write", True, False),
        ("Owner", "Microsoft.Authorization/roleAssignments/write", False, True),
        ("Contributor", "Microsoft.Authorization/roleAssignments/write", False, False),
        ("Contributor", "Microsoft.Batch/batchAccounts/write", False, True),
        ("Reader", "Microsoft.Batch/batchAccounts/read", False, True),
        ("Reader", "Microsoft.Batch/batchAccounts/listKeys/action", False, False),
        ("Azure Batch Account Contributor", "Microsoft.Batch/batchAccounts/jobs/write", True, True),
        ("Azure Batch Account Reader", "Microsoft.Batch/batchAccounts/jobs/read", True, True),
        ("Azure Batch Account Reader", "Microsoft.Batch/batchAccounts/jobs/write", True, False),
        ("Azure Batch Data Contributor", "Microsoft.Batch/batchAccounts/pools/write", False, True),
        ("Azure Batch Data Contributor", "Microsoft.Batch/batchAccounts/write", False, False),
        ("Azure Batch Job Submitter", "Microsoft.Batch/batchAccounts/jobs/write", True, True),
        ("Azure Batch Job Submitter", "Microsoft.Batch/batchAccounts/pools/write", False, False),
        ("Azure Batch Job Submitter", "Microsoft.Batch/batchAccounts/read", False, False),
    ],
)
def test_built_in_roles_allow_what_microsoft_lists(role: str, action: str, data: bool, allowed: bool) -> None:
    assert may(role, action, data=data) is allowed


def test_a_roles_json_is_read_and_shown_alike() -> None:
    sent = {"actions": ["a/*"], "notActions": ["a/b"], "dataActions": ["d/read"], "notDataActions": []}
    read = Permissions.from_json({**sent, "notDataActions": None})
    assert read == Permissions(("a/*",), ("a/b",), ("d/read",), ())
    assert read.as_json() == sent
