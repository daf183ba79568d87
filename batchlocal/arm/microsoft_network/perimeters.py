"""Network security perimeters, their profiles, and the Batch and storage accounts that are associated with them.

What an associated account shows of its perimeter stands below the account (``perimeter_configurations.py``). Nothing
is let in or kept out by a perimeter. Source: Microsoft's REST reference of network security perimeters.
"""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.kept import KeptType, Values, serve, text_at
from batchlocal.arm.microsoft_network.provider import ENVELOPE, PROVIDER
from batchlocal.arm.perimeter_configurations import associate, dissociate
from batchlocal.platform import Platform
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__: list[str] = []

_PERIMETER = "Microsoft.Network/networkSecurityPerimeters"
_ASSOCIATION = f"{_PERIMETER}/resourceAssociations"
_ACCOUNT, _PROFILE = "properties.privateLinkResource.id", "properties.profile.id"


def _born(call: ArmCall, _: Resource) -> Values:
    return {"provisioningState": "Succeeded", "perimeterGuid": call.request.request_id}


def _associate(call: ArmCall, association: Resource, before: Values | None) -> None:
    """Show the account its perimeter, and an account that it leaves no longer."""
    perimeter = call.tx.resources.find(association.parent)
    if perimeter is None:
        return
    left = text_at(before or {}, _ACCOUNT)
    guid = perimeter.body["properties"]["perimeterGuid"]
    if left and left.lower() != text_at(association.body, _ACCOUNT).lower():
        dissociate(call.tx, left, guid, association.name)
    shown = {"id": perimeter.id, "perimeterGuid": guid, "location": perimeter.body.get("location", "")}
    mode = {"name": association.name, "accessMode": text_at(association.body, "properties.accessMode")}
    profile = text_at(association.body, _PROFILE).rpartition("/")[2]
    associate(call.tx, text_at(association.body, _ACCOUNT), shown, mode, profile, call.now)


def _dissociate(_: Platform, tx: Tx, association: Resource) -> None:
    perimeter = tx.resources.find(association.parent)
    if perimeter is not None:
        guid = perimeter.body["properties"]["perimeterGuid"]
        dissociate(tx, text_at(association.body, _ACCOUNT), guid, association.name)


def _remove(platform: Platform, tx: Tx, perimeter: Resource) -> None:
    for association in tx.resources.children(perimeter.id, _ASSOCIATION):
        _dissociate(platform, tx, association)


serve(
    PROVIDER,
    KeptType(
        _PERIMETER,
        "NetworkSecurityPerimeters",
        envelope=ENVELOPE,
        required=("location",),
        drawn=_born,
        removed=_remove,
    ),
)
serve(PROVIDER, KeptType(f"{_PERIMETER}/profiles", "NetworkSecurityPerimeterProfiles", envelope=ENVELOPE))
serve(
    PROVIDER,
    KeptType(
        _ASSOCIATION,
        "NetworkSecurityPerimeterAssociations",
        envelope=ENVELOPE,
        shape={"privateLinkResource": {"id": str}, "profile": {"id": str}, "accessMode": str},
        required=(_ACCOUNT, _PROFILE),
        references=(_ACCOUNT, _PROFILE),
        defaults={"accessMode": "Learning", "provisioningState": "Succeeded", "hasProvisioningIssues": "no"},
        complete=_associate,
        removed=_dissociate,
    ),
)
