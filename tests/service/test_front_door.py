"""What every operation asks: a signature or a token, an api-version, conditions, and how lists are asked for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from tests.service.conftest import JSON, UBUNTU, VERSION, Service, code, values


@pytest.fixture(scope="session")
def key(service: Service) -> str:
    arm = service.local.settings["armEndpoint"]
    with service.local.credential() as credential:
        token = credential.get_token(f"{arm}/.default").token
    group = f"/subscriptions/{service.local.subscription}/resourceGroups/{service.account}"
    url = f"{arm}{group}/providers/Microsoft.Batch/batchAccounts/{service.account}/listKeys?api-version=2024-07-01"
    found: str = requests.post(url, headers={"Authorization": f"Bearer {token}"}, timeout=30).json()["primary"]
    return found


def signed(
    service: Service,
    key: str,
    path: str = "/jobs",
    query: str = f"api-version={VERSION}",
    *,
    method: str = "GET",
    body: bytes = b"",
    at: datetime | None = None,
    root: bool = False,
    signed_query: str | None = None,
) -> requests.Response:
    """One request signed as the documentation says, without any library; ``root`` leaves the account's path out."""
    prefix = "" if root else f"/{service.account}"
    moment = format_datetime(at or datetime.now(UTC), usegmt=True)
    names = sorted(
        (part.split("=", 1) for part in (signed_query or query).split("&")), key=lambda pair: pair[0].lower()
    )
    length = str(len(body)) if body else ""
    text = "\n".join(
        [method, "", "", length, "", JSON if body else "", "", "", "", "", "", "", f"ocp-date:{moment}"]
        + [f"/{service.account}{prefix}{path}"]
        + [f"{name.lower()}:{value}" for name, value in names]
    )
    digest = hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256)
    headers = {"ocp-date": moment, "Authorization": f"SharedKey {service.account}:{base64.b64encode(digest).decode()}"}
    if body:
        headers["Content-Type"] = JSON
    url = f"{service.local.settings['armEndpoint']}{prefix}{path}?{query}"
    return requests.request(method, url, headers=headers, data=body or None, timeout=30)


def test_a_signature_opens_the_account(service: Service, key: str) -> None:
    assert signed(service, key).status_code == 200
    query = f"maxresults=1&timeout=20&api-version={VERSION}&$select=id"
    assert signed(service, key, query=query).status_code == 200
    body = b'{"id": "signed", "poolInfo": {"poolId": "main"}}'
    assert signed(service, key, method="POST", body=body).status_code == 201
    assert signed(service, key, "/jobs/signed", method="DELETE").status_code == 202


def test_a_signed_request_without_path_finds_its_account(service: Service, key: str) -> None:
    assert signed(service, key, root=True).status_code == 200
    page = signed(service, key, "/pools/main/nodes", f"api-version={VERSION}&maxresults=1", root=True).json()
    assert len(page["value"]) == 1
    origin, _, following = page["odata.nextLink"].partition("/pools/")
    assert origin == service.local.settings["armEndpoint"]
    path, _, query = following.partition("?")
    rest = signed(service, key, f"/pools/{path}", unquote(query), root=True)
    assert len(rest.json()["value"]) == 1


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_signature_that_is_too_old_or_too_new_is_refused(service: Service, key: str, minutes: int) -> None:
    answer = signed(service, key, at=datetime.now(UTC) + timedelta(minutes=minutes))
    assert code(answer, 403) == "AuthenticationFailed"
    assert signed(service, key, at=datetime.now(UTC) + timedelta(minutes=minutes * 0.9)).status_code == 200


def test_a_signature_of_something_else_is_refused(service: Service, key: str) -> None:
    other = signed(service, key, query=f"api-version={VERSION}&maxresults=2", signed_query=f"api-version={VERSION}")
    assert code(other, 403) == "AuthenticationFailed"
    assert code(signed(service, "A" * 86 + "=="), 403) == "AuthenticationFailed"
    assert code(service.send("GET", "/jobs", Authorization="Basic eDp5"), 403) == "AuthenticationFailed"
    assert code(service.send("GET", "/jobs", token="a.b.c"), 403) == "AuthenticationFailed"


def test_an_api_version_is_needed_and_must_be_known(service: Service) -> None:
    answer = requests.get(f"{service.url}/jobs", headers={"Authorization": f"Bearer {service.token}"}, timeout=30)
    assert code(answer, 400) == "MissingRequiredQueryParameter"
    unknown = service.send("GET", "/jobs", version="1999-01-01.1.0")
    assert (code(unknown, 400), values(unknown)["QueryParameterName"]) == ("InvalidQueryParameterValue", "api-version")


def test_what_is_not_there_and_what_cannot_be_done_are_told(service: Service) -> None:
    assert code(service.send("GET", "/nothing"), 400) == "InvalidUri"
    assert code(service.send("PATCH", "/jobs"), 405) == "UnsupportedHttpVerb"


def test_every_answer_has_the_standing_headers_and_the_callers_id_when_asked(service: Service) -> None:
    mine = str(uuid.uuid4())
    answer = service.send("GET", "/jobs", client_request_id=mine, return_client_request_id="true")
    assert answer.headers["client-request-id"] == mine
    assert answer.headers["Content-Type"] == "application/json;odata=minimalmetadata"
    assert answer.headers["DataServiceVersion"] == "3.0"
    uuid.UUID(answer.headers["request-id"])
    silent = service.send("GET", "/jobs", client_request_id=mine, return_client_request_id="false")
    assert "client-request-id" not in silent.headers
    refused = service.send("GET", "/jobs/none")
    assert f"RequestId:{refused.headers['request-id']}\n" in refused.json()["message"]["value"]


def test_a_timeout_is_a_number_of_seconds(service: Service) -> None:
    for good in ("1", "30", "300"):
        assert service.send("GET", f"/jobs?timeout={good}").status_code == 200
    for bad in ("0", "-1", "soon"):
        for name in ("timeout", "timeOut"):
            answer = service.send("GET", f"/jobs?{name}={bad}")
            assert (code(answer, 400), values(answer)["QueryParameterName"]) == (
                "InvalidQueryParameterValue",
                "timeout",
            )


CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "job": ("/jobs/{job}", "PUT", {"poolInfo": {"poolId": "main"}}),
    "task": ("/jobs/{job}/tasks/t", "PUT", {"constraints": {}}),
    "pool": ("/pools/conditions", "PATCH", {"metadata": []}),
}


@pytest.mark.parametrize("entity", CHANGES)
def test_conditions_on_etag_and_time_hold(service: Service, job: str, entity: str) -> None:
    service.send("PATCH", f"/jobs/{job}", {"maxParallelTasks": 1})
    service.add(job, "t", "/bin/sleep 60")
    pool = {"id": "conditions", "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": UBUNTU}
    service.send("POST", "/pools", pool)
    path, change_by, change = CHANGES[entity]
    path = path.format(job=job)
    shown = service.send("GET", path)
    etag, moment = shown.headers["ETag"], shown.headers["Last-Modified"]
    assert service.send("GET", path, If_Match=etag).status_code == 200
    assert code(service.send("GET", path, If_Match="0x8D000000"), 412) == "ConditionNotMet"
    unchanged = service.send("GET", path, If_None_Match=etag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert service.send("GET", path, If_None_Match="0x8D000000").status_code == 200
    assert service.send("GET", path, If_Modified_Since=moment).status_code == 304
    assert service.send("GET", path, If_Unmodified_Since=moment).status_code == 200
    stale = "Mon, 01 Jan 2001 00:00:00 GMT"
    assert code(service.send(change_by, path, change, If_Unmodified_Since=stale), 412) == "ConditionNotMet"
    assert code(service.send(change_by, path, change, If_None_Match="*"), 412) == "ConditionNotMet"
    assert code(service.send("DELETE", path, If_Match='"0x8D000000"'), 412) == "ConditionNotMet"
    assert service.send(change_by, path, change, If_Match=etag).status_code == 200
    assert code(service.send(change_by, path, change, If_Match=etag), 412) == "ConditionNotMet"


def test_select_leaves_only_what_it_names(service: Service, job: str) -> None:
    shown = service.get(f"/jobs/{job}?$select=id, state")
    assert sorted(name for name in shown if name != "odata.metadata") == ["id", "state"]
    for path in (f"/jobs/{job}", "/jobs"):
        answer = service.send("GET", f"{path}?$select=id,colour")
        assert (code(answer, 400), values(answer)["QueryParameterName"]) == ("InvalidQueryParameterValue", "$select")


@pytest.fixture
def ten(service: Service, job: str) -> str:
    """A job with five tasks that have succeeded and five that have failed."""
    for number in range(10):
        service.add(job, f"t{number}", "/bin/true" if number % 2 else "/bin/false")
    for number in range(10):
        service.ended(job, f"t{number}")
    return job


FILTERS = [
    ("state eq 'completed'", 10),
    ("state eq 'Completed' and executionInfo/exitCode ne 0", 5),
    ("executionInfo/result eq 'success'", 5),
    ("executionInfo/exitCode gt 0 or startswith(id,'t1')", 6),
    ("(id ge 't3') and (id lt 't6')", 3),
    ("not (id eq 't0')", 9),
    ("creationTime gt DateTime'2001-01-01T00:00:00Z'", 10),
    ("creationTime lt DateTime'Mon, 01 Jan 2001 00:00:00 GMT'", 0),
    ("state eq 'active'", 0),
]


def test_tasks_are_filtered_as_documented(service: Service, ten: str) -> None:
    for wanted, count in FILTERS:
        found = service.get(f"/jobs/{ten}/tasks?$filter={wanted}")["value"]
        assert len(found) == count, wanted


@pytest.mark.parametrize(
    "wanted",
    ["commandLine eq 'x'", "state gt 'active'", "state eq active", "id eq 'a' and", "executionInfo/exitCode eq 'x'"],
)
def test_a_filter_that_cannot_be_is_refused(service: Service, job: str, wanted: str) -> None:
    answer = service.send("GET", f"/jobs/{job}/tasks?$filter={wanted}")
    assert (code(answer, 400), values(answer)["QueryParameterName"]) == ("InvalidQueryParameterValue", "$filter")


def test_pages_lead_through_a_whole_filtered_list(service: Service, ten: str) -> None:
    page = service.get(f"/jobs/{ten}/tasks?maxresults=2&$filter=executionInfo/exitCode eq 0&$select=id")
    sizes, seen = [len(page["value"])], [task["id"] for task in page["value"]]
    while link := page.get("odata.nextLink"):
        page = requests.get(link, headers={"Authorization": f"Bearer {service.token}"}, timeout=30).json()
        sizes.append(len(page["value"]))
        seen += [task["id"] for task in page["value"]]
    assert seen == ["t1", "t3", "t5", "t7", "t9"]
    assert max(sizes) == 2


@pytest.mark.parametrize("number", ["0", "1001", "-1", "many"])
def test_maxresults_is_from_1_to_1000(service: Service, job: str, number: str) -> None:
    answer = service.send("GET", f"/jobs/{job}/tasks?maxresults={number}")
    assert (code(answer, 400), values(answer)["QueryParameterName"]) == ("InvalidQueryParameterValue", "maxresults")


def test_a_token_of_ours_only_continues_a_list(service: Service, job: str) -> None:
    answer = service.send("GET", f"/jobs/{job}/tasks?$skiptoken=%ff%fe")
    assert (code(answer, 400), values(answer)["QueryParameterName"]) == ("InvalidQueryParameterValue", "$skiptoken")


def test_jobs_and_pools_are_filtered_too(service: Service, job: str) -> None:
    assert [one["id"] for one in service.get(f"/jobs?$filter=id eq '{job}'")["value"]] == [job]
    on_main = service.get("/jobs?$filter=executionInfo/poolId eq 'main' and state eq 'active'")["value"]
    assert job in [one["id"] for one in on_main]
    pools = service.get("/pools?$filter=enableInterNodeCommunication eq true and startswith(id,'ga')")["value"]
    assert [pool["id"] for pool in pools] == ["gang"]
