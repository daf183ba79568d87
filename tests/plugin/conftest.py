"""Plugins: one that talks to the session's batchlocal, one that was told no cloud."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Local
from tests.plugin.host import Plugin


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """A plugin that has not been configured: what it answers, it answers without a cloud."""
    with Plugin(tmp_path_factory.mktemp("alone"), {}) as plugin:
        yield plugin


@pytest.fixture(scope="session")
def plugin(batchlocal: Local, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """A plugin for the session's batchlocal, configured by its environment."""
    with Plugin(tmp_path_factory.mktemp("plugin"), batchlocal.environment) as plugin:
        plugin.configure()
        yield plugin
        assert batchlocal.settings["clientSecret"] not in plugin.log.read_text()
