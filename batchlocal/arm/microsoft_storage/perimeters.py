"""Network security perimeters that a storage account is associated with, as it shows them."""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import ResourceNotFound
from batchlocal.arm.microsoft_storage.accounts import started
from batchlocal.arm.microsoft_storage.provider import ACCOUNT_TYPE, PROVIDER, account_of, json_answer
from batchlocal.arm.perimeter_configurations import (
    MEMBERS,
    RECONCILIATION,
    RECONCILIATION_SECONDS,
    configuration,
    configurations,
    shown_configuration,
)
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

MEMBERS[ACCOUNT_TYPE.lower()] = ACCOUNT_TYPE


@PROVIDER.operation("NetworkSecurityPerimeterConfigurations_List")
def list_configurations(call: ArmCall) -> Answer:
    """The perimeters that the account is associated with."""
    found = configurations(call.tx, account_of(call))
    return json_answer(200, {"value": [shown_configuration(one) for one in found]})


@PROVIDER.operation("NetworkSecurityPerimeterConfigurations_Get")
def get_configuration(call: ArmCall) -> Answer:
    """One of them."""
    return json_answer(200, shown_configuration(_configuration(call)))


def _configuration(call: ArmCall) -> Resource:
    account, name = account_of(call), call.parameters["networkSecurityPerimeterConfigurationName"]
    found = configuration(call.tx, account, name)
    if found is None:
        kind = f"{ACCOUNT_TYPE}/networkSecurityPerimeterConfigurations"
        raise ResourceNotFound(kind, f"{account.name}/{name}", account.resource_group)
    return found


@PROVIDER.operation("NetworkSecurityPerimeterConfigurations_Reconcile")
def reconcile(call: ArmCall) -> Answer:
    """202 and an operation that ends when the configuration is the perimeter's again."""
    found = _configuration(call)
    found.body["properties"]["provisioningState"] = "Accepted"
    call.tx.resources.put(found)
    return started(call, RECONCILIATION, found, RECONCILIATION_SECONDS, account_of(call).body["location"])
