"""Resources of namespaces that batchlocal does not model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Local, batchlocal_command, start_local
from tests.server.test_server import GROUP, arm

SITE = "/resourceGroups/kept/providers/Microsoft.Web/sites/Front"
VERSION = "?api-version=2023-12-01"


def test_a_lenient_server_keeps_them_lists_them_warns_and_removes_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert batchlocal_command("start", "--detach", "--data", str(data)).returncode == 0
    local = start_local(data)  # finds the one that runs
    try:
        arm(local, "PUT", GROUP, {"location": "westeurope"})
        sent = {"location": "westeurope", "tags": {"a": "b"}, "properties": {"httpsOnly": True, "hosts": [1]}}
        made = arm(local, "PUT", SITE + VERSION, sent)
        assert made.status_code == 201
        assert made.json()["properties"] == {"httpsOnly": True, "hosts": [1], "provisioningState": "Succeeded"}
        assert (
            arm(local, "PUT", SITE.upper().replace("/RESOURCEGROUPS", "/resourcegroups") + VERSION, sent)
            .json()["id"]
            .endswith(SITE)
        )
        changed = arm(local, "PATCH", SITE + VERSION, {"properties": {"httpsOnly": False}}).json()
        assert changed["properties"]["hosts"] == [1]
        for path in (SITE.rpartition("/")[0], "/providers/Microsoft.Web/sites"):
            assert arm(local, "GET", path + VERSION).json()["value"] == [changed]
        slot = f"{SITE}/slots/blue{VERSION}"
        assert arm(local, "PUT", slot, {}).status_code == 201
        assert [one["name"] for one in arm(local, "GET", f"{SITE}/slots{VERSION}").json()["value"]] == ["blue"]
        for odd in ({"tags": 7}, {"tags": {"a": {}}}, {"properties": [1]}, {"location": 7}):
            for method in ("PUT", "PATCH"):
                assert arm(local, method, SITE + VERSION, odd).json()["error"]["code"] == "InvalidRequestContent"
        assert arm(local, "GET", SITE + VERSION).json() == changed
        assert arm(local, "GET", "/tagNames?api-version=2021-04-01").json()["value"][0]["tagName"] == "a"
        assert "kept as a generic resource" in local.run("logs").stdout
        _says_what_has_no_effect(local)
        assert arm(local, "POST", f"{SITE}/restart{VERSION}").status_code == 501
        assert arm(local, "DELETE", SITE + VERSION).status_code == 200
        assert arm(local, "GET", SITE + VERSION).json()["error"]["code"] == "ResourceNotFound"
        assert arm(local, "GET", slot).status_code == 404
    finally:
        batchlocal_command("stop", "--data", str(data))


READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
EVENTS = "providers/Microsoft.Insights/diagnosticSettings/hub?api-version=2021-05-01-preview"
HUB = {"eventHubAuthorizationRuleId": "/h", "logs": [{"categoryGroup": "audit", "enabled": True}]}


def assignment(local: Local) -> tuple[str, dict[str, object]]:
    """A role assignment with a condition."""
    name = "11111111-1111-4111-8111-111111111111"
    role = f"/subscriptions/{local.subscription}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    properties = {"principalId": name, "roleDefinitionId": role, "condition": "true", "conditionVersion": "2.0"}
    path = f"/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01"
    return path, {"properties": properties}


def _says_what_has_no_effect(local: Local) -> None:
    """In the answer's Warning header and in the log."""
    setting = arm(local, "PUT", f"{GROUP.partition('?')[0]}/{EVENTS}", {"properties": HUB})
    assert setting.status_code == 200, setting.text
    assert "Nothing is delivered to Event Hubs" in setting.headers["Warning"]
    assert "No audit log is delivered" in setting.headers["Warning"]
    path, body = assignment(local)
    assigned = arm(local, "PUT", path, body)
    assert assigned.status_code == 201, assigned.text
    assert "Conditions of role assignments" in assigned.headers["Warning"]
    assert "Conditions of role assignments" in local.run("logs").stdout


def test_a_strict_server_refuses_what_would_have_no_effect(batchlocal: Local) -> None:
    arm(batchlocal, "PUT", GROUP, {"location": "westeurope"})
    path, body = assignment(batchlocal)
    for where, sent in ((f"{GROUP.partition('?')[0]}/{EVENTS}", {"properties": HUB}), (path, body)):
        refused = arm(batchlocal, "PUT", where, sent)
        assert (refused.status_code, refused.json()["error"]["code"]) == (501, "NotImplemented")


def test_a_strict_server_refuses_them_by_name(batchlocal: Local) -> None:
    refused = arm(batchlocal, "PUT", SITE + VERSION, {"location": "westeurope"})
    assert refused.status_code == 501
    assert "Microsoft.Web" in refused.json()["error"]["message"]
    assert "--strict" in refused.json()["error"]["message"]


def test_an_unknown_type_of_a_modelled_namespace_is_arms_own_error(batchlocal: Local) -> None:
    path = "/resourceGroups/kept/providers/Microsoft.Batch/frobs/one?api-version=2024-07-01"
    for method in ("GET", "PUT", "DELETE"):
        refused = arm(batchlocal, method, path, {})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "InvalidResourceType")
        assert refused.headers["x-ms-failure-cause"] == "gateway"


def test_an_unknown_api_version_names_the_known_ones(batchlocal: Local) -> None:
    refused = arm(batchlocal, "GET", "/providers/Microsoft.Batch/batchAccounts?api-version=2011-01-01")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "NoRegisteredProviderFound")
    assert "2024-07-01" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "version"),
    [
        ("GET", "Microsoft.Batch/locations/atlantis/virtualMachineSkus", "2025-06-01"),
        ("GET", "Microsoft.Batch/locations/atlantis/quotas", "2024-07-01"),
        ("POST", "Microsoft.Batch/locations/atlantis/checkNameAvailability", "2024-07-01"),
        ("GET", "Microsoft.Storage/locations/atlantis/usages", "2023-05-01"),
        ("GET", "Microsoft.Compute/locations/atlantis/vmSizes", "2024-07-01"),
    ],
)
def test_a_region_that_azure_has_not_is_refused(batchlocal: Local, method: str, path: str, version: str) -> None:
    body = {"name": "a", "type": "Microsoft.Batch/batchAccounts"} if method == "POST" else None
    refused = arm(batchlocal, method, f"/providers/{path}?api-version={version}", body)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, "NoRegisteredProviderFound")
    assert f"'atlantis' and API version '{version}' for type 'locations/{path.rpartition('/')[2]}'" in error["message"]
    spaced = arm(
        batchlocal, method, f"/providers/{path.replace('atlantis', 'West Europe')}?api-version={version}", body
    )
    assert spaced.status_code == 200
