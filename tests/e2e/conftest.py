"""A checkout for the tests of each file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.checkout import Checkout, copied


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy that was never used; what a test leaves running is stopped."""
    copy = copied(tmp_path_factory.mktemp("checkout") / "project")
    yield copy
    copy.batchlocal("stop")
