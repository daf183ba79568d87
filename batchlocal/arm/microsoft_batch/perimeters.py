"""Network security perimeters that a Batch account is associated with, as it shows them."""

from __future__ import annotations

from dataclasses import dataclass

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.arm.fabric import accept, finished, poll_pending, retry_after
from batchlocal.arm.microsoft_batch.provider import ACCOUNT_TYPE, PROVIDER, account_of
from batchlocal.arm.perimeter_configurations import (
    MEMBERS,
    RECONCILIATION,
    RECONCILIATION_SECONDS,
    configuration,
    configurations,
    shown_configuration,
)
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

MEMBERS[ACCOUNT_TYPE.lower()] = ACCOUNT_TYPE


@dataclass(eq=False)
class PerimeterConfigurationNotFound(Refusal):
    """The account is not associated under this name."""


CATALOGUE[PerimeterConfigurationNotFound] = provider(
    404,
    "NetworkSecurityPerimeterConfigurationNotFound",
    "The specified network security perimeter configuration does not exist.",
)


@PROVIDER.operation("NetworkSecurityPerimeter_ListConfigurations")
def list_configurations(call: ArmCall) -> Answer:
    """The perimeters that the account is associated with."""
    return Answer(200, {"value": [shown_configuration(one) for one in configurations(call.tx, account_of(call))]})


@PROVIDER.operation("NetworkSecurityPerimeter_GetConfiguration")
def get_configuration(call: ArmCall) -> Answer:
    """One of them."""
    return Answer(200, shown_configuration(_configuration(call)))


def _configuration(call: ArmCall) -> Resource:
    found = configuration(call.tx, account_of(call), call.parameters["networkSecurityPerimeterConfigurationName"])
    if found is None:
        raise PerimeterConfigurationNotFound
    return found


@PROVIDER.operation("NetworkSecurityPerimeter_ReconcileConfiguration")
def reconcile(call: ArmCall) -> Answer:
    """202 and an operation that ends when the configuration is the perimeter's again (specification, example)."""
    found = _configuration(call)
    found.body["properties"]["provisioningState"] = "Accepted"
    call.tx.resources.put(found)
    account = account_of(call)
    name = f"AcceptedReconciling${found.name}${call.request.request_id}"
    accept(call, RECONCILIATION, found, RECONCILIATION_SECONDS, f"{account.key}/{name}")
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
