"""Who did what to an account, at management level, from Azure's activity log.

Service-level calls (jobs, tasks, and pools by azure-batch) never reach this log, for they go around ARM. They are seen
in the account's diagnostic logs (category ``ServiceLog``), where those are switched on.

Source: Activity Logs - List of Microsoft.Insights, api-version 2015-04-01.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from batchmgmt.arm import account_id
from batchmgmt.errors import UsageError

if TYPE_CHECKING:
    from batchmgmt.management import BatchManagement

__all__ = ["KEPT", "Activity", "Entry", "Looks"]

API_VERSION: Final = "2015-04-01"
KEPT: Final = timedelta(days=90)  # how long Azure keeps its activity log
PAUSE: Final = 5.0  # seconds between two looks of ``follow``
OVERLAP: Final = timedelta(hours=1)  # how late an entry may appear and still be told by ``follow``


class Entry(NamedTuple):
    """One event: when (UTC), who, what, on which resource id, how it went."""

    time: datetime
    caller: str
    operation: str
    resource_id: str
    status: str
    correlation_id: str
    event_id: str


class Activity:
    """The activity log of a subscription."""

    def __init__(self, management: BatchManagement) -> None:
        self._management = management

    def list(
        self,
        *,
        resource_group: str | None = None,
        account: str | None = None,
        since: timedelta = timedelta(hours=24),
        caller: str | None = None,
        operation: str | None = None,
        status: str | None = None,
    ) -> Sequence[Entry]:
        """The entries, oldest first.

        Args:
            resource_group, account: an account is given with its group. since: how far back.
            caller, operation, status: keep entries that contain the text, without regard to case.

        Raises:
            UsageError: an account without a group, or further back than the log is kept.
            AzureError, ConnectionFailed: the request failed.
        """
        if since > KEPT:
            raise UsageError(f"the activity log goes back {KEPT.days} days, not {since.days}")
        chosen = self._filter(resource_group, account, datetime.now(UTC) - since)
        wanted = ((caller, "caller"), (operation, "operation"), (status, "status"))
        entries = (_entry(each) for each in self._read(chosen))
        kept = (each for each in entries if all(_contains(getattr(each, name), text) for text, name in wanted))
        return sorted(kept, key=lambda entry: entry.time)

    def follow(
        self,
        *,
        resource_group: str | None = None,
        account: str | None = None,
        caller: str | None = None,
        operation: str | None = None,
        status: str | None = None,
        pause: float = PAUSE,
    ) -> Iterator[Entry]:
        """Entries as they appear, from now on, without end; Azure shows them minutes late.

        Takes what ``list`` takes, and looks every ``pause`` seconds. Raises as ``list`` does.
        """
        looks = Looks(
            lambda: self.list(
                resource_group=resource_group,
                account=account,
                caller=caller,
                operation=operation,
                status=status,
                since=OVERLAP,
            )
        )
        while True:
            yield from looks.new()
            time.sleep(pause)

    def _filter(self, resource_group: str | None, account: str | None, start: datetime) -> str:
        chosen = f"eventTimestamp ge '{start:%Y-%m-%dT%H:%M:%SZ}'"
        if account and not resource_group:
            raise UsageError("an account's activity is asked for with its resource group")
        if account and resource_group:
            uri = account_id(self._management.subscription_id, resource_group, account)
            return f"{chosen} and resourceUri eq '{uri}'"
        if resource_group:
            return f"{chosen} and resourceGroupName eq '{resource_group}'"
        return f"{chosen} and resourceProvider eq 'Microsoft.Batch'"

    def _read(self, chosen: str) -> Iterator[Any]:
        path = f"/subscriptions/{self._management.subscription_id}/providers/Microsoft.Insights/eventtypes/management"
        return self._management.arm.list("reading the activity log", f"{path}/values", API_VERSION, chosen)


class Looks:
    """Repeated looks at the log, each of which tells what was not there at the one before."""

    def __init__(self, read: Callable[[], Sequence[Entry]]) -> None:
        self._read = read
        self._seen = {each.event_id for each in read()}

    def new(self) -> Sequence[Entry]:
        """The entries that appeared since the last look, oldest first."""
        there = self._read()
        fresh = [each for each in there if each.event_id not in self._seen]
        self._seen = {each.event_id for each in there}
        return fresh


def _entry(event: dict[str, Any]) -> Entry:
    moment = datetime.fromisoformat(event["eventTimestamp"].replace("Z", "+00:00"))
    return Entry(
        moment,
        event.get("caller") or "",
        _value(event.get("operationName")),
        event.get("resourceId") or "",
        _value(event.get("status")),
        event.get("correlationId") or "",
        event.get("eventDataId") or "",
    )


def _value(localized: Any) -> str:
    return str(localized.get("value") or "") if isinstance(localized, dict) else str(localized or "")


def _contains(text: str, wanted: str | None) -> bool:
    return wanted is None or wanted.lower() in text.lower()
