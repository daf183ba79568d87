"""Who performs the effects that ARM's handlers owe."""

from __future__ import annotations

from typing import Final

from batchlocal.arm import microsoft_storage
from batchlocal.arm.blob_access import make_container
from batchlocal.arm.microsoft_batch import perimeters, private_links
from batchlocal.arm.microsoft_batch.accounts import finish_creation, finish_deletion
from batchlocal.arm.microsoft_resources.groups import finish_group_deletion
from batchlocal.arm.microsoft_storage import linked_key, sync_storage
from batchlocal.platform import Platform
from batchlocal.runner import Performer
from batchlocal.store.effects import Effect

__all__ = ["PERFORMERS", "sync_storage"]


async def _make_container(platform: Platform, effect: Effect) -> None:
    container = platform.store.read.resources.find(effect.subject)
    account = linked_key(platform.store.read, container.parent) if container else None
    if container is not None and account is not None:
        await make_container(platform, account, container.name)
    with platform.store.write() as tx:
        tx.effects.settle(effect)


async def _delete_group(platform: Platform, effect: Effect) -> None:
    await finish_group_deletion(platform, effect)
    await sync_storage(platform)


async def _delete_certificate(platform: Platform, effect: Effect) -> None:
    with platform.store.write() as tx:
        tx.resources.remove(effect.subject)
        tx.effects.settle(effect)


PERFORMERS: Final[dict[str, Performer]] = {
    "storage.account.create": microsoft_storage.finish_account,
    "storage.container.create": _make_container,
    "batch.account.create": finish_creation,
    "batch.account.delete": finish_deletion,
    "private-endpoint-connection.update": private_links.finish_update,
    "private-endpoint-connection.delete": private_links.finish_deletion,
    "perimeter.reconcile": perimeters.finish_reconciliation,
    "certificate.delete": _delete_certificate,
    "group.delete": _delete_group,
}
