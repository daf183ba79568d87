"""Microsoft.OperationalInsights: Log Analytics workspaces and their shared keys.

Sources: the types of pulumi_azure_native 3.29 (operationalinsights, api-version 2023-09-01) and Microsoft's REST
reference "Workspaces" and "Shared Keys".
"""

from __future__ import annotations

import base64
import secrets

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import new_guid
from batchlocal.arm.kept import KeptType, Values, act, serve
from batchlocal.arm.provider import ResourceProvider
from batchlocal.arm.shapes import InvalidValue
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__ = ["PROVIDER", "WORKSPACE_TYPE"]

WORKSPACE_TYPE = "Microsoft.OperationalInsights/workspaces"
PROVIDER = ResourceProvider("Microsoft.OperationalInsights", [])
_KEYS = ("primarySharedKey", "secondarySharedKey")
_FEATURES = {"legacy": 0, "searchVersion": 1, "enableLogAccessUsingOnlyResourcePermissions": True}
_RETENTION = (7, 730)  # days; REST reference, Workspaces - Create Or Update: retentionInDays


def _born(call: ArmCall, _: Resource) -> Values:
    return {"customerId": new_guid(), "createdDate": moments.iso(call.now)}


def _complete(call: ArmCall, workspace: Resource, _: Values | None) -> None:
    properties = workspace.body["properties"]
    days = properties["retentionInDays"]
    if not _RETENTION[0] <= days <= _RETENTION[1]:
        raise InvalidValue("properties.retentionInDays", f"It must be {_RETENTION[0]} to {_RETENTION[1]} days.")
    properties["features"] = {**_FEATURES, **properties["features"]}
    properties["workspaceCapping"] = {"dataIngestionStatus": "RespectQuota", **properties["workspaceCapping"]}
    properties["modifiedDate"] = moments.iso(call.now)
    properties["provisioningState"] = "Succeeded"
    workspace.hidden.setdefault("keys", {name: _new_key() for name in _KEYS})


WORKSPACE = KeptType(
    WORKSPACE_TYPE,
    "Workspaces",
    envelope=("id", "name", "type", "etag", "location", "identity", "tags", "properties"),
    shape={"sku": {"name": str}, "retentionInDays": int, "features": {}, "workspaceCapping": {}},
    required=("location",),
    defaults={
        "sku": {"name": "PerGB2018"},
        "retentionInDays": 30,
        "features": {},
        "workspaceCapping": {"dailyQuotaGb": -1.0},
        "publicNetworkAccessForIngestion": "Enabled",
        "publicNetworkAccessForQuery": "Enabled",
    },
    patches_properties=True,
    drawn=_born,
    complete=_complete,
)
serve(PROVIDER, WORKSPACE)


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


def _list_keys(_: ArmCall, workspace: Resource) -> Answer:
    return Answer(200, dict(workspace.hidden["keys"]))


def _regenerate_keys(call: ArmCall, workspace: Resource) -> Answer:
    workspace.hidden["keys"] = {name: _new_key() for name in _KEYS}
    call.tx.resources.put(workspace)
    return _list_keys(call, workspace)


act(PROVIDER, WORKSPACE, "sharedKeys", _list_keys)
act(PROVIDER, WORKSPACE, "regenerateSharedKey", _regenerate_keys)
