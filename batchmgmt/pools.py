"""Pools, at management level: list, read, resize, wait, delete."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from batchmgmt.errors import Conflict, Detail, NotFound, ResizeFailed, TimedOut, UsageError, acting
from batchmgmt.waiting import PATIENCE, Waited, outcome, until

if TYPE_CHECKING:
    from azure.mgmt.batch.models import Pool, ScaleSettings

    from batchmgmt.management import BatchManagement

__all__ = ["Deallocation", "PoolProgress", "Pools"]

Deallocation = Literal["Requeue", "TaskCompletion", "Terminate", "RetainedData"]
"""What becomes of a leaving node's tasks: begun again elsewhere, waited for, ended, or waited for with their files."""

PoolProgress = Callable[["Pool"], None]
"""Called with the pool as it was read last, while it is waited for."""

PAUSE: Final = 0.5  # seconds between two looks at first
LONGEST_PAUSE: Final = 10.0
SHORTEST_RESIZE: Final = 300  # seconds: the least resizeTimeout that Azure takes


class Pools:
    """The pools of one account; every method raises AzureError and ConnectionFailed."""

    def __init__(self, management: BatchManagement, resource_group: str, account: str) -> None:
        self._management = management
        self._account = (resource_group, account)

    def list(self) -> list[Pool]:
        """All pools."""
        with acting(f"listing the pools of account '{self._account[1]}'"):
            return list(self._management.sdk.pool.list_by_batch_account(*self._account))

    def get(self, pool: str) -> Pool:
        """One pool."""
        with acting(f"reading {self._named(pool)}"):
            return self._management.sdk.pool.get(*self._account, pool)

    def create(self, pool: str, definition: Pool) -> Pool:
        """Create a pool, or bring one that is there to the definition; ``wait_steady`` waits for its nodes."""
        with acting(f"creating {self._named(pool)}"):
            return self._management.sdk.pool.create(*self._account, pool, definition)

    def resize(
        self,
        pool: str,
        *,
        dedicated: int | None = None,
        low_priority: int | None = None,
        deallocation: Deallocation | None = None,
        resize_timeout: float | None = None,
        replace_formula: bool = False,
        wait: bool = True,
        timeout: float | None = None,
        progress: PoolProgress | None = None,
    ) -> Pool:
        """Change how many nodes a pool of fixed scale should have; what is not given stays.

        Args:
            deallocation: what becomes of the tasks of nodes that go; None leaves it to Azure, which requeues them.
            resize_timeout: seconds after which Azure gives up, from 300 on; None leaves the pool's own (Azure's: 900).
            replace_formula: also of a pool that scales itself. ARM would take its formula away without a word; the
                service plane refuses such a resize (``AutoScaleEnabled``).
            wait: until the pool is steady, for ``timeout`` seconds; None waits a little longer than Azure tries.

        Raises:
            UsageError: nothing is given, or the pool has a formula. TimedOut: the pool is not steady in time.
            ResizeFailed: Azure could not bring all nodes; carries its codes.
        """
        if dedicated is None and low_priority is None:
            raise UsageError("say how many nodes: dedicated, low priority or both")
        from azure.mgmt.batch.models import FixedScaleSettings, ScaleSettings

        now = self.get(pool).properties
        scale = now.scale_settings if now else None
        if scale and scale.auto_scale and not replace_formula:
            raise UsageError(
                f"{self._named(pool)} scales itself by a formula, which a fixed size would replace:"
                f" say --replace-formula if it shall ({scale.auto_scale.formula})"
            )
        before = (scale.fixed_scale if scale else None) or FixedScaleSettings()
        wanted = FixedScaleSettings(
            target_dedicated_nodes=before.target_dedicated_nodes if dedicated is None else dedicated,
            target_low_priority_nodes=before.target_low_priority_nodes if low_priority is None else low_priority,
            node_deallocation_option=deallocation,
            resize_timeout=before.resize_timeout if resize_timeout is None else timedelta(seconds=resize_timeout),
        )
        changed = self.rescale(pool, ScaleSettings(fixed_scale=wanted))
        if not wait:
            return changed
        patience = _patience(wanted.resize_timeout) if timeout is None else timeout
        return self.wait_steady(pool, timeout=patience, progress=progress)

    def rescale(self, pool: str, scale: ScaleSettings) -> Pool:
        """Give a pool other scale settings, fixed or a formula, and do not wait."""
        from azure.mgmt.batch.models import Pool as Definition
        from azure.mgmt.batch.models import PoolProperties

        change = Definition(properties=PoolProperties(scale_settings=scale))
        with acting(f"resizing {self._named(pool)}"):
            return self._management.sdk.pool.update(*self._account, pool, change, retry_on_methods=["GET", "PATCH"])

    def drain(
        self,
        pool: str,
        *,
        deallocation: Deallocation = "TaskCompletion",
        timeout: float = 3600.0,
        progress: PoolProgress | None = None,
    ) -> Pool:
        """Bring a pool to no nodes and wait, so that Azure takes changes that it only takes then.

        Its targets become 0 and its formula is disabled: remember its scale settings, and ``rescale`` it afterwards.

        Args:
            deallocation: TaskCompletion lets running tasks end; no new ones start. timeout: seconds.

        Raises:
            ResizeFailed: nodes are still there when Azure gave up. TimedOut: they are when ``timeout`` is over.
        """
        from azure.mgmt.batch.models import FixedScaleSettings, ScaleSettings

        self._without_formula(pool)
        settled = self._settled(pool, timeout, progress)
        if not _nodes(settled):
            return settled
        none = FixedScaleSettings(
            target_dedicated_nodes=0,
            target_low_priority_nodes=0,
            node_deallocation_option=deallocation,
            resize_timeout=timedelta(seconds=max(timeout, SHORTEST_RESIZE)),
        )
        self.rescale(pool, ScaleSettings(fixed_scale=none))
        return self.wait_steady(pool, timeout=timeout, progress=progress)

    def _without_formula(self, pool: str) -> None:
        properties = self.get(pool).properties
        if properties and properties.scale_settings and properties.scale_settings.auto_scale:
            with acting(f"disabling autoscale of {self._named(pool)}"):
                self._management.sdk.pool.disable_auto_scale(*self._account, pool)

    def _settled(self, pool: str, timeout: float, progress: PoolProgress | None) -> Pool:
        """The pool once it is steady, its resize stopped, whatever errors that had."""
        found = self.get(pool)
        if found.properties and found.properties.allocation_state == "Resizing":
            with suppress(Conflict):  # it may have ended by itself
                self.stop_resize(pool)
        return self._until_steady(pool, timeout, progress)

    def stop_resize(self, pool: str) -> Pool:
        """Let the pool stay at the nodes it has now; one that is steady already stays as it is."""
        try:
            with acting(f"stopping the resize of {self._named(pool)}"):
                return self._management.sdk.pool.stop_resize(*self._account, pool, retry_on_methods=["POST"])
        except Conflict:
            found = self.get(pool)
            if found.properties and found.properties.allocation_state == "Steady":
                return found
            raise

    def wait_steady(self, pool: str, *, timeout: float = PATIENCE, progress: PoolProgress | None = None) -> Pool:
        """Wait (``timeout`` in seconds) until the pool's allocation is steady.

        Raises:
            ResizeFailed: it is steady with resize errors. TimedOut: it is not steady in time.
        """
        found = self._until_steady(pool, timeout, progress)
        self._check_resize(pool, found)
        return found

    def _until_steady(self, pool: str, timeout: float, progress: PoolProgress | None) -> Pool:
        deadline, pause = time.monotonic() + timeout, PAUSE
        while True:
            found = self.get(pool)
            if progress:
                progress(found)
            if found.properties and found.properties.allocation_state == "Steady":
                return found
            if time.monotonic() + pause > deadline:
                raise TimedOut(f"{self._named(pool)} is not steady after {timeout:.0f} s; it goes on resizing")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def delete(self, pool: str, *, timeout: float = PATIENCE, progress: Waited | None = None) -> None:
        """Delete a pool with its nodes, and wait (``timeout`` in seconds) until it is gone.

        One that is being deleted already, by a call that was cut off, is waited for too. Raises TimedOut besides.
        """
        act = f"deleting {self._named(pool)}"
        try:
            with acting(act):
                poller = self._management.sdk.pool.begin_delete(*self._account, pool)
        except Conflict as conflict:
            if conflict.code != "PoolBeingDeleted":
                raise
            until(act, lambda: self._is_gone(pool), timeout=timeout, progress=progress)
        else:
            outcome(act, poller, timeout=timeout, progress=progress)

    def _is_gone(self, pool: str) -> bool:
        try:
            self.get(pool)
        except NotFound:
            return True
        return False

    def _check_resize(self, pool: str, found: Pool) -> None:
        status = found.properties.resize_operation_status if found.properties else None
        errors = (status.errors if status else None) or []
        if errors:
            details = [Detail(each.code, each.message) for each in errors[1:]]
            raise ResizeFailed(f"resizing {self._named(pool)}", errors[0].code, errors[0].message, details=details)

    def _named(self, pool: str) -> str:
        return f"pool '{pool}' of account '{self._account[1]}'"


def _patience(resize_timeout: timedelta | None) -> float:
    """Seconds to wait for a resize: as long as Azure tries, and some."""
    return max(PATIENCE, resize_timeout.total_seconds() + SHORTEST_RESIZE) if resize_timeout else PATIENCE


def _nodes(found: Pool) -> int:
    """Nodes that it has or is to have."""
    properties = found.properties
    if properties is None:
        return 0
    fixed = properties.scale_settings.fixed_scale if properties.scale_settings else None
    targets = (fixed.target_dedicated_nodes or 0) + (fixed.target_low_priority_nodes or 0) if fixed else 0
    return max(targets, (properties.current_dedicated_nodes or 0) + (properties.current_low_priority_nodes or 0))
