"""Every command and every example of batchmgmt in the README, in docs/ and in ``--help`` runs as it stands there.

What of other programs stands on those pages is run by the tests that ``ELSEWHERE`` names.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command_cases import Place, commands, connections, make_busy, make_connection, make_quiet

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = ("batchmgmt", "batchlocal", "make", "pulumi", "curl", "eval", "python", "az")
ELSEWHERE = {
    ("README.md", "make"): "tests/e2e/test_make.py",
    ("apis-and-tools.md", "az"): "tests/clients/test_azure_cli.py",
    ("apis-and-tools.md", "python"): "tests/clients/test_management_sdks.py",
    ("control.md", "batchlocal"): "tests/control/test_page.py",
    ("control.md", "curl"): "tests/control/test_page.py",
    ("control.md", "python"): "tests/telemetry/test_telemetry.py",
    ("autoscale.md", "python"): "tests/autoscale",
    ("infra.md", "python"): "tests/infra",
    ("pipelines.md", "python"): "tests/examples/test_pipelines.py",
    ("testing.md", "python"): "tests",
}
_SHOWN = "what it does is shown by tests/neighbours; the line itself needs az, jq and values of one's own"
NOT_RUN = {
    ("to-azure.md", "pulumi"): "needs the Pulumi CLI and a subscription of Azure",
    ("neighbours.md", "az"): _SHOWN,
    (
        "pipelines.md",
        "az",
    ): "makes an identity in Azure; tests/examples/test_pipelines.py gives one the same roles here",
    ("neighbours.md", "curl"): _SHOWN,
    ("neighbours.md", "eval"): _SHOWN,
}


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    return re.findall(r"(?ms)^ *```([a-z]*)\n(.*?)^ *```", page.read_text())


def shell_lines(page: Path) -> list[str]:
    """The commands that a page shows, as they would be typed with the virtual environment's programs on PATH."""
    lines = [line.strip() for language, text in blocks(page) if language in ("", "sh") for line in text.splitlines()]
    typed = [line.replace(".venv/bin/", "") for line in lines]
    return [line for line in typed if line.startswith(tuple(f"{program} " for program in PROGRAMS))]


def programs(page: Path) -> set[str]:
    found = {"batchmgmt" if "batchmgmt " in line else line.split()[0] for line in shell_lines(page)}
    return found | {"python" for language, _ in blocks(page) if language == "python"}


def of_batchmgmt() -> list[str]:
    return [line for page in PAGES for line in shell_lines(page) if "batchmgmt " in line]


def snippets() -> list[str]:
    return [text for page in PAGES for language, text in blocks(page) if "from batchmgmt import Batch" in text]


def examples() -> list[str]:
    """The examples of ``--help``, makers before takers."""
    shown = [each.help.partition("Examples:")[2].splitlines() for each in commands().values()]
    return sorted((line.strip() for lines in shown for line in lines if line.strip()), key=_order)


def _order(example: str) -> int:
    """Applications are created, then changed, then their packages and they themselves deleted."""
    words = ("application create", "package upload", "application set", "", "package delete", "application delete")
    found = [number for number, word in enumerate(words) if word and word in example]
    return found[0] if found else words.index("")


def test_every_command_on_a_page_is_run_here_or_by_a_test_that_is_named():
    strays = [
        (page.name, program)
        for page in PAGES
        for program in programs(page) - {"batchmgmt"}
        if (page.name, program) not in ELSEWHERE | NOT_RUN
        and not (program == "python" and any(text in page.read_text() for text in snippets()))
    ]
    assert not strays, "say in ELSEWHERE which test runs these"
    assert all((ROOT / test).exists() for test in ELSEWHERE.values())
    assert of_batchmgmt()
    assert snippets()


def test_every_command_on_a_page_runs(stack):
    account, folder = stack
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for line in of_batchmgmt():
        typed = line.replace("batch-local", account.resource_group).replace("localbatch", account.name)
        done = subprocess.run(
            ["sh", "-ec", typed],
            env={**os.environ, "PATH": path, "PULUMI_BACKEND_URL": folder.as_uri()},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"


@pytest.mark.parametrize("number", range(len(snippets())))
def test_every_program_on_a_page_runs(stack, number):
    account, folder = stack
    names = {"my-group": account.resource_group, "myaccount": account.name, '"render"': '"POOL"'}
    program = snippets()[number]
    for shown, there in names.items():
        program = program.replace(shown, there)
    environment = {**os.environ, "PULUMI_BACKEND_URL": folder.as_uri()}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_example_in_help_runs(in_process, stack):
    account, folder = stack
    place = Place(account, "door", folder)
    make_connection(place)
    names = {
        "CONNECTION": connections(place)[0],
        "my-group": account.resource_group,
        "myaccount": account.name,
        "my-storage": f"{account.name}st",
    }
    for example in examples():
        words = shlex.split(example)[1:]
        if "my-group" in words and "delete" in words:
            continue  # these delete what others need: the tests on faults run them
        words = [names.get(word, word) for word in words]
        if "follow" in words:
            words += [] if "--count" in words else ["--count", "1"]  # the other one ends by Ctrl-C
            make_busy(place)
        code, _, said = in_process(*words, env={"PULUMI_BACKEND_URL": folder.as_uri()}, cwd=folder)
        if "follow" in words:
            make_quiet(place)
        assert code == 0, f"{example}: {said}"
