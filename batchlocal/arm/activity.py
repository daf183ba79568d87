"""The activity log's entry of a management-level write or action (Insights EventData; the seed document's rule:
only what goes through management.azure.com is logged, and never a read)."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from batchlocal.arm.actions import action_of
from batchlocal.arm.call import ArmCall
from batchlocal.arm.resource_id import ResourceId
from batchlocal.protocol import moments
from batchlocal.store import Tx

__all__ = ["record"]

_LOGGED = ("PUT", "PATCH", "DELETE", "POST")


def record(tx: Tx, call: ArmCall, status: int) -> None:
    """Write the entry of a request that ended with ``status``; reads leave none."""
    request = call.request
    if request.method not in _LOGGED:
        return
    subject = call.id
    if subject.subscription:
        tx.activity.add(subject.subscription, subject.resource_group, call.now, _event(call, subject, status))


def _event(call: ArmCall, subject: ResourceId, status: int) -> dict[str, Any]:
    request = call.request
    correlation = request.headers.get("x-ms-correlation-request-id", request.request_id)
    event_id = str(uuid.uuid4())
    kind = subject.type if subject.types else "Microsoft.Resources/subscriptions/resourceGroups"
    operation = action_of(request.method, request.path)
    return {
        "authorization": {"action": operation, "scope": str(subject)},
        "caller": call.principal.object_id,
        "channels": "Operation",
        "claims": {name: str(value) for name, value in call.principal.claims.items()},
        "correlationId": correlation,
        "description": "",
        "eventDataId": event_id,
        "eventName": _named("EndRequest"),
        "category": _named("Administrative"),
        "eventTimestamp": moments.iso(call.now),
        "httpRequest": {
            "clientRequestId": request.headers.get("x-ms-client-request-id", ""),
            "clientIpAddress": request.peer,
            "method": request.method,
        },
        "id": f"{subject}/events/{event_id}/ticks/{call.now}",
        "level": "Informational" if status < HTTPStatus.BAD_REQUEST else "Error",
        "operationId": correlation,
        "operationName": _named(operation),
        "properties": {"statusCode": HTTPStatus(status).phrase.replace(" ", "")},
        "resourceGroupName": subject.resource_group,
        "resourceId": str(subject),
        "resourceProviderName": _named(subject.namespace or "Microsoft.Resources"),
        "resourceType": _named(kind),
        "status": _named(_outcome(status)),
        "subStatus": _named(HTTPStatus(status).phrase.replace(" ", "")),
        "submissionTimestamp": moments.iso(moments.now()),
        "subscriptionId": subject.subscription,
        "tenantId": call.principal.tenant_id,
    }


def _outcome(status: int) -> str:
    if status >= HTTPStatus.BAD_REQUEST:
        return "Failed"
    return "Accepted" if status == HTTPStatus.ACCEPTED else "Succeeded"


def _named(value: str) -> dict[str, str]:
    return {"value": value, "localizedValue": value}
