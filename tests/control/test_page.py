"""The commands of docs/control.md run as they stand there, and the page says all that there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from batchlocal.cli import main
from batchlocal.control.call import ENDPOINTS
from batchlocal.control.plane import rooms
from tests.control.conftest import Steered
from tests.support.waiting import until

PAGE = (Path(__file__).parents[2] / "docs" / "control.md").read_text()
BLOCKS = re.findall(r"(?ms)^```\n(.*?)^```", PAGE)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("batchlocal ")]


def test_the_commands_of_the_page_run(steered: Steered, capsys: pytest.CaptureFixture[str]) -> None:
    """In this process: that they start as processes too is seen where each is tested."""
    assert len(COMMANDS) > 8
    account = steered.new_account()
    steered.new_pool(account, "render", scaleSettings={"fixedScale": {"targetLowPriorityNodes": 1}})
    until(lambda: steered.node_states(account, "render") == ["idle"])
    for command in COMMANDS:
        command = command.replace("myaccount", account)
        code = main([*shlex.split(command)[1:], "--data", str(steered.local.data)])
        assert code == 0, f"{command}: {capsys.readouterr().err}"


def test_the_page_names_every_endpoint() -> None:
    assert rooms
    for method, path, _ in ENDPOINTS:
        assert f"`{method} {re.sub(r'{.*?}', 'ID', path)}" in PAGE


@pytest.mark.parametrize("group", sorted({shlex.split(command)[1] for command in COMMANDS}))
def test_help_shows_examples(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([group, "--help"])
    assert ended.value.code == 0
    assert f"batchlocal {group} " in capsys.readouterr().out.split("examples:")[1]
