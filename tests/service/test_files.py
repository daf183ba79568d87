"""Files of tasks and nodes (REST reference, File - List From Task to File - Delete From Compute Node; F11)."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import requests

from tests.service.conftest import VERSION, Service, code
from tests.support.waiting import until

MAKE = "mkdir -p sub/deep; echo a > sub/a.txt; echo b > sub/deep/b.bin; ln -s /nowhere gone"
SCRIPT = f"/bin/sh -c 'printf 0123456789; {MAKE}'"
LARGE = 256 * 1024 * 1024


@pytest.fixture
def task(service: Service, job: str) -> str:
    """The path of a task that has left files."""
    service.run(job, "t", SCRIPT)
    return f"/jobs/{job}/tasks/t"


def names(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [file["name"] for file in answer["value"]]


def test_a_tasks_files_are_listed_with_and_without_what_is_below(service: Service, task: str) -> None:
    top = service.get(f"{task}/files")
    assert {"stdout.txt", "stderr.txt", "wd"} <= set(names(top))
    assert "wd/sub" not in names(top)
    whole = service.get(f"{task}/files?recursive=true")
    assert {"wd", "wd/sub", "wd/sub/a.txt", "wd/sub/deep", "wd/sub/deep/b.bin"} <= set(names(whole))
    by_name = {file["name"]: file for file in whole["value"]}
    assert by_name["wd/sub"]["isDirectory"] is True
    assert "properties" not in by_name["wd/sub"]
    properties = by_name["stdout.txt"]["properties"]
    assert (properties["contentLength"], properties["contentType"]) == ("10", "text/plain")
    assert properties["fileMode"].startswith("0o100")
    assert by_name["wd/sub/deep/b.bin"]["properties"]["contentType"] == "application/octet-stream"


def test_lists_are_filtered_by_the_start_of_names_and_come_in_pages(service: Service, task: str) -> None:
    found = service.get(f"{task}/files?recursive=true&$filter=startswith(name,'wd/sub/')")
    assert names(found) == ["wd/sub/a.txt", "wd/sub/deep", "wd/sub/deep/b.bin"]
    page = service.get(f"{task}/files?recursive=true&maxresults=2")
    seen = names(page)
    while link := page.get("odata.nextLink"):
        page = requests.get(link, headers={"Authorization": f"Bearer {service.token}"}, timeout=30).json()
        assert len(page["value"]) <= 2
        seen += names(page)
    assert seen == names(service.get(f"{task}/files?recursive=true"))
    wrong = service.send("GET", f"{task}/files?$filter=name eq 'wd'")
    assert code(wrong, 400) == "InvalidQueryParameterValue"


@pytest.mark.parametrize(
    ("wanted", "content"), [("bytes=2-4", "234"), ("bytes=7-", "789"), ("bytes=-3", "789"), ("bytes=8-99", "89")]
)
def test_a_range_answers_200_with_the_range(service: Service, task: str, wanted: str, content: str) -> None:
    answer = service.send("GET", f"{task}/files/stdout.txt", ocp_range=wanted)
    assert (answer.status_code, answer.text) == (200, content)
    assert answer.headers["Content-Length"] == str(len(content))


def test_a_range_outside_the_file_is_refused(service: Service, task: str) -> None:
    for wanted in ("bytes=10-11", "lines=1-2", "bytes=a-b", "bytes=\u00b2-\u00b3"):
        assert code(service.send("GET", f"{task}/files/stdout.txt", ocp_range=wanted), 416) == "InvalidRange"


def test_head_has_the_files_properties_and_no_body(service: Service, task: str) -> None:
    answer = service.send("HEAD", f"{task}/files/stdout.txt")
    assert (answer.status_code, answer.content) == (200, b"")
    headers = answer.headers
    assert (headers["Content-Length"], headers["Content-Type"]) == ("10", "text/plain")
    assert headers["ocp-batch-file-isdirectory"] == "False"
    assert headers["ocp-batch-file-url"].endswith("files%2Fstdout.txt")
    assert {"ocp-creation-time", "ocp-batch-file-mode", "Last-Modified"} <= headers.keys()
    assert service.send("HEAD", f"{task}/files/wd").headers["ocp-batch-file-isdirectory"] == "True"
    missing = service.send("HEAD", f"{task}/files/none.txt")
    assert (missing.status_code, missing.content) == (404, b"")


def test_conditions_on_time_hold_for_files(service: Service, task: str) -> None:
    changed = service.send("HEAD", f"{task}/files/stdout.txt").headers["Last-Modified"]
    same = service.send("GET", f"{task}/files/stdout.txt", If_Modified_Since=changed)
    assert (same.status_code, same.content) == (304, b"")
    long_ago = "Mon, 01 Jan 2001 00:00:00 GMT"
    late = service.send("GET", f"{task}/files/stdout.txt", If_Unmodified_Since=long_ago)
    assert code(late, 412) == "ConditionNotMet"


def test_files_and_directories_are_deleted(service: Service, task: str) -> None:
    assert service.send("DELETE", f"{task}/files/stderr.txt").status_code == 200
    assert service.is_gone(f"{task}/files/stderr.txt")
    assert code(service.send("DELETE", f"{task}/files/stderr.txt"), 404) == "FileNotFound"
    assert code(service.send("DELETE", f"{task}/files/wd/sub"), 409) == "OperationInvalidForCurrentState"
    assert service.send("DELETE", f"{task}/files/wd/sub?recursive=true").status_code == 200
    assert names(service.get(f"{task}/files?recursive=true&$filter=startswith(name,'wd/sub')")) == []


def test_a_nodes_files_are_the_same_files(service: Service, task: str) -> None:
    info = service.get(task)["nodeInfo"]
    node = f"/pools/main/nodes/{info['nodeId']}"
    assert {"applications", "shared", "startup", "workitems"} <= set(names(service.get(f"{node}/files")))
    path = f"{info['taskRootDirectory']}/stdout.txt".replace("/", "%2F")
    assert service.send("GET", f"{node}/files/{path}").text == "0123456789"
    assert service.send("HEAD", f"{node}/files/{path}").status_code == 200
    assert service.send("DELETE", f"{node}/files/{path}").status_code == 200
    assert service.is_gone(f"{task}/files/stdout.txt")


def test_a_job_keeps_its_case_on_nodes_and_goes_from_them(service: Service) -> None:
    job = f"Job-{uuid.uuid4().hex[:8]}"
    service.send("POST", "/jobs", {"id": job, "poolInfo": {"poolId": "main"}})
    info = service.run(job, "Task", "/bin/pwd")["nodeInfo"]
    assert info["taskRootDirectory"] == f"workitems/{job}/job-1/Task"
    assert service.stdout(job, "Task").endswith(f"/{info['taskRootDirectory']}/wd\n")
    service.send("DELETE", f"/jobs/{job}")
    node = f"/pools/main/nodes/{info['nodeId']}/files"
    until(lambda: f"workitems/{job}" not in names(service.get(f"{node}?recursive=true")))


def test_a_path_does_not_lead_out_of_the_folder(service: Service, task: str) -> None:
    for path in ("..%2F..%2F..%2F..%2Fstore.db", "%2Fetc%2Fpasswd"):
        assert code(service.send("GET", f"{task}/files/{path}"), 404) == "FileNotFound"


def test_only_directories_and_regular_files_within_the_folder_are_files(service: Service, job: str) -> None:
    odd = 'mkfifo pipe; ln -s loop loop; ln -s /etc/passwd out; touch "$(printf "caf\\351")"; ln -s kept.txt link'
    service.run(job, "odd", f"/bin/sh -c 'echo kept > kept.txt; {odd}'")
    files = f"/jobs/{job}/tasks/odd/files"
    found = service.get(f"{files}?recursive=true&$filter=startswith(name,'wd/')")
    assert names(found) == ["wd/kept.txt", "wd/link"]
    for name in ("pipe", "loop", "out", "caf%E9", "nul%00", "n" * 300):
        for method in ("GET", "HEAD", "DELETE"):
            assert service.send(method, f"{files}/wd/{name}").status_code == 404, (method, name)


def test_a_link_is_deleted_and_not_what_it_leads_to(service: Service, job: str) -> None:
    service.run(job, "t", "/bin/sh -c 'mkdir run; echo kept > run/kept.txt; ln -s run latest'")
    files = f"/jobs/{job}/tasks/t/files"
    assert service.send("DELETE", f"{files}/wd/latest?recursive=true").status_code == 200
    assert service.is_gone(f"{files}/wd/latest")
    assert service.send("GET", f"{files}/wd/run/kept.txt").text == "kept\n"


def test_the_folder_itself_cannot_be_deleted(service: Service, task: str) -> None:
    assert service.send("DELETE", f"{task}/files/wd%2F..?recursive=true").status_code == 404
    assert service.send("GET", f"{task}/files/stdout.txt").text == "0123456789"


def test_a_large_file_is_streamed_and_not_held(service: Service, job: str) -> None:
    service.run(job, "large", f"/usr/bin/truncate -s {LARGE} large.bin")
    pid = int(service.local.run("status").stdout.split("pid ")[1].split()[0].strip(",)"))
    before = resident(pid)
    url = f"{service.url}/jobs/{job}/tasks/large/files/wd/large.bin?api-version={VERSION}"
    read = peak = 0
    with requests.get(url, headers={"Authorization": f"Bearer {service.token}"}, stream=True, timeout=60) as answer:
        assert answer.headers["Content-Length"] == str(LARGE)
        for piece in answer.iter_content(1024 * 1024):
            read += len(piece)
            peak = max(peak, resident(pid)) if read % (32 * 1024 * 1024) == 0 else peak
    assert (read, peak > 0) == (LARGE, True)
    assert peak - before < 64 * 1024 * 1024


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
