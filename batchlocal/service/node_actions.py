"""What can be asked of a compute node: reboot, deallocate, start, take tasks or not; users, remote login, logs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from batchlocal.domain import node as nodes
from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool
from batchlocal.domain.refusals import Refusal
from batchlocal.evacuation import BOOT, LOGS, evacuate
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of, selected
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, invalid_value, worded
from batchlocal.service.nodes import ipv6_address, login_endpoint, node_of
from batchlocal.service.pools import pool_of
from batchlocal.service.registry import handles
from batchlocal.store.effects import Effect

__all__: list[str] = []

_REIMAGES_SINCE: Final = "2024-07-01.20.0"
"""From here on the reference asks of a node only that it is idle or running."""

_OWN_EXTENSION: Final = {
    "name": "batchNodeExtension",
    "publisher": "Microsoft.Azure.Extensions",
    "type": "CustomScript",
    "typeHandlerVersion": "2.0",
    "autoUpgradeMinorVersion": True,
}
"""How Batch itself comes onto a node (the API description's examples of extensions)."""


@dataclass(eq=False)
class OperationNotValidOnNode(Refusal):
    """Nodes of this pool cannot do that."""

    reason: str


@dataclass(eq=False)
class NodeUserExists(Refusal):
    """The node has a user of this name."""


@dataclass(eq=False)
class NodeUserNotFound(Refusal):
    """The node has no user of this name."""


@dataclass(eq=False)
class CredentialMissing(Refusal):
    """A user of a node needs something to log on with."""


@dataclass(eq=False)
class KeyOnWindows(Refusal):
    """A user of a node that runs Windows is to log on by SSH (REST reference, ComputeNodeUser)."""


@dataclass(eq=False)
class ExtensionNotFound(Refusal):
    """The pool's nodes have no extension of this name."""


CATALOGUE.update(
    {
        OperationNotValidOnNode: worded(
            409, "OperationNotValidOnNode", "The specified operation is not valid on the node.", Reason="{reason}"
        ),
        NodeUserExists: worded(409, "NodeUserExists", "The specified node user already exists."),
        NodeUserNotFound: worded(404, "NodeUserNotFound", "The specified node user does not exist."),
        CredentialMissing: invalid_value(
            PropertyName="password", Reason="A password is required, or on Linux an sshPublicKey instead"
        ),
        KeyOnWindows: invalid_value(
            PropertyName="sshPublicKey", Reason="It can be specified only for nodes that run Linux"
        ),
        ExtensionNotFound: worded(404, "ExtensionNotFound", "The specified extension does not exist."),
    }
)


def _acted(call: ServiceCall, status: int, action: str, *, created: bool = False) -> Answer:
    """The empty answer to what was asked of a node; it has no ETag (F11)."""
    pool, node = call.parameters["poolId"], call.parameters["nodeId"]
    url = f"{call.url}/pools/{pool}/nodes/{node}/{action}"
    return Answer(status, headers={"DataServiceId": url, **({"Location": url} if created else {})})


def _begin(call: ServiceCall, action: str, option: str, *, wipe: bool = False) -> Answer:
    node = nodes.begin(node_of(call), action, option, call.now)
    evacuate(call.platform, call.tx, node, option, call.now)
    call.tx.nodes.put(node)
    call.tx.effects.drop(node.key, BOOT)
    payload = {"wipe": True} if wipe else {}
    call.platform.owe(call.tx, Effect(BOOT, node.key, call.now, payload, call.request.request_id))
    return _acted(call, 202, action)


def _option(call: ServiceCall, name: str) -> str:
    return str((call.body or {}).get(name) or "requeue").lower()


@handles("ComputeNode_Reboot")
def reboot(call: ServiceCall) -> Answer:
    """202; the start task runs again."""
    return _begin(call, "reboot", _option(call, "nodeRebootOption"))


@handles("ComputeNode_Reimage")
def reimage(call: ServiceCall) -> Answer:
    """202 and a fresh disk; before 2024-07-01.20.0 only nodes of cloud services could be reimaged (recorded), and Azure
    has no such pools any more."""
    if call.request.api_version < _REIMAGES_SINCE:
        raise _only_on_cloud_services(call, "reimage")
    return _begin(call, "reimage", _option(call, "nodeReimageOption"), wipe=True)


@handles("ComputeNode_GetRemoteDesktop")
def remote_desktop(call: ServiceCall) -> Answer:
    """409: files for remote desktop were for nodes of cloud services (REST reference until 2024-02-01.19.0)."""
    raise _only_on_cloud_services(call, "get remote desktop")


def _only_on_cloud_services(call: ServiceCall, operation: str) -> OperationNotValidOnNode:
    node_of(call)
    return OperationNotValidOnNode(
        f"Operation {operation} can be invoked only on pools created with cloudServiceConfiguration"
    )


@handles("ComputeNode_Deallocate")
def deallocate(call: ServiceCall) -> Answer:
    """202; the node keeps its files and runs nothing until it is started."""
    return _begin(call, "deallocate", _option(call, "nodeDeallocateOption"))


@handles("ComputeNode_Start")
def start(call: ServiceCall) -> Answer:
    """202 for a node that is deallocated."""
    return _begin(call, "start", "requeue")


@handles("ComputeNode_DisableScheduling")
def disable_scheduling(call: ServiceCall) -> Answer:
    """No new tasks; what runs now is requeued, ended or left, as ``nodeDisableSchedulingOption`` says."""
    node = nodes.disable_scheduling(node_of(call), call.now)
    evacuate(call.platform, call.tx, node, _option(call, "nodeDisableSchedulingOption"), call.now)
    call.tx.nodes.put(node)
    call.platform.schedule(node.pool)
    return _acted(call, 200, "disablescheduling")


@handles("ComputeNode_EnableScheduling")
def enable_scheduling(call: ServiceCall) -> Answer:
    """New tasks again."""
    node = nodes.enable_scheduling(node_of(call), call.now)
    call.tx.nodes.put(node)
    call.platform.schedule(node.pool)
    return _acted(call, 200, "enablescheduling")


@handles("ComputeNode_AddUser")
def add_user(call: ServiceCall) -> Answer:
    """201; the user is remembered, and nothing can be logged on to: a node is a folder on this machine."""
    node, name = node_of(call), str(call.body["name"])
    if name.lower() in node.users:
        raise NodeUserExists
    _put_user(call, node, name, {"isAdmin": bool(call.body.get("isAdmin"))})
    return _acted(call, 201, f"users/{name}", created=True)


@handles("ComputeNode_UpdateUser")
def update_user(call: ServiceCall) -> Answer:
    """200; what is not sent is taken away (REST reference, Compute Node - Update User)."""
    node, name = node_of(call), call.parameters["userName"]
    if name.lower() not in node.users:
        raise NodeUserNotFound
    _put_user(call, node, name, node.users[name.lower()])
    return _acted(call, 200, f"users/{name}")


@handles("ComputeNode_DeleteUser")
def delete_user(call: ServiceCall) -> Answer:
    """200."""
    node, name = node_of(call), call.parameters["userName"]
    if name.lower() not in node.users:
        raise NodeUserNotFound
    left = {key: user for key, user in node.users.items() if key != name.lower()}
    call.tx.nodes.put(replace(node, users=left))
    return Answer(200)


def _put_user(call: ServiceCall, node: Node, name: str, user: dict[str, Any]) -> None:
    body = call.body or {}
    pool = pool_of(call)
    if not body.get("password") and (pool.is_windows or not body.get("sshPublicKey")):
        raise CredentialMissing
    if pool.is_windows and body.get("sshPublicKey"):
        raise KeyOnWindows
    known = {"name": name, "isAdmin": user["isAdmin"], "expiryTime": body.get("expiryTime")}
    call.tx.nodes.put(replace(node, users={**node.users, name.lower(): known}))


@handles("ComputeNode_GetRemoteLoginSettings")
def remote_login_settings(call: ServiceCall) -> Answer:
    """Where Azure would let users of the node log on; here nothing listens there."""
    pool, node = pool_of(call), node_of(call)
    address, port = login_endpoint(pool, node)
    body: dict[str, Any] = {"remoteLoginIPAddress": address, "remoteLoginPort": port}
    if ipv6 := ipv6_address(pool, node):
        body |= {"ipv6RemoteLoginIPAddress": ipv6, "ipv6RemoteLoginPort": port}
    kind = "Microsoft.Azure.Batch.Protocol.Entities.ComputeNodeRemoteLoginSettings"
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#{kind}", **body})


@handles("ComputeNode_UploadBatchServiceLogs")
def upload_logs(call: ServiceCall) -> Answer:
    """200 with where the node's logs will be; they are uploaded after the answer."""
    pool, node = pool_of(call), node_of(call)
    folder = f"{call.account.name}/{pool.id}/{node.id}/{call.request.request_id}"
    payload = {"containerUrl": call.body["containerUrl"], "folder": folder}
    call.platform.owe(call.tx, Effect(LOGS, f"{node.key}/logs", call.now, payload, call.request.request_id))
    kind = "Microsoft.Azure.Batch.Protocol.Entities.UploadBatchServiceLogsResult"
    body = {"virtualDirectoryName": folder, "numberOfFilesUploaded": 1}
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#{kind}", **body})


@handles("ComputeNodeExtension_List")
def list_extensions(call: ServiceCall) -> Answer:
    """Batch's own extension, then those of the pool by name; here they run nothing, and say so."""
    found = _extensions(call, pool_of(call))
    places = [(f"{number:04}", one) for number, one in enumerate(found)]
    return page_of(call, "extensions", places, lambda one: one[0], lambda one: one[1])


@handles("ComputeNodeExtension_Get")
def get_extension(call: ServiceCall) -> Answer:
    """One extension."""
    wanted = call.parameters["extensionName"].lower()
    for one in _extensions(call, pool_of(call)):
        if str(one["vmExtension"]["name"]).lower() == wanted:
            return Answer(200, {"odata.metadata": f"{call.url}/$metadata#extensions/@Element", **selected(call, one)})
    raise ExtensionNotFound


def _extensions(call: ServiceCall, pool: Pool) -> list[dict[str, Any]]:
    node_of(call)
    machine = pool.properties.get("virtualMachineConfiguration") or {}
    status = {
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "message": "batchlocal installs no extensions",
    }
    return [
        {
            "provisioningState": "Succeeded",
            "vmExtension": {name: value for name, value in one.items() if name != "protectedSettings"},
            "instanceView": {"name": one["name"], "statuses": [status]},
        }
        for one in (_OWN_EXTENSION, *sorted(machine.get("extensions") or [], key=lambda one: str(one["name"])))
    ]
