"""A pool's properties as ARM and as the Batch service spell them; the domain has the service's spelling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from batchlocal.domain.pool import Pool
from batchlocal.protocol import moments

__all__ = ["to_arm", "to_service"]

_RENAMED: Final = {
    "applicationPackages": "applicationPackageReferences",
    "mountConfiguration": "mountConfiguration",
    "networkConfiguration": "networkConfiguration",
}
"""Top-level names that differ: management -> service. All others are spelt alike on both planes."""

_ENUMS: Final = {
    "nodeFillType": ("Spread", "Pack"),
    "elevationLevel": ("NonAdmin", "Admin"),
    "scope": ("Task", "Pool"),
    "loginMode": ("Batch", "Interactive"),
    "caching": ("None", "ReadOnly", "ReadWrite"),
    "storageAccountType": ("Standard_LRS", "Premium_LRS", "StandardSSD_LRS"),
    "storeLocation": ("CurrentUser", "LocalMachine"),
    "type": ("DockerCompatible", "CriCompatible"),
    "targetNodeCommunicationMode": ("Default", "Classic", "Simplified"),
    "access": ("Allow", "Deny"),
    "protocol": ("TCP", "UDP"),
    "mode": ("automatic", "manual", "rolling"),
}
"""Enum values: ARM spells them so; the service spells the same words in lower case (Deny, TCP and the like apart)."""

_SERVICE_KEEPS_CASE: Final = {"storageAccountType", "caching", "protocol", "type", "mode"}


def to_service(properties: dict[str, Any]) -> dict[str, Any]:
    """A pool body's ``properties`` in the service's spelling, scale settings taken apart into targets."""
    sent = {name: value for name, value in properties.items() if value is not None}
    scale = sent.pop("scaleSettings", None)
    deployment = sent.pop("deploymentConfiguration", None) or {}
    between = sent.pop("interNodeCommunication", None)
    found = {_RENAMED.get(name, name): _walk(value, _lower) for name, value in sent.items()}
    if references := found.get("applicationPackageReferences"):
        found["applicationPackageReferences"] = [_reference_to_service(one) for one in references]
    if "virtualMachineConfiguration" in deployment:
        machine = _walk(deployment["virtualMachineConfiguration"], _lower)
        found["virtualMachineConfiguration"] = _swapped(machine, "nodeAgentSkuId", "nodeAgentSKUId")
    if between is not None:
        found["enableInterNodeCommunication"] = str(between).lower() == "enabled"
    return {**found, **_scale_to_service(scale)}


def _scale_to_service(scale: dict[str, Any] | None) -> dict[str, Any]:
    if not scale:
        return {}
    if formula := scale.get("autoScale"):
        interval = formula.get("evaluationInterval") or "PT15M"
        return {
            "enableAutoScale": True,
            "autoScaleFormula": formula["formula"],
            "autoScaleEvaluationInterval": interval,
        }
    fixed = scale.get("fixedScale") or {}
    kept = ("targetDedicatedNodes", "targetLowPriorityNodes", "resizeTimeout", "nodeDeallocationOption")
    return {"enableAutoScale": False, **{name: fixed[name] for name in kept if fixed.get(name) is not None}}


def _reference_to_service(reference: dict[str, Any]) -> dict[str, Any]:
    """ARM references an application by its resource id, the service by its name."""
    found = {"applicationId": str(reference["id"]).rstrip("/").rsplit("/", 1)[-1]}
    return {**found, **({"version": reference["version"]} if reference.get("version") else {})}


def to_arm(pool: Pool, account_id: str) -> dict[str, Any]:
    """A pool's ``properties`` as ARM shows them, in the recorded order (F6)."""
    known = dict(pool.properties)
    body: dict[str, Any] = {
        "lastModified": moments.iso(pool.modified),
        "creationTime": moments.iso(pool.created),
        "provisioningState": "Deleting" if pool.state == "deleting" else "Succeeded",
        "provisioningStateTransitionTime": moments.iso(pool.state_since),
        "allocationState": pool.allocation_state.value.title(),
        "allocationStateTransitionTime": moments.iso(pool.allocation_since),
        "vmSize": str(known.pop("vmSize", "")).upper(),
        "interNodeCommunication": "Enabled" if known.pop("enableInterNodeCommunication") else "Disabled",
        "scaleSettings": _scale_to_arm(pool, known),
        "resizeOperationStatus": _resize_to_arm(pool, known),
        "currentDedicatedNodes": pool.current_dedicated,
        "currentLowPriorityNodes": pool.current_low_priority,
    }
    known.pop("resizeTimeout", None)
    if pool.auto_scale_run:
        body["autoScaleRun"] = _run_to_arm(pool.auto_scale_run)
    if machine := known.pop("virtualMachineConfiguration", None):
        machine = _swapped(_walk(machine, _upper), "nodeAgentSKUId", "nodeAgentSkuId")
        body["deploymentConfiguration"] = {"virtualMachineConfiguration": machine}
    if references := known.pop("applicationPackageReferences", None):
        body["applicationPackages"] = [_reference_to_arm(one, account_id) for one in references]
    back = {service: arm for arm, service in _RENAMED.items()}
    return {**body, **{back.get(name, name): _walk(value, _upper) for name, value in known.items()}}


def _scale_to_arm(pool: Pool, known: dict[str, Any]) -> dict[str, Any]:
    if known.pop("enableAutoScale"):
        formula = {"formula": known.pop("autoScaleFormula")}
        return {"autoScale": {**formula, "evaluationInterval": known.pop("autoScaleEvaluationInterval")}}
    known.pop("nodeDeallocationOption", None)
    return {
        "fixedScale": {
            "targetDedicatedNodes": pool.target_dedicated,
            "targetLowPriorityNodes": pool.target_low_priority,
            "resizeTimeout": known.get("resizeTimeout", "PT15M"),
        }
    }


def _resize_to_arm(pool: Pool, known: dict[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = {"targetDedicatedNodes": pool.target_dedicated}
    if pool.target_low_priority:
        status["targetLowPriorityNodes"] = pool.target_low_priority
    status |= {
        "nodeDeallocationOption": pool.deallocation_option.title(),
        "resizeTimeout": known.get("resizeTimeout", "PT15M"),
        "startTime": moments.iso(pool.resize_started),
    }
    if pool.resize_errors:
        status["errors"] = [{"code": error.code, "message": error.message} for error in pool.resize_errors]
    return status


def _run_to_arm(run: dict[str, Any]) -> dict[str, Any]:
    """An evaluation of the formula: ARM calls its moment evaluationTime, and its error's values details."""
    found = {"evaluationTime": run["timestamp"], "results": run["results"]}
    if error := run.get("error"):
        details = [{"code": value["name"], "message": value["value"]} for value in error["values"]]
        found["error"] = {"code": error["code"], "message": error["message"], "details": details}
    return found


def _reference_to_arm(reference: dict[str, Any], account_id: str) -> dict[str, Any]:
    found = {"id": f"{account_id}/applications/{reference['applicationId']}"}
    return {**found, **({"version": reference["version"]} if reference.get("version") else {})}


def _walk(value: Any, spell: Callable[[str, str], str]) -> Any:
    if isinstance(value, list):
        return [_walk(item, spell) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: spell(name, item) if name in _ENUMS and isinstance(item, str) else _walk(item, spell)
        for name, item in value.items()
    }


def _lower(name: str, value: str) -> str:
    return value if name in _SERVICE_KEEPS_CASE else value.lower()


def _upper(name: str, value: str) -> str:
    return next((word for word in _ENUMS[name] if word.lower() == value.lower()), value)


def _swapped(body: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in body.items()}
