"""One ARM request on its way through a handler."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.resource_id import ResourceId
from batchlocal.domain.refusals import Refusal
from batchlocal.identity.tokens import Principal
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Request
from batchlocal.store import Tx

__all__ = ["ArmCall", "NotModelled"]

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class NotModelled(Refusal):
    """Azure gives it an effect, batchlocal none: refused with ``--strict``."""

    what: str


CATALOGUE[NotModelled] = gateway(501, "NotImplemented", "{what}.")


@dataclass
class ArmCall:
    """What a handler gets: the request taken apart, who asks, and one transaction.

    ``tx`` is a write transaction unless the method is GET or HEAD, or the handler is async (such a handler opens its
    own with ``platform.store.write()`` after it has awaited). ``body`` is the checked JSON body or None. ``warnings``
    go out as the answer's ``Warning`` header.
    """

    request: Request
    platform: Platform
    tx: Tx
    principal: Principal
    parameters: dict[str, str]
    body: Any = None
    warnings: list[str] = field(default_factory=list)

    @cached_property
    def id(self) -> ResourceId:
        """The resource id that the path names, an action's resource for POST."""
        return ResourceId.parse(self.request.path)

    @property
    def now(self) -> int:
        """When the request arrived, in ticks."""
        return self.request.arrived

    def warn(self, what: str) -> None:
        """Say in the answer and the log what has no effect here though it has one on Azure.

        ``what`` is a sentence without its full stop.

        Raises:
            NotModelled: with ``--strict``.
        """
        if self.platform.strict:
            raise NotModelled(what)
        self.warnings.append(what)
        _log.warning("%s (%s)", what, self.request.path)
