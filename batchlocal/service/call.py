"""One Batch service request on its way through a handler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchlocal.platform import Platform
from batchlocal.protocol.messages import Request
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["ServiceCall"]


@dataclass
class ServiceCall:
    """What a handler gets: the request taken apart, the account it is for, and one transaction.

    ``tx`` is a write transaction unless the method is GET or HEAD, or the handler is async (such a handler opens its
    own with ``platform.store.write()`` after it has awaited). ``parameters`` are the path's, percent-decoded.
    ``url`` is the account's endpoint as the client sees it, without trailing slash. ``windows`` has what
    ``is_windows`` has read.
    """

    request: Request
    platform: Platform
    tx: Tx
    account: Resource
    parameters: dict[str, str]
    url: str
    body: Any = None

    windows: dict[str, bool] = field(default_factory=dict)

    def is_windows(self, pool: str) -> bool:
        """Whether the pool of a key runs Windows, as far as it is there; read once a request."""
        if pool not in self.windows:
            found = self.tx.pools.find(pool)
            self.windows[pool] = found is not None and found.is_windows
        return self.windows[pool]

    @property
    def now(self) -> int:
        """When the request arrived, in ticks."""
        return self.request.arrived
