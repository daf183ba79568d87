"""What tests of the server share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.server.world import LATEST, NEWEST, World, a_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An account with something of everything; tests leave what others use as they found it."""
    with a_world(tmp_path_factory.mktemp("world")) as filled:
        yield filled


@pytest.fixture(scope="session")
def newest_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same, spoken to in the newest api-version of Microsoft.Batch."""
    with a_world(tmp_path_factory.mktemp("newest"), NEWEST) as filled:
        yield filled


@pytest.fixture
def world_of(request: pytest.FixtureRequest) -> Callable[[str], World]:
    """The world of an api-version of Microsoft.Batch that is described."""
    return lambda version: request.getfixturevalue({LATEST: "world", NEWEST: "newest_world"}[version])
