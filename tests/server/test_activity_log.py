"""The activity log: what was asked of ARM, by whom, with what outcome."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from tests.server.world import POOL, World


def events(world: World, filter_: str = "", select: str = "") -> list[dict[str, Any]]:
    path = f"{world.root}/providers/Microsoft.Insights/eventtypes/management/values"
    query = [f"$filter={quote(filter_)}"] if filter_ else []
    query += [f"$select={select}"] if select else []
    page = world.get(f"{path}?{'&'.join(query)}" if query else path, version="2015-04-01")
    found = page["value"]
    while "nextLink" in page:
        page = world.http.get(page["nextLink"], timeout=10).json()
        found += page["value"]
    return list(found)


def test_every_write_and_action_is_logged_with_its_outcome_and_no_read_is(world: World) -> None:
    mine = str(uuid.uuid4())

    def send(method: str, path: str, body: Any = None) -> None:
        world.send(method, path, body, x_ms_correlation_request_id=mine)

    send("PUT", "pools/logged", {"properties": POOL})
    send("PATCH", "pools/logged", {"properties": {}})
    send("GET", "pools/logged")
    send("POST", "listKeys")
    send("POST", "regenerateKeys", {"keyName": "Frob"})
    send("POST", "applications/tool/versions/1.0/activate", {"format": "zip"})
    send("DELETE", "pools/logged")
    found = events(world, f"correlationId eq '{mine}'")
    batch = "Microsoft.Batch/batchAccounts"
    assert [(one["operationName"]["value"], one["status"]["value"]) for one in reversed(found)] == [
        (f"{batch}/pools/write", "Succeeded"),
        (f"{batch}/pools/write", "Succeeded"),
        (f"{batch}/listKeys/action", "Succeeded"),
        (f"{batch}/regenerateKeys/action", "Failed"),
        (f"{batch}/applications/versions/activate/action", "Succeeded"),
        (f"{batch}/pools/delete", "Accepted"),
    ]
    assert {one["caller"] for one in found} == {found[0]["claims"]["oid"]}
    assert all(one["correlationId"] == mine and one["resourceGroupName"] == "world" for one in found)
    failed = events(world, f"correlationId eq '{mine}' and status eq 'Failed' and levels eq 'Critical,Error'")
    assert [one["subStatus"]["value"] for one in failed] == ["BadRequest"]


def test_the_log_is_filtered_by_time_resource_and_provider_and_selected(world: World) -> None:
    for number in range(3):
        world.done("PUT", f"applications/log{number}", {})
    resource = f"{world.account}/applications/log1"
    one = events(world, f"resourceUri eq '{resource}' and eventChannels eq 'Admin, Operation'", "eventName,caller")
    assert len(one) == 1
    assert one[0].keys() == {"eventName", "caller"}
    moment = events(world, f"resourceUri eq '{resource}'")[0]["eventTimestamp"]
    later = events(world, f"eventTimestamp ge '{moment}' and resourceProvider eq 'Microsoft.Batch'")
    assert {f"{world.account}/applications/log{number}" for number in (1, 2)} <= {
        entry["resourceId"] for entry in later
    }
    assert f"{world.account}/applications/log0" not in {entry["resourceId"] for entry in later}
    assert events(world, "eventTimestamp ge '2001-01-01T00:00:00Z' and eventTimestamp le '2001-02-01T00:00:00Z'") == []


def test_a_filter_that_the_log_does_not_take_is_refused(world: World) -> None:
    path = f"{world.root}/providers/Microsoft.Insights/eventtypes/management/values"
    for text in ("frob eq 1", "eventTimestamp ge 'yesterday'", "status ne 'Failed'", "status eq"):
        refused = world.send("GET", f"{path}?$filter={quote(text)}", version="2015-04-01")
        assert refused.status_code == 400, text


def test_a_long_log_comes_in_pages(world: World) -> None:
    for number in range(205):
        world.send("PUT", "applications/paged", {"properties": {"displayName": str(number)}})
    found = events(world, f"resourceId eq '{world.account}/applications/paged'")
    assert len({one["eventDataId"] for one in found}) == 205
