"""What a pool's settings are when the caller has said little, and what they must be, whoever sends them.

Properties are in the service plane's spelling. Sources: recorded-facts F6, F10 and F11; the REST reference's pages on
Pool - Add; azure-batch-behaviours, Pools.
"""

from __future__ import annotations

import re
from math import inf
from typing import Any, Final

from batchlocal.domain import durations, task_settings
from batchlocal.domain.formulas import DEFAULT_INTERVAL, check_formula
from batchlocal.domain.images import PUBLISHERS, named, no_containers, runs_containers
from batchlocal.domain.inbound_endpoints import check_endpoints
from batchlocal.domain.pool_storage import check_disks, check_mounts
from batchlocal.domain.refusals import PropertyNotTaken
from batchlocal.domain.simulation import METADATA, RuleUnreadable, simulation_of
from batchlocal.domain.sizes import cores_of

__all__ = [
    "DEFAULTS",
    "TARGETS",
    "Properties",
    "PropertyNotTaken",
    "check",
    "check_disk_key",
    "check_subnet",
    "filled",
    "secrets",
    "slots_allowed",
]

Properties = dict[str, Any]

DEFAULTS: Final[Properties] = {
    "resizeTimeout": "PT15M",
    "enableAutoScale": False,
    "enableInterNodeCommunication": False,
    "taskSlotsPerNode": 1,
    "taskSchedulingPolicy": {"nodeFillType": "Spread"},
}
"""What the service fills in (F11, F6)."""

_SPELT: Final[dict[tuple[str, ...], tuple[str, ...]]] = {
    ("certificateReferences", "storeLocation"): ("LocalMachine", "CurrentUser"),
    ("taskSchedulingPolicy", "nodeFillType"): ("Spread", "Pack"),
    ("virtualMachineConfiguration", "nodePlacementConfiguration", "policy"): ("Regional", "Zonal"),
    ("virtualMachineConfiguration", "osDisk", "caching"): ("None", "ReadOnly", "ReadWrite"),
    ("virtualMachineConfiguration", "osDisk", "ephemeralOSDiskSettings", "placement"): ("CacheDisk",),
    ("virtualMachineConfiguration", "diskEncryptionConfiguration", "targets"): ("OsDisk", "TemporaryDisk"),
    ("virtualMachineConfiguration", "securityProfile", "securityType"): ("trustedlaunch", "confidentialvm"),
}
"""Words that the service answers in a spelling other than its description's (recorded, 2020 to 2025)."""

_SPANS: Final = ("resizeTimeout", "autoScaleEvaluationInterval")
_NOTHING_IF_EMPTY: Final = ("applicationPackageReferences", "metadata")
"""Lists that are left out of answers when they are empty (recorded with 2024-02-01.19.0, 2025)."""

TARGETS: Final = ("targetDedicatedNodes", "targetLowPriorityNodes")

_START_TASK_DEFAULTS: Final[Properties] = {
    "maxTaskRetryCount": 0,
    "waitForSuccess": True,
    "userIdentity": {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}},
}
_DATA_DISK_DEFAULTS: Final[Properties] = {"caching": "none", "storageAccountType": "standard_lrs"}
_NEVER_RETURNED = ("password",)
_SHORTEST_SPAN = 5 * 60.0
_LONGEST_INTERVAL = 168 * 3600.0
_INVALID = "The value provided for one of the properties in the request body is invalid."
_VM_SIZE = re.compile(r"(standard|basic)_[a-z]+\d\S*", re.IGNORECASE)
_GALLERIES = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/"
    "{galleryName}/images/{galleryImageName}/versions/{galleryImageVersionName}",
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/"
    "{galleryName}/images/{galleryImageName}",
)
"""The resource ids that a custom image may have (recorded with 2024-02-01.19.0)."""


def filled(sent: Properties) -> Properties:
    """The settings with the service's defaults; secrets left out."""
    properties = {**DEFAULTS, **{name: value for name, value in sent.items() if value is not None and name != "id"}}
    properties["taskSchedulingPolicy"] = {**DEFAULTS["taskSchedulingPolicy"], **properties["taskSchedulingPolicy"]}
    if properties.get("startTask"):
        properties["startTask"] = {**_START_TASK_DEFAULTS, **properties["startTask"]}
    if machine := properties.get("virtualMachineConfiguration"):
        properties["virtualMachineConfiguration"] = _filled_machine(machine)
    if network := properties.get("networkConfiguration"):
        properties["networkConfiguration"] = _filled_network(network)
    if users := properties.get("userAccounts"):
        properties["userAccounts"] = [_filled_user(user, properties) for user in users]
    if properties["enableAutoScale"]:
        properties.setdefault("autoScaleEvaluationInterval", DEFAULT_INTERVAL)
        properties.pop("resizeTimeout", None)
    else:
        for name in ("autoScaleFormula", "autoScaleEvaluationInterval"):
            properties.pop(name, None)
    for name in _SPANS:
        if name in properties:
            properties[name] = _span_spelt(str(properties[name]))
    for name in _NOTHING_IF_EMPTY:
        if not properties.get(name):
            properties.pop(name, None)
    spelt: Properties = _respelt(properties, ())
    return spelt


def _span_spelt(text: str) -> str:
    """A duration in the service's spelling; what is none stays for ``check`` to refuse."""
    try:
        return durations.normalised(text)
    except durations.DurationInvalid:
        return text


def _respelt(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {name: _respelt(inner, (*path, name)) for name, inner in value.items()}
    words = _SPELT.get(path, ())
    if isinstance(value, list):
        return [_respelt(item, path) for item in value]
    return next((word for word in words if word.lower() == str(value).lower()), value)


def _filled_network(network: Properties) -> Properties:
    """Rules of inbound NAT pools are for any source port unless they say otherwise (recorded, 2020-09-01.12.0)."""
    made = {"dynamicVNetAssignmentScope": "none", **network}
    if endpoints := network.get("endpointConfiguration"):
        ports = [
            {**port, "networkSecurityGroupRules": [{"sourcePortRanges": ["*"], **rule} for rule in rules]}
            if (rules := port.get("networkSecurityGroupRules"))
            else port
            for port in endpoints.get("inboundNATPools") or []
        ]
        made["endpointConfiguration"] = {**endpoints, "inboundNATPools": ports}
    return made


def _filled_machine(machine: Properties) -> Properties:
    made = dict(machine)
    image = machine.get("imageReference") or {}
    if not image.get("virtualMachineImageId"):
        image = {**image, "version": image.get("version") or "latest"}
    made["imageReference"] = image
    if disks := machine.get("dataDisks"):
        made["dataDisks"] = [{**_DATA_DISK_DEFAULTS, **disk} for disk in disks]
    if disk := machine.get("osDisk"):
        made["osDisk"] = {"ephemeralOSDiskSettings": {}, **disk}
    return made


def _filled_user(user: Properties, properties: Properties) -> Properties:
    """A user of a Windows pool logs on as a batch job unless told otherwise (recorded, 2020-09-01.12.0)."""
    agent = str((properties.get("virtualMachineConfiguration") or {}).get("nodeAgentSKUId", ""))
    windows = {"windowsUserConfiguration": {"loginMode": "batch"}} if "windows" in agent.lower() else {}
    return {"elevationLevel": "nonadmin", **windows, **{k: v for k, v in user.items() if k not in _NEVER_RETURNED}}


def secrets(sent: Properties) -> Properties:
    """What is kept and never shown."""
    users = sent.get("userAccounts") or []
    return {"passwords": {user["name"]: user["password"] for user in users if user.get("password")}}


def check(properties: Properties) -> None:
    """What a pool's settings must be.

    Raises:
        PropertyNotTaken, AutoScaleSettingsInvalid, FormulaTooLong, FormulaUnreadable, ResourceFilesTooLong,
        MetadataKeyEmpty
    """
    check_formula(properties)
    try:
        simulation_of(properties)
    except RuleUnreadable as problem:
        raise PropertyNotTaken("metadata", METADATA, str(problem)) from problem
    _check_span(properties, "autoScaleEvaluationInterval", at_most=_LONGEST_INTERVAL)
    _check_span(properties, "resizeTimeout")
    for name in TARGETS:
        if int(properties.get(name) or 0) < 0:
            raise PropertyNotTaken(name, str(properties[name]), f"{name} must be at least 0")
    _check_machine(properties)
    _check_users(properties)
    check_endpoints(properties.get("networkConfiguration") or {})
    check_mounts(properties.get("mountConfiguration") or [])
    task_settings.check_display_name(properties)
    task_settings.check_metadata(properties)
    if start_task := properties.get("startTask"):
        task_settings.check_common(start_task)
        task_settings.check_retries(start_task)
    slots = int(properties["taskSlotsPerNode"])
    if not 1 <= slots <= slots_allowed(str(properties.get("vmSize", ""))):
        reason = "The number of task slots is from 1 to four times the cores of the VM size, at most 256"
        raise PropertyNotTaken("taskSlotsPerNode", str(slots), reason)


def check_subnet(properties: Properties, subscription: str) -> None:
    """A pool's subnet lies in its account's subscription (recorded with 2020-09-01.12.0).

    Raises:
        PropertyNotTaken
    """
    subnet = str((properties.get("networkConfiguration") or {}).get("subnetId") or "")
    if subnet and not subnet.lower().startswith(f"/subscriptions/{subscription.lower()}/"):
        reason = (
            "The specified subnetId is in a different subscription and cannot be used with the current Batch account"
            f" in subscription {subscription}"
        )
        raise PropertyNotTaken("subnetId", subnet, reason)


def check_disk_key(properties: Properties, *, identity: bool) -> None:
    """Disks are encrypted with a key of the customer's by the pool's identity, which the service plane cannot give it.

    Raises:
        PropertyNotTaken
    """
    machine = properties.get("virtualMachineConfiguration") or {}
    if (machine.get("diskEncryptionConfiguration") or {}).get("customerManagedKey") and not identity:
        reason = "Pool Identity is required when using CustomerManagedKey."  # Microsoft's tests of @azure/batch
        raise PropertyNotTaken("diskEncryptionConfiguration", "", reason)


def _check_users(properties: Properties) -> None:
    """A user's settings are for the system that the pool has (wording: Microsoft's tests of Java's azure-batch)."""
    agent = (properties.get("virtualMachineConfiguration") or {}).get("nodeAgentSKUId")
    if not agent:
        return
    strange = "linuxUserConfiguration" if "windows" in str(agent).lower() else "windowsUserConfiguration"
    for user in properties.get("userAccounts") or []:
        if user.get(strange):
            reason = (
                f"The user configuration for user account '{user.get('name')}' has a mismatch with the OS"
                " (Windows/Linux) configuration specified in VirtualMachineConfiguration"
            )
            raise PropertyNotTaken("userAccounts", "", reason)


def _check_machine(properties: Properties) -> None:
    """A size by its form, a marketplace image by its publisher, a custom image by its resource id (F10)."""
    machine = properties.get("virtualMachineConfiguration")
    if not machine:
        return
    size = str(properties.get("vmSize", ""))
    if not _VM_SIZE.fullmatch(size):
        raise PropertyNotTaken("vmSize", size, _INVALID)
    check_disks(machine.get("dataDisks") or [])
    if machine.get("windowsConfiguration") and "windows" not in str(machine.get("nodeAgentSKUId", "")).lower():
        raise PropertyNotTaken("windowsConfiguration", "", "It goes with an image of Windows")
    image = machine.get("imageReference") or {}
    if custom := image.get("virtualMachineImageId"):
        _check_custom_image(str(custom))
    elif image.get("publisher") and str(image["publisher"]).lower() not in PUBLISHERS:
        raise PropertyNotTaken(
            "imageReference", "", f"The specified imageReference with {named(image)} is not supported."
        )
    elif machine.get("containerConfiguration") and not runs_containers(image):
        raise PropertyNotTaken("imageReference", "", no_containers(image))


def _check_custom_image(resource_id: str) -> None:
    forms = (re.escape(form).replace(r"\{", "{").replace(r"\}", "}") for form in _GALLERIES)
    if any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", form), resource_id, re.IGNORECASE) for form in forms):
        return
    reason = "The specified resource id must be of the format " + " or ".join(_GALLERIES)
    raise PropertyNotTaken("virtualMachineImageId", resource_id, reason)


def _check_span(properties: Properties, name: str, at_most: float = inf) -> None:
    """Evaluation intervals are from 5 minutes to 168 hours, resize time-outs at least 5 minutes (REST reference)."""
    text = properties.get(name)
    if text is None:
        return
    try:
        span = durations.seconds(str(text))
    except durations.DurationInvalid:
        raise PropertyNotTaken(name, str(text), f"{name} must be an ISO 8601 duration") from None
    if not _SHORTEST_SPAN <= (inf if span is None else span) <= at_most:
        limit = "at least 5 minutes" if at_most == inf else "from 5 minutes to 168 hours"
        raise PropertyNotTaken(name, str(text), f"{name} must be {limit}")


def slots_allowed(vm_size: str) -> int:
    """Task slots a node may have: the smaller of 4 x cores and 256 (azure-batch-behaviours, Pools).

    A size whose name tells no cores gets 256.
    """
    cores = cores_of(vm_size)
    return 256 if cores is None else min(4 * cores, 256)
