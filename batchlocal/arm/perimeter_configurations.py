"""Network security perimeters that an account is associated with, as their configurations show below the account.

A perimeter and its associations are resources of Microsoft.Network, which calls ``associate`` and ``dissociate``; the
providers whose accounts may be within one stand in ``MEMBERS`` and show the configurations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from batchlocal.arm.fabric import shown
from batchlocal.arm.resource_id import ResourceId
from batchlocal.platform import Platform
from batchlocal.store import Tx
from batchlocal.store.effects import Effect
from batchlocal.store.resources import Resource

__all__ = [
    "MEMBERS",
    "RECONCILIATION",
    "RECONCILIATION_SECONDS",
    "associate",
    "configuration",
    "configurations",
    "dissociate",
    "finish_reconciliation",
    "shown_configuration",
]

MEMBERS: Final[dict[str, str]] = {}
"""Types of accounts that may be within a perimeter, as they are spelt, by their lower-case names."""
RECONCILIATION: Final = "perimeter.reconcile"
"""The effect that ends a reconciliation."""
RECONCILIATION_SECONDS: Final = 15
"""How long one takes: no recording tells; the Retry-After of the specification's example for Batch."""
_KIND = "networkSecurityPerimeterConfigurations"


def associate(
    tx: Tx, account_id: str, perimeter: dict[str, str], association: dict[str, str], profile: str, now: int
) -> Resource | None:
    """Associate an account with a perimeter, or change how; None when there is no such account.

    Args:
        tx: a write transaction.
        account_id: the account's id.
        perimeter: ``id``, ``perimeterGuid`` and ``location``, as the configuration shows them.
        association: ``name`` and ``accessMode`` (Learning, Enforced, Audit).
        profile: the name of the perimeter's profile whose access rules count.
        now: the moment in ticks.
    """
    account = tx.resources.find(account_id)
    if account is None or account.type.lower() not in MEMBERS:
        return None
    kind = f"{MEMBERS[account.type.lower()]}/{_KIND}"
    where = ResourceId.parse(account.id).child(_KIND, f"{perimeter['perimeterGuid']}.{association['name']}")
    properties = {
        "provisioningState": "Succeeded",
        "provisioningIssues": [],
        "networkSecurityPerimeter": perimeter,
        "resourceAssociation": association,
        "profile": {"name": profile, "accessRulesVersion": 1, "accessRules": [], "diagnosticSettingsVersion": 1},
    }
    names = (account.subscription, account.resource_group, where.name, account.id)
    made = Resource(str(where), kind, *names, {"properties": properties}, {"type": kind}, now, now)
    tx.resources.put(made)
    return made


def dissociate(tx: Tx, account_id: str, perimeter_guid: str, association: str) -> None:
    """The account is no longer within the perimeter; nothing happens when it was not."""
    tx.resources.remove(f"{account_id}/{_KIND}/{perimeter_guid}.{association}")


def configurations(tx: Tx, account: Resource) -> Iterator[Resource]:
    """Those of all perimeters that an account is within, by name."""
    return tx.resources.children(account.id, f"{MEMBERS[account.type.lower()]}/{_KIND}")


def configuration(tx: Tx, account: Resource, name: str) -> Resource | None:
    """One of them."""
    return tx.resources.find(f"{account.id}/{_KIND}/{name}")


def shown_configuration(found: Resource) -> dict[str, Any]:
    """A configuration's JSON."""
    return shown(found, found.hidden["type"], "id", "name", "type", "properties")


async def finish_reconciliation(platform: Platform, effect: Effect) -> None:
    """The configuration is the perimeter's."""
    with platform.store.write() as tx:
        found = tx.resources.find(effect.subject)
        if found is not None:
            found.body["properties"]["provisioningState"] = "Succeeded"
            tx.resources.put(found)
        tx.operations.finish(effect.payload["operation"])
        tx.effects.settle(effect)
