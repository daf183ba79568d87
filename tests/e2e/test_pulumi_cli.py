"""The stack of the README by the Pulumi CLI, and from one engine to the other at every turn."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.checkout import Checkout, succeeded

pytestmark = [
    pytest.mark.slow,
    pytest.mark.pulumi_cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no Pulumi CLI on PATH"),
]


def test_the_stack_moves_between_the_engines_and_no_tracked_file_is_written(checkout: Checkout) -> None:
    tracked = files(checkout)
    for engine, said in (("pulumi", "created"), ("embedded", "unchanged"), ("pulumi", "unchanged")):
        assert said in succeeded(checkout.make("up", f"ENGINE={engine}"))
    outputs = checkout.outputs()
    preview = ["engine", "preview", "--stack", "local", "--expect-no-changes"]
    succeeded(checkout.batchlocal(*preview, **checkout.client_environment()))
    assert "64 tasks" in succeeded(checkout.make("demo", "ENGINE=pulumi"))
    assert checkout.outputs() == outputs
    assert "deleted" in succeeded(checkout.make("down", "ENGINE=pulumi"))
    assert files(checkout) == tracked


def files(checkout: Checkout) -> dict[str, str]:
    return {file.name: file.read_text() for file in (checkout.root / "stacks").iterdir()}
