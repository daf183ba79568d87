"""Accounts that go from one zone to several or back ("customer-initiated conversion"): only the SKU changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE
from batchlocal.arm.fabric import ResourceNotFound
from batchlocal.arm.microsoft_storage.accounts import sku_of, started
from batchlocal.arm.microsoft_storage.provider import ACCOUNT_TYPE, PROVIDER, account_of, json_answer, storage_error
from batchlocal.arm.microsoft_storage.redundancy import in_other_zones
from batchlocal.domain.refusals import Refusal
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Answer
from batchlocal.store.effects import Effect

__all__ = ["finish_migration"]

_SECONDS = 60  # Azure promises no more than to begin within 72 hours; nobody here would wait for that


@dataclass(eq=False)
class ConversionNotSupported(Refusal):
    """The account cannot become this by a conversion."""

    target: str
    possible: str


@dataclass(eq=False)
class ConversionGoesOn(Refusal):
    """There is a conversion already that has not ended."""


CATALOGUE.update(
    {
        # "Change how a storage account is replicated" has the rules; no document or recording seen has the codes
        ConversionNotSupported: storage_error(
            400,
            "InvalidRequestPropertyValue",
            "The value of 'properties.targetSkuName' is invalid: {target} is not reached by a conversion, which leads"
            " from this account to {possible}.",
        ),
        ConversionGoesOn: storage_error(409, "MigrationInProgress", "A migration of the account is in progress."),
    }
)


@PROVIDER.operation("StorageAccounts_CustomerInitiatedMigration")
def migrate(call: ArmCall) -> Answer:
    """202 and an operation, at whose end the account has the other SKU."""
    account, target = account_of(call), str(call.body["properties"]["targetSkuName"])
    possible = in_other_zones(account.body["sku"]["name"])
    if target != possible:
        raise ConversionNotSupported(target, possible)
    if account.hidden.get("migration", {}).get("migrationStatus") == "InProgress":
        raise ConversionGoesOn
    account.hidden["migration"] = {"targetSkuName": target, "migrationStatus": "InProgress"}
    call.tx.resources.put(account)
    return started(call, "storage.account.migrate", account, _SECONDS, account.body["location"])


@PROVIDER.operation("StorageAccounts_GetCustomerInitiatedMigration")
def get_migration(call: ArmCall) -> Answer:
    """The account's last conversion, which is always named ``default``."""
    account, name = account_of(call), call.parameters["migrationName"]
    migration: dict[str, Any] | None = account.hidden.get("migration")
    kind = f"{ACCOUNT_TYPE}/accountMigrations"
    if migration is None or name.lower() != "default":
        raise ResourceNotFound(kind, f"{account.name}/{name}", account.resource_group)
    names = {"id": f"{account.id}/accountMigrations/default", "name": "default", "type": kind}
    return json_answer(200, {**names, "properties": migration})


async def finish_migration(platform: Platform, effect: Effect) -> None:
    """The account has the SKU that was asked for."""
    with platform.store.write() as tx:
        account = tx.resources.find(effect.subject)
        if account is not None and "migration" in account.hidden:
            account.hidden["migration"]["migrationStatus"] = "Complete"
            account.body["sku"] = sku_of({"name": account.hidden["migration"]["targetSkuName"]})
            tx.resources.put(account)
        tx.operations.finish(effect.payload["operation"])
        tx.effects.settle(effect)
