"""What a request to linked storage meets before it is performed: the storage account's network rules, and faults.

Azure documentation, "Configure Azure Storage firewalls and virtual networks": with public access disabled only private
endpoints (group ``blob``) lead to an account; with it enabled, the default action of ``networkAcls`` holds for whom no
IP rule and no virtual network rule names. Batch, its nodes and Azure Monitor are let in wherever they are: Azure has
ways for each of them (trusted services, resource instances, networks of pools), which are not told apart here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from batchlocal.domain.network_rules import admits
from batchlocal.platform import Platform
from batchlocal.private_links import networks_to
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["judge"]

_NOT_ADMITTED: Final = {
    "status": 403,
    "code": "AuthorizationFailure",
    "message": "This request is not authorized to perform this operation.",
}
"""REST reference, "Blob Storage error codes" and "Common REST API error codes"."""
_WORDS: Final = {
    403: ("AuthorizationFailure", "This request is not authorized to perform this operation."),
    404: ("ResourceNotFound", "The specified resource does not exist."),
    409: ("Conflict", "The request could not be completed due to a conflict with the current state of the resource."),
    429: ("TooManyRequests", "The request is being throttled."),
    503: ("ServerBusy", "The server is currently unable to receive requests. Please retry your request."),
}
_ANY_OTHER: Final = ("InternalError", "The server encountered an internal error. Please retry the request.")


def judge(platform: Platform, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What ``batchlocal.blobs`` asks for: {} to let a request through, or what it meets."""
    if asked["inside"] != platform.storage_token and not _is_admitted(platform.store.read, asked):
        return dict(_NOT_ADMITTED)
    fault = platform.faults.strike("storage", asked["operation"], asked["account"])
    if fault is None:
        return {}
    if fault.kind == "delay":
        return {"seconds": fault.seconds}
    if fault.kind == "drop":
        return {"drop": "after" if fault.after_commit else "before"}
    code, message = _WORDS.get(fault.status, _ANY_OTHER)
    words = {"code": fault.code or code, "message": fault.message or message}
    return {"status": fault.status, **words, "retryAfter": fault.retry_after}


def _is_admitted(tx: Tx, asked: Mapping[str, Any]) -> bool:
    storage = tx.resources.named("Microsoft.Storage/storageAccounts", asked["account"])
    if storage is None:
        return True
    properties = storage.body["properties"]
    access = properties.get("publicNetworkAccess") or "Enabled"
    rules = properties.get("networkAcls") or {}
    if access == "Enabled" and rules.get("defaultAction", "Allow") == "Allow":
        return True
    peer = str(asked["peer"]).removeprefix("::ffff:")
    return admits(access, {**rules, "ipRules": [*_ranges(tx, rules)]}, peer, _private(tx, storage))


def _ranges(tx: Tx, rules: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """IP rules, and the ranges of the subnets that virtual network rules name."""
    yield from rules.get("ipRules") or ()
    for rule in rules.get("virtualNetworkRules") or ():
        subnet = tx.resources.find(str(rule.get("id") or rule.get("virtualNetworkResourceId") or ""))
        properties = subnet.body["properties"] if subnet else {}
        one = properties.get("addressPrefix")
        for prefix in [one] if one else properties.get("addressPrefixes") or ():
            yield {"value": prefix}


def _private(tx: Tx, storage: Resource) -> Iterator[str]:
    for network in networks_to(tx, storage, "blob"):
        yield from network.body["properties"]["addressSpace"]["addressPrefixes"]
