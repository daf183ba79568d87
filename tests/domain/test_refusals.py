"""Every refusal is worded for who may see it."""

from __future__ import annotations

from batchlocal.arm import errors as arm
from batchlocal.arm.providers import providers
from batchlocal.domain.refusals import every_refusal
from batchlocal.service import errors as service
from batchlocal.service import operations


def test_every_refusal_is_worded_somewhere() -> None:
    assert providers()
    assert operations.handlers
    assert every_refusal() == arm.CATALOGUE.keys() | service.CATALOGUE.keys()
