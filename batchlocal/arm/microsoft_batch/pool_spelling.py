"""A pool's properties as ARM and as the Batch service spell them; the domain has the service's spelling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from batchlocal import specs
from batchlocal.domain.pool import Pool
from batchlocal.protocol import moments

__all__ = ["to_arm", "to_service"]

_RENAMED: Final = {
    "applicationPackages": "applicationPackageReferences",
    "mountConfiguration": "mountConfiguration",
    "networkConfiguration": "networkConfiguration",
}
"""Top-level names that differ: management -> service. All others are spelt alike on both planes."""

_ARM: Final = (("2024-07-01", "PoolProperties"), ("2025-06-01", "PoolProperties"))
_SERVICE: Final = (("2024-07-01.20.0", "PoolAddParameter"), ("2025-06-01", "BatchPoolCreateOptions"))
"""The descriptions that tell how a plane spells names and words: neither version has all properties."""


def _spelt(namespace: str, schemas: Iterable[tuple[str, str]], value: Any) -> Any:
    for api_version, name in schemas:
        value = specs.respelt(specs.table_for(namespace, api_version).schema(name), value)
    return value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}


def to_service(properties: dict[str, Any]) -> dict[str, Any]:
    """A pool body's ``properties`` in the service's spelling, scale settings taken apart into targets."""
    sent = _without_nulls(properties)
    scale = sent.pop("scaleSettings", None)
    deployment = sent.pop("deploymentConfiguration", None) or {}
    between = sent.pop("interNodeCommunication", None)
    found = {_RENAMED.get(name, name): value for name, value in sent.items()}
    if references := found.get("applicationPackageReferences"):
        found["applicationPackageReferences"] = [_reference_to_service(one) for one in references]
    if "virtualMachineConfiguration" in deployment:
        found["virtualMachineConfiguration"] = deployment["virtualMachineConfiguration"]
    if between is not None:
        found["enableInterNodeCommunication"] = str(between).lower() == "enabled"
    return {**_spelt("service", _SERVICE, found), **_scale_to_service(scale)}


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
        body["deploymentConfiguration"] = {"virtualMachineConfiguration": machine}
    if references := known.pop("applicationPackageReferences", None):
        body["applicationPackages"] = [_reference_to_arm(one, account_id) for one in references]
    back = {service: arm for arm, service in _RENAMED.items()}
    shown: dict[str, Any] = _spelt(
        "Microsoft.Batch", _ARM, {**body, **{back.get(name, name): value for name, value in known.items()}}
    )
    return shown


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
