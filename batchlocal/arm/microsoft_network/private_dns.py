"""Private DNS zones, their links to networks and their records; and how private endpoints get into them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.kept import KeptType, ReferenceNotFound, Values, serve, text_at
from batchlocal.arm.microsoft_network.private_endpoints import ENDPOINT_TYPE, address_of, names_behind
from batchlocal.arm.microsoft_network.provider import ENVELOPE, PROVIDER
from batchlocal.domain.refusals import Refusal
from batchlocal.platform import Platform
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__: list[str] = []

ZONE_TYPE = "Microsoft.Network/privateDnsZones"
_LINK_TYPE = f"{ZONE_TYPE}/virtualNetworkLinks"
_RECORD_TYPES = ("A", "AAAA", "CNAME", "MX", "PTR", "SOA", "SRV", "TXT")
# Azure documentation, "Azure subscription and service limits": Azure Private DNS limits
_LIMITS = {
    "maxNumberOfRecordSets": 25000,
    "maxNumberOfVirtualNetworkLinks": 1000,
    "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
}
_ENDPOINT_TTL = 10  # seconds, of the records that private endpoints make


@dataclass(eq=False)
class ZoneHasLinks(Refusal):
    """Networks still use the zone."""

    link: str


CATALOGUE[ZoneHasLinks] = gateway(
    409, "CannotDeleteResource", "Can not delete resource before nested resources are deleted: '{link}'."
)


def _born(_: ArmCall, __: Resource) -> Values:
    return {"provisioningState": "Succeeded"}


def _count(tx: Tx, zone: Resource) -> Values:
    links = list(tx.resources.children(zone.id, _LINK_TYPE))
    records = sum(len(list(tx.resources.children(zone.id, f"{ZONE_TYPE}/{one}"))) for one in _RECORD_TYPES)
    registering = [link for link in links if link.body["properties"].get("registrationEnabled")]
    return {
        **_LIMITS,
        "numberOfRecordSets": records + 1,  # the zone's own SOA
        "numberOfVirtualNetworkLinks": len(links),
        "numberOfVirtualNetworkLinksWithRegistration": len(registering),
    }


def _check_unlinked(tx: Tx, zone: Resource) -> None:
    for link in tx.resources.children(zone.id, _LINK_TYPE):
        raise ZoneHasLinks(link.id)


serve(
    PROVIDER,
    KeptType(
        ZONE_TYPE,
        "PrivateZones",
        envelope=ENVELOPE,
        required=("location",),
        drawn=_born,
        view=_count,
        keeps=_check_unlinked,
    ),
)


def _complete_link(_: ArmCall, link: Resource, __: Values | None) -> None:
    link.body["properties"]["virtualNetworkLinkState"] = "Completed"


serve(
    PROVIDER,
    KeptType(
        _LINK_TYPE,
        "VirtualNetworkLinks",
        envelope=ENVELOPE,
        shape={"virtualNetwork": {"id": str}, "registrationEnabled": bool},
        required=("location", "properties.virtualNetwork.id"),
        references=("properties.virtualNetwork.id",),
        defaults={"registrationEnabled": False},
        patches_properties=True,
        drawn=_born,
        complete=_complete_link,
    ),
)


def _complete_record(_: ArmCall, record: Resource, __: Values | None) -> None:
    zone = record.parent.rsplit("/", 1)[-1]
    record.body["properties"] |= {"fqdn": f"{record.name}.{zone}.", "isAutoRegistered": False}


for _one in _RECORD_TYPES:
    serve(
        PROVIDER,
        KeptType(
            f"{ZONE_TYPE}/{_one}",
            f"RecordSets{_one}",
            envelope=("id", "name", "type", "etag", "properties"),
            shape={"ttl": int},
            required=("properties.ttl",),
            patches_properties=True,
            complete=_complete_record,
        ),
    )


def _configs(body: Values | None) -> Iterator[dict[str, Any]]:
    yield from ((body or {}).get("properties") or {}).get("privateDnsZoneConfigs") or []


def _complete_group(call: ArmCall, group: Resource, before: Values | None) -> None:
    """Put the endpoint's names into the zones; its own zone's records are shown with each configuration."""
    _remove_records(call.tx, before)
    endpoint = call.tx.resources.find(group.parent)
    assert endpoint is not None, "the frame has looked for it"
    for config in _configs(group.body):
        zone_id = text_at(config, "properties.privateDnsZoneId")
        zone = call.tx.resources.find(zone_id)
        if zone is None or zone.type.lower() != ZONE_TYPE.lower():
            raise ReferenceNotFound(zone_id, group.id)
        suffix = zone.name.removeprefix("privatelink.")
        names = [name.removesuffix(f".{suffix}") for name in names_behind(call.tx, endpoint) if name.endswith(suffix)]
        config["id"] = f"{group.id}/privateDnsZoneConfigs/{config.get('name', '')}"
        config["properties"]["recordSets"] = [_put_record(call, zone, name, address_of(endpoint)) for name in names]


def _put_record(call: ArmCall, zone: Resource, name: str, address: str) -> Values:
    shown = {"ttl": _ENDPOINT_TTL, "fqdn": f"{name}.{zone.name}."}
    record = Resource(
        f"{zone.id}/A/{name}",
        f"{ZONE_TYPE}/A",
        zone.subscription,
        zone.resource_group,
        name,
        parent=zone.id,
        body={"properties": {**shown, "aRecords": [{"ipv4Address": address}], "isAutoRegistered": False}},
        hidden={"type": f"{ZONE_TYPE}/A", "drawn": {}},
        created=call.now,
        modified=call.now,
    )
    call.tx.resources.put(record)
    known = {"recordType": "A", "recordSetName": name, "provisioningState": "Succeeded", "ipAddresses": [address]}
    return {**known, **shown}


def _remove_records(tx: Tx, body: Values | None) -> None:
    for config in _configs(body):
        properties = config["properties"]
        for record in properties.get("recordSets") or []:
            tx.resources.remove(f"{properties['privateDnsZoneId']}/A/{record['recordSetName']}")


def _group_removed(_: Platform, tx: Tx, group: Resource) -> None:
    _remove_records(tx, group.body)


serve(
    PROVIDER,
    KeptType(
        f"{ENDPOINT_TYPE}/privateDnsZoneGroups",
        "PrivateDnsZoneGroups",
        envelope=("name", "id", "etag", "type", "properties"),
        shape={"privateDnsZoneConfigs": [{"name": str, "properties": {"privateDnsZoneId": str}}]},
        required=("properties.privateDnsZoneConfigs",),
        references=("properties.privateDnsZoneConfigs.properties.privateDnsZoneId",),
        drawn=_born,
        complete=_complete_group,
        removed=_group_removed,
    ),
)
