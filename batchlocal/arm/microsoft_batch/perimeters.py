"""Network security perimeters that an account is associated with, as their configurations show below the account.

A perimeter and its associations are resources of Microsoft.Network; what the account shows of one is a configuration.
Microsoft.Network calls ``associate`` and ``dissociate``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.arm.fabric import accept, finished, poll_pending, retry_after, shown
from batchlocal.arm.microsoft_batch.provider import ACCOUNT_TYPE, PROVIDER, account_of
from batchlocal.arm.resource_id import ResourceId
from batchlocal.domain.refusals import Refusal
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Answer
from batchlocal.store import Tx
from batchlocal.store.effects import Effect
from batchlocal.store.resources import Resource

__all__ = ["associate", "dissociate", "finish_reconciliation"]

_KIND = "networkSecurityPerimeterConfigurations"
_TYPE = f"{ACCOUNT_TYPE}/{_KIND}"
_SECONDS = 15  # no recording tells how long; the Retry-After of the specification's example


@dataclass(eq=False)
class PerimeterConfigurationNotFound(Refusal):
    """The account is not associated under this name."""


CATALOGUE[PerimeterConfigurationNotFound] = provider(
    404,
    "NetworkSecurityPerimeterConfigurationNotFound",
    "The specified network security perimeter configuration does not exist.",
)


def associate(
    tx: Tx, account_id: str, perimeter: dict[str, str], association: dict[str, str], profile: str, now: int
) -> Resource | None:
    """Associate an account with a perimeter, or change how; None when there is no such account.

    Args:
        tx: a write transaction.
        account_id: the Batch account's id.
        perimeter: ``id``, ``perimeterGuid`` and ``location``, as the configuration shows them.
        association: ``name`` and ``accessMode`` (Learning, Enforced, Audit).
        profile: the name of the perimeter's profile whose access rules count.
        now: the moment in ticks.
    """
    account = tx.resources.find(account_id)
    if account is None or account.type.lower() != ACCOUNT_TYPE.lower():
        return None
    where = ResourceId.parse(account.id).child(_KIND, f"{perimeter['perimeterGuid']}.{association['name']}")
    properties = {
        "provisioningState": "Succeeded",
        "provisioningIssues": [],
        "networkSecurityPerimeter": perimeter,
        "resourceAssociation": association,
        "profile": {"name": profile, "accessRulesVersion": 1, "accessRules": [], "diagnosticSettingsVersion": 1},
    }
    names = (account.subscription, account.resource_group, where.name, account.id)
    made = Resource(str(where), _TYPE, *names, {"properties": properties}, {"type": _TYPE}, now, now)
    tx.resources.put(made)
    return made


def dissociate(tx: Tx, account_id: str, perimeter_guid: str, association: str) -> None:
    """The account is no longer within the perimeter; nothing happens when it was not."""
    tx.resources.remove(f"{account_id}/{_KIND}/{perimeter_guid}.{association}")


def _shown(configuration: Resource) -> dict[str, Any]:
    return shown(configuration, _TYPE, "id", "name", "type", "properties")


@PROVIDER.operation("NetworkSecurityPerimeter_ListConfigurations")
def list_configurations(call: ArmCall) -> Answer:
    """The perimeters that the account is associated with."""
    found = call.tx.resources.children(account_of(call).id, _TYPE)
    return Answer(200, {"value": [_shown(one) for one in found]})


@PROVIDER.operation("NetworkSecurityPerimeter_GetConfiguration")
def get_configuration(call: ArmCall) -> Answer:
    """One of them."""
    return Answer(200, _shown(_configuration(call)))


def _configuration(call: ArmCall) -> Resource:
    name = call.parameters["networkSecurityPerimeterConfigurationName"]
    found = call.tx.resources.find(f"{account_of(call).id}/{_KIND}/{name}")
    if found is None:
        raise PerimeterConfigurationNotFound
    return found


@PROVIDER.operation("NetworkSecurityPerimeter_ReconcileConfiguration")
def reconcile(call: ArmCall) -> Answer:
    """202 and an operation that ends when the configuration is the perimeter's again (specification, example)."""
    configuration = _configuration(call)
    configuration.body["properties"]["provisioningState"] = "Accepted"
    call.tx.resources.put(configuration)
    account = account_of(call)
    name = f"AcceptedReconciling${configuration.name}${call.request.request_id}"
    accept(call, "perimeter.reconcile", configuration, _SECONDS, f"{account.key}/{name}")
    path = f"{account.id}/networkSecurityPerimeterConfigurationOperationResults/{name}"
    url = f"{call.platform.origin}{path}?api-version={call.request.api_version}"
    return Answer(202, headers={"Location": url, "Retry-After": retry_after(call)})


@PROVIDER.operation("NetworkSecurityPerimeter_OperationResults")
def poll_reconciliation(call: ArmCall) -> Answer:
    """202 until it has ended, then 200 without a body."""
    operation = call.tx.operations.find(f"{account_of(call).key}/{call.parameters['operationId']}")
    if operation is not None and finished(call.tx, operation.id) is None:
        return poll_pending(call)
    return Answer(200)


async def finish_reconciliation(platform: Platform, effect: Effect) -> None:
    """The configuration is the perimeter's."""
    with platform.store.write() as tx:
        configuration = tx.resources.find(effect.subject)
        if configuration is not None:
            configuration.body["properties"]["provisioningState"] = "Succeeded"
            tx.resources.put(configuration)
        tx.operations.finish(effect.payload["operation"])
        tx.effects.settle(effect)
