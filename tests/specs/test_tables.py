"""The tables as their users meet them: which operations exist, and what a body is told."""

from __future__ import annotations

import pytest

from batchlocal import specs

ARM = specs.table_for("Microsoft.Batch", "2024-07-01")
SERVICE = specs.table_for("service", "2024-07-01.20.0")


def kinds(table: specs.Table, schema: str, value: object) -> dict[str, str]:
    return {problem.path: problem.kind for problem in specs.check(table, schema, value)}


@pytest.mark.parametrize(
    ("namespace", "api_version", "count"),
    [
        ("Microsoft.Batch", "2024-07-01", 48),
        ("Microsoft.Batch", "2025-06-01", 42),
        ("service", "2024-07-01.20.0", 77),
        ("service", "2025-06-01", 72),
    ],
)
def test_every_published_operation_is_there(namespace: str, api_version: str, count: int) -> None:
    assert len(specs.operations(namespace, api_version)) == count


@pytest.mark.parametrize("namespace", ["Microsoft.Batch", "Microsoft.Storage", "service"])
def test_every_schema_of_every_known_version_can_be_built(namespace: str) -> None:
    versions = specs.known_versions(namespace)
    assert list(versions) == sorted(versions, reverse=True)
    for api_version in versions:
        table = specs.table_for(namespace, api_version)
        for operation in table.operations:
            for name in filter(None, (operation.body, *operation.responses.values())):
                assert table.schema(name).name == name


def test_an_operation_has_one_id_in_all_versions_of_the_service() -> None:
    newer = {operation.id for operation in specs.operations("service", "2025-06-01")}
    older = {operation.id for operation in specs.operations("service", "2024-07-01.20.0")}
    assert {name.split("_")[0] for name in older - newer} == {"Certificate"}
    assert newer < older


def test_an_unknown_api_version_is_refused() -> None:
    with pytest.raises(specs.UnknownApiVersion, match="1999-01-01"):
        specs.table_for("Microsoft.Batch", "1999-01-01")


def test_numbers_and_booleans_may_come_as_strings_and_are_kept_as_what_they_are() -> None:
    body = {"id": "j", "priority": "100", "poolInfo": {"poolId": "p"}, "usesTaskDependencies": "True"}
    assert specs.check(SERVICE, "JobAddParameter", body) == []
    kept = specs.clean(SERVICE, "JobAddParameter", body)
    assert (kept["priority"], kept["usesTaskDependencies"]) == (100, True)


def test_arm_takes_names_in_any_case_and_the_service_does_not() -> None:
    assert kinds(ARM, "Pool", {"properties": {"VMSIZE": "a"}}) == {}
    assert specs.clean(ARM, "Pool", {"properties": {"VMSIZE": "a"}}) == {"properties": {"vmSize": "a"}}
    assert kinds(SERVICE, "TaskAddParameter", {"id": "t", "commandline": "x"}) == {
        "commandline": "unknown",
        "commandLine": "required",
    }


def test_each_kind_of_problem_names_the_place() -> None:
    task = {
        "id": 1,
        "commandLine": "x",
        "constraints": {"retentionTime": "a week"},
        "requiredSlots": 2**40,
        "userIdentity": {"autoUser": {"scope": "planet"}},
        "resourceFiles": [{"fileName": "x"}],
    }
    assert kinds(SERVICE, "TaskAddParameter", task) == {
        "id": "type",
        "constraints.retentionTime": "type",
        "requiredSlots": "range",
        "userIdentity.autoUser.scope": "enum",
        "resourceFiles[0].fileName": "unknown",
    }
    tasks = [{"id": str(number), "commandLine": "x"} for number in range(101)]
    assert kinds(SERVICE, "TaskAddCollectionParameter", {"value": tasks}) == {"value": "length"}


def test_arm_ignores_what_a_get_gave_and_only_the_service_can_set() -> None:
    body = {"properties": {"vmSize": "a", "allocationState": "Steady"}}
    assert specs.check(ARM, "Pool", body) == []
    assert specs.clean(ARM, "Pool", body) == {"properties": {"vmSize": "a"}}


def test_enum_values_are_kept_in_the_case_of_the_description() -> None:
    body = {"properties": {"interNodeCommunication": "ENABLED"}}
    assert specs.clean(ARM, "Pool", body) == {"properties": {"interNodeCommunication": "Enabled"}}


def test_null_is_dropped_unless_the_operation_gives_it_a_meaning() -> None:
    body = {"properties": {"autoStorage": None}}
    assert specs.clean(ARM, "BatchAccountUpdateParameters", body) == {"properties": {}}
    assert specs.clean(ARM, "BatchAccountUpdateParameters", body, nulls=True) == body


def test_an_older_version_is_shown_without_what_it_lacks_and_with_its_own_names() -> None:
    pool = {"properties": {"vmSize": "a", "taskSlotsPerNode": 4, "upgradePolicy": {"mode": "automatic"}}}
    older = {"properties": {"vmSize": "a", "maxTasksPerNode": 4}}
    assert specs.visible("Microsoft.Batch", "2020-05-01", "Pool", pool) == older
    assert specs.visible("Microsoft.Batch", "2024-07-01", "Pool", pool) == pool
    table = specs.table_for("Microsoft.Batch", "2020-05-01")
    assert specs.clean(table, "Pool", older) == {"properties": {"vmSize": "a", "taskSlotsPerNode": 4}}


def test_certificates_and_node_communication_left_with_2025_06_01() -> None:
    newest = specs.table_for("Microsoft.Batch", "2025-06-01")
    body = {"properties": {"certificates": [], "targetNodeCommunicationMode": "Default", "resourceTags": {}}}
    assert set(kinds(newest, "Pool", body).values()) == {"unknown"}
    assert len(kinds(newest, "Pool", body)) == 3
    assert kinds(ARM, "Pool", body) == {}


def test_applications_answered_otherwise_before_2018_12_01() -> None:
    older = specs.table_for("Microsoft.Batch", "2017-09-01").operation("Application_Create")
    assert list(older.responses) == [201]
    assert list(ARM.operation("Application_Create").responses) == [200]


@pytest.mark.parametrize(
    ("table", "schema", "path"),
    [
        (ARM, "Pool", "properties.userAccounts[].password"),
        (SERVICE, "PoolAddParameter", "userAccounts[].password"),
        (specs.table_for("service", "2025-06-01"), "BatchPoolCreateOptions", "userAccounts[].password"),
    ],
)
def test_secrets_are_known_on_both_planes(table: specs.Table, schema: str, path: str) -> None:
    assert path in specs.secret_paths(table, schema)


def test_a_problem_does_not_print_the_value_it_found() -> None:
    body = {"properties": {"userAccounts": [{"name": "a", "password": ["hunter2"]}]}}
    problems = specs.check(ARM, "Pool", body)
    assert [problem.kind for problem in problems] == ["type"]
    assert "hunter2" not in repr(problems)


@pytest.mark.parametrize("namespace", ["service", "Microsoft.Batch"])
def test_what_is_routed_is_what_any_version_has(namespace: str) -> None:
    versions = specs.known_versions(namespace)
    had = {operation.id for version in versions for operation in specs.table_for(namespace, version).operations}
    assert {operation.id for operation in specs.every_operation(namespace)} == had
