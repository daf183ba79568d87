"""Who performs the effects that ARM's handlers owe."""

from __future__ import annotations

from typing import Final

from batchlocal.arm import perimeter_configurations
from batchlocal.arm.microsoft_batch import private_links
from batchlocal.arm.microsoft_batch.accounts import finish_creation, finish_deletion
from batchlocal.arm.microsoft_resources.groups import finish_group_deletion
from batchlocal.arm.microsoft_storage.accounts import finish_account
from batchlocal.arm.microsoft_storage.migrations import finish_migration
from batchlocal.arm.microsoft_storage.provider import sync_storage
from batchlocal.platform import Platform
from batchlocal.runner import Performer
from batchlocal.store.effects import Effect

__all__ = ["PERFORMERS", "sync_storage"]


async def _delete_group(platform: Platform, effect: Effect) -> None:
    await finish_group_deletion(platform, effect)
    await sync_storage(platform)


async def _delete_certificate(platform: Platform, effect: Effect) -> None:
    with platform.store.write() as tx:
        tx.resources.remove(effect.subject)
        tx.effects.settle(effect)


PERFORMERS: Final[dict[str, Performer]] = {
    "storage.account.create": finish_account,
    "storage.account.migrate": finish_migration,
    "batch.account.create": finish_creation,
    "batch.account.delete": finish_deletion,
    "private-endpoint-connection.update": private_links.finish_update,
    "private-endpoint-connection.delete": private_links.finish_deletion,
    perimeter_configurations.RECONCILIATION: perimeter_configurations.finish_reconciliation,
    "certificate.delete": _delete_certificate,
    "group.delete": _delete_group,
}
