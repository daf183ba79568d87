"""SIGKILL at random points of a mixed load of writes on both planes: nothing acknowledged is lost, nothing half-made is
seen, every long-running operation ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.control.conftest import Steered, start_steered
from tests.server.kills import Killed

ROUNDS = int(os.environ.get("KILL_ROUNDS", "200"))
# urllib3 leaves the socket of a handshake that a killed server cut off to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Steered]:
    hook = threading.excepthook
    steered = start_steered(tmp_path / "data")
    yield steered
    threading.excepthook = hook
    steered.local.run("stop")


def test_a_killed_server_keeps_its_word(own: Steered) -> None:
    with closing(Killed(own, seed=1)) as killed:
        for _ in range(3):
            killed.round()
    assert all(actor.acknowledged for actor in killed.actors)


@pytest.mark.slow
def test_a_server_killed_many_times_keeps_its_word(own: Steered) -> None:
    """``KILL_ROUNDS`` says how often; the writes that were acknowledged are printed at the end (``-s``)."""
    with closing(Killed(own, seed=ROUNDS)) as killed:
        for number in range(ROUNDS):
            try:
                killed.round()
            except BaseException as failure:
                failure.add_note(f"in round {number + 1} of {ROUNDS}")
                raise
    told = ", ".join(f"{type(actor).__name__} {actor.acknowledged}" for actor in killed.actors)
    print(f"\n{ROUNDS} kills survived; acknowledged: {told}")
    assert all(actor.acknowledged for actor in killed.actors)
