"""The services of a storage account and their settings: blobs, which Azurite has, and files, queues and tables.

Settings are kept and shown; Azurite keeps no deleted blobs and knows no rules for other origins from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from batchlocal.arm.call import ArmCall
from batchlocal.arm.microsoft_storage.provider import ACCOUNT_TYPE, PROVIDER, account_of, json_answer
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__ = ["FILES", "settings_of"]


class _Service(NamedTuple):
    """Its type below the account, what operationIds begin with, its settings before any were sent."""

    type: str
    operations: str
    defaults: Mapping[str, Any]
    has_sku: bool = False


_NO_RULES: dict[str, Any] = {"cors": {"corsRules": []}}
# defaults as Azure's answers show them (azure-mgmt-storage's and Terraform's tests)
_BLOBS = _Service(
    "blobServices",
    "BlobServices",
    {**_NO_RULES, "deleteRetentionPolicy": {"enabled": False, "allowPermanentDelete": False}},
    has_sku=True,
)
FILES = _Service(
    "fileServices",
    "FileServices",
    {**_NO_RULES, "shareDeleteRetentionPolicy": {"enabled": True, "days": 7}},
    has_sku=True,
)
_QUEUES = _Service("queueServices", "QueueServices", _NO_RULES)
_TABLES = _Service("tableServices", "TableServices", _NO_RULES)


def settings_of(service: _Service, account: Resource) -> dict[str, Any]:
    """A service's settings: what was sent, in place of or beside the defaults."""
    return {**service.defaults, **account.hidden.get("services", {}).get(service.type, {})}


def _shown(service: _Service, account: Resource) -> dict[str, Any]:
    sku = {"sku": account.body["sku"]} if service.has_sku else {}
    names = {"id": f"{account.id}/{service.type}/default", "name": "default", "type": f"{ACCOUNT_TYPE}/{service.type}"}
    return {**sku, **names, "properties": settings_of(service, account)}


def _get(service: _Service, call: ArmCall) -> Answer:
    return json_answer(200, _shown(service, account_of(call)))


def _list(service: _Service, call: ArmCall) -> Answer:
    return json_answer(200, {"value": [_shown(service, account_of(call))]})


def _put(service: _Service, call: ArmCall) -> Answer:
    account = account_of(call)
    sent = (call.body or {}).get("properties") or {}
    kept = {name: value for name, value in sent.items() if value is not None}
    account.hidden.setdefault("services", {})[service.type] = kept
    call.tx.resources.put(account)
    return json_answer(200, _shown(service, account))


for _service in (_BLOBS, FILES, _QUEUES, _TABLES):
    PROVIDER.operation(f"{_service.operations}_GetServiceProperties")(partial(_get, _service))
    PROVIDER.operation(f"{_service.operations}_List")(partial(_list, _service))
    PROVIDER.operation(f"{_service.operations}_SetServiceProperties")(partial(_put, _service))
