"""What a resource type of ours has to say, and how it may speak to the person who deploys."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from batchmgmt.errors import UsageError

if TYPE_CHECKING:
    from batchmgmt import BatchManagement

__all__ = ["PLACE", "UNKNOWN", "Kind", "PoolId", "Say", "Values", "management"]

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that a preview does not know yet."""

Values = dict[str, Any]

Say = Callable[[str], None]
"""Tells the person who deploys one line, beside the resource's steps."""


class Kind(Protocol):
    """One resource type. Failures are BatchManagementErrors, worded for people."""

    def failures(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What is wrong with the inputs, by property; ``olds`` are the last deployment's, empty for a new resource."""

    def changes(self, state: Values, olds: Values, news: Values) -> dict[str, bool]:
        """The property paths that differ from what is there; True where another resource is needed."""

    def create(self, inputs: Values, say: Say, *, preview: bool) -> tuple[str, Values]:
        """Id and state; in a preview, the state as far as it is known, and nothing is done."""

    def update(self, state: Values, olds: Values, news: Values, say: Say, *, preview: bool) -> Values:
        """The new state; in a preview nothing is done."""

    def read(self, id: str, state: Values, inputs: Values) -> tuple[Values, Values] | None:
        """State and inputs as they are now; None when the resource is gone."""

    def delete(self, id: str) -> None:
        """Take it away; what is gone already is no error."""


_LOCK: Final = threading.Lock()


def management(subscription: str) -> BatchManagement:
    """ARM as the identity that the environment names; one client a process."""
    with _LOCK:
        return _management(subscription)


@cache
def _management(subscription: str) -> BatchManagement:
    from batchmgmt import BatchManagement

    return BatchManagement.from_env(subscription)


_POOL: Final = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<resource_group>[^/]+)"
    r"/providers/Microsoft\.Batch/batchAccounts/(?P<account>[^/]+)/pools/(?P<pool>[^/]+)$",
    re.IGNORECASE,
)


PLACE: Final = ("subscriptionId", "resourceGroupName", "accountName", "poolName")
"""The inputs that say which pool a resource is about."""


class PoolId(NamedTuple):
    """A pool's ARM id, taken apart."""

    subscription: str
    resource_group: str
    account: str
    pool: str

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> PoolId:
        """From a resource's inputs, all known."""
        return cls(*(str(inputs[name]) for name in PLACE))

    @classmethod
    def parse(cls, id: str) -> PoolId:
        """Raises UsageError when it is no pool's ARM id."""
        found = _POOL.match(id)
        if found is None:
            raise UsageError(f"'{id}' is not the ARM id of a pool")
        return cls(**found.groupdict())

    def __str__(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}/providers/Microsoft.Batch"
            f"/batchAccounts/{self.account}/pools/{self.pool}"
        )
