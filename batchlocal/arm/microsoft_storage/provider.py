"""The Microsoft.Storage provider: its operations, its api-versions, and what all its resources share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from batchlocal import specs
from batchlocal.arm.blob_access import import_clients
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, OWN_WORDS, Wording, gateway, provider
from batchlocal.arm.fabric import ResourceNotFound, group_of
from batchlocal.arm.listing import QueryParameterInvalid
from batchlocal.arm.provider import ResourceProvider
from batchlocal.domain.refusals import Refusal
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Answer
from batchlocal.protocol.routing import Route
from batchlocal.store.resources import Resource

__all__ = [
    "ACCOUNT_TYPE",
    "JSON",
    "PROVIDER",
    "account_of",
    "json_answer",
    "key_of",
    "storage_error",
    "sync_storage",
]

ACCOUNT_TYPE = "Microsoft.Storage/storageAccounts"
JSON = "application/json"  # this provider names no charset (F9)
_SUBSCRIPTION = "/subscriptions/{subscriptionId}/providers/Microsoft.Storage"


def storage_error(status: int, code: str, message: str) -> Wording:
    """How this provider words a refusal: request id and time in the message, no target (azure-rest-api-specs 11331)."""
    return provider(status, code, message, target="")


@dataclass(eq=False)
class BodyNotTaken(Refusal):
    """A property of the body is unknown, missing, or has a value that is not taken."""

    name: str
    reason: str


OWN_WORDS["microsoft.storage", QueryParameterInvalid] = storage_error(
    400, "InvalidQueryParameterValue", "The value of the query parameter '{name}' is invalid: {reason}."
)
CATALOGUE[BodyNotTaken] = gateway(400, "InvalidRequestPropertyName", "The property '{name}' is not taken: {reason}")


def _refuse(problem: specs.Problem) -> Refusal:
    return BodyNotTaken(problem.path, problem.reason)


PROVIDER = ResourceProvider(
    "Microsoft.Storage",
    [
        Route("AsyncOperations_Get", "GET", f"{_SUBSCRIPTION}/locations/{{location}}/asyncoperations/{{operationId}}"),
    ],
    refuse_body=_refuse,
    trims_answers=False,  # recorded: old api-versions show properties that came later, such as ipv6Rules
)


async def sync_storage(platform: Platform) -> None:
    """Tell Azurite which accounts there are, with their keys; whoever has one will ask for signed URLs and containers
    next."""
    if any(platform.store.read.resources.of_type(ACCOUNT_TYPE)):
        await asyncio.to_thread(import_clients)
    accounts = platform.store.read.resources.of_type(ACCOUNT_TYPE)
    await platform.blobs.set_accounts({account.name: list(account.hidden["keys"].values()) for account in accounts})


def account_of(call: ArmCall) -> Resource:
    """The storage account that the path names.

    Raises:
        SubscriptionNotFound, ResourceGroupNotFound, ResourceNotFound
    """
    group = group_of(call)
    name = call.parameters["accountName"]
    account = call.tx.resources.find(f"{group.id}/providers/{ACCOUNT_TYPE}/{name}")
    if account is None:
        raise ResourceNotFound(ACCOUNT_TYPE, name, call.id.resource_group)
    return account


def json_answer(status: int, body: dict[str, Any]) -> Answer:
    """A JSON answer with the provider's media type."""
    return Answer(status, body, media_type=JSON)


def key_of(account: Resource) -> tuple[str, str]:
    """Name and first key (base64) of a storage account: what signs for it."""
    return account.name, str(account.hidden["keys"]["key1"])
