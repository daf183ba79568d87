"""One ARM request on its way through a handler."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from batchlocal.arm.resource_id import ResourceId
from batchlocal.identity.tokens import Principal
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Request
from batchlocal.store import Tx

__all__ = ["ArmCall"]


@dataclass
class ArmCall:
    """What a handler gets: the request taken apart, who asks, and one transaction.

    ``tx`` is a write transaction unless the method is GET or HEAD, or the handler is async (such a handler opens its
    own with ``platform.store.write()`` after it has awaited). ``body`` is the checked JSON body or None.
    """

    request: Request
    platform: Platform
    tx: Tx
    principal: Principal
    parameters: dict[str, str]
    body: Any = None

    @cached_property
    def id(self) -> ResourceId:
        """The resource id that the path names, an action's resource for POST."""
        return ResourceId.parse(self.request.path)

    @property
    def now(self) -> int:
        """When the request arrived, in ticks."""
        return self.request.arrived
