"""What is watched. Source: Microsoft's "Monitor Azure Batch" and its metrics and logs reference."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.model.base import ArmId, Model, Spelled

__all__ = ["Monitoring"]

Email = Annotated[str, Spelled(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "an e-mail address")]


class Monitoring(Model):
    """A Log Analytics workspace that gets the account's logs and metrics, and alerts."""

    workspace: ArmId | None = None
    """A workspace that is there already; not set: one is made."""
    retention_days: Annotated[int, Field(ge=30, le=730)] = 30
    """How long a workspace of its own keeps what it gets."""
    notify: tuple[Email, ...] = ()
    """Who gets an e-mail when an alert fires."""
    resize_errors: bool = True
    """Alert when a pool's resize ends with an error."""
    failed_tasks: Annotated[int, Field(ge=0)] | None = 0
    """Alert when more tasks than this fail within 15 minutes; null: never."""
    unusable_nodes: Annotated[int, Field(ge=0)] | None = 0
    """Alert when more nodes than this are unusable, or failed their start task; null: never."""
    cores: Annotated[int, Field(ge=1)] | None = None
    """Alert when more dedicated cores than this are in use; a little less than the quota is a good number."""
