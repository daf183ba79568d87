"""What an account's nodes must be able to reach."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from batchlocal.arm.call import ArmCall
from batchlocal.arm.microsoft_batch.provider import PROVIDER, account_of
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

_HTTPS = 443


@PROVIDER.operation("BatchAccount_ListOutboundNetworkDependenciesEndpoints")
def list_outbound_endpoints(call: ArmCall) -> Answer:
    """Hosts by category, in the recorded order (F3): the account and its linked storage as they are here, the rest as
    Azure names it."""
    account = account_of(call)
    categories = {
        "Azure Batch": _batch(account),
        "Azure Storage": _storage(call, account),
        "Microsoft Package Repository": [_endpoint("packages.microsoft.com", "Pools that mount file systems.")],
        "Azure Key Vault": [_endpoint("*.vault.azure.net", "Pools that encrypt disks without encryption at host.")],
    }
    value = [{"category": category, "endpoints": endpoints} for category, endpoints in categories.items()]
    return Answer(200, {"value": value})


def _endpoint(host: str, description: str, port: int = _HTTPS) -> dict[str, Any]:
    return {"domainName": host, "description": description, "endpointDetails": [{"port": port}]}


def _batch(account: Resource) -> list[dict[str, Any]]:
    properties = account.body["properties"]
    service = urlsplit(f"https://{properties['accountEndpoint']}")
    simplified = "Pools in simplified communication mode."
    return [
        _endpoint(service.hostname or "", "Job manager tasks, and tasks that call Batch.", service.port or _HTTPS),
        _endpoint(properties["nodeManagementEndpoint"], simplified),
    ]


def _storage(call: ArmCall, account: Resource) -> list[dict[str, Any]]:
    linked = account.body["properties"].get("autoStorage")
    found = call.tx.resources.find(linked["storageAccountId"]) if linked else None
    classic = [
        _endpoint(f"*.{service}.core.windows.net", "Pools in classic communication mode.")
        for service in ("blob", "table", "queue")
    ]
    if found is None:
        return classic
    blobs = urlsplit(found.body["properties"]["primaryEndpoints"]["blob"])
    return [_endpoint(blobs.hostname or "", "The account's linked storage.", blobs.port or _HTTPS), *classic]
