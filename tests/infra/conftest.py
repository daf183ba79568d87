"""The program under Pulumi's own mocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.runtime import settings

from tests.infra.mocked import Deploy, Deployed, Recorder, configuration, run


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploy]:
    """Runs the program, or any function that declares resources."""
    for variable in ("ARM_METADATA_HOSTNAME", "PULUMI_CONFIG"):
        monkeypatch.delenv(variable, raising=False)

    def under_mocks(stack: str = "local", config: dict[str, str] | None = None, program: Any = None) -> Deployed:
        recorder = Recorder()
        given = configuration(stack) if config is None else config
        return Deployed(recorder, run(recorder, stack, given, program))

    yield under_mocks
    settings.reset_options()
