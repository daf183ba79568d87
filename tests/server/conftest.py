"""What tests of the server share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.world import World, a_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An account with something of everything; tests leave what others use as they found it."""
    with a_world(tmp_path_factory.mktemp("world")) as filled:
        yield filled
