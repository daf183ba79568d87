"""Certificates at the service plane, in the api-versions that still have them (F7, F11).

They are kept as ARM's resources: a certificate is one thing, spelt twice.
"""

from __future__ import annotations

from typing import Any

from batchlocal import certificates
from batchlocal.certificates import (
    TYPE,
    CertificateBeingDeleted,
    CertificateExists,
    CertificateNotFound,
    CertificateStateActive,
    CertificateUnreadable,
    certificate_named,
)
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of, selected
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, invalid_value, worded
from batchlocal.service.registry import handles
from batchlocal.store.resources import Resource

__all__: list[str] = []

CATALOGUE.update(
    {
        CertificateNotFound: worded(404, "CertificateNotFound", "The specified certificate does not exist."),
        CertificateExists: worded(409, "CertificateExists", "The specified certificate already exists."),
        CertificateBeingDeleted: worded(
            409, "CertificateBeingDeleted", "The specified certificate has been marked for deletion."
        ),
        CertificateStateActive: worded(409, "CertificateStateActive", "The specified certificate is in active state."),
        CertificateUnreadable: invalid_value(PropertyName="{name}", Reason="{reason}"),
    }
)


@handles("Certificate_Add")
def add_certificate(call: ServiceCall) -> Answer:
    """201 with a Location and no ETag (F11)."""
    algorithm, thumbprint = str(call.body["thumbprintAlgorithm"]).lower(), str(call.body["thumbprint"]).lower()
    name = f"{algorithm}-{thumbprint}"
    if call.tx.resources.find(f"{call.account.id}/certificates/{name}") is not None:
        raise CertificateExists
    sent = {**call.body, "format": call.body.get("certificateFormat")}
    certificates.keep(call.tx, call.account, name, sent, call.now)
    url = f"{call.url}/certificates(ThumbprintAlgorithm={algorithm},Thumbprint={thumbprint})"
    return Answer(201, headers={"DataServiceId": url, "Location": url})


def _certificate_of(call: ServiceCall) -> Resource:
    name = f"{call.parameters['thumbprintAlgorithm']}-{call.parameters['thumbprint']}"
    return certificate_named(call.tx, call.account, name)


@handles("Certificate_List")
def list_certificates(call: ServiceCall) -> Answer:
    """The account's certificates."""
    found = list(call.tx.resources.children(call.account.id, TYPE))
    return page_of(call, "certificates", found, lambda one: one.key, lambda one: _shown(call, one))


@handles("Certificate_Get")
def get_certificate(call: ServiceCall) -> Answer:
    """The certificate, also while it is being deleted; there is no ETag."""
    body = selected(call, _shown(call, _certificate_of(call)))
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#certificates/@Element", **body})


@handles("Certificate_Delete")
def delete_certificate(call: ServiceCall) -> Answer:
    """202; one that a pool uses ends as deletefailed, any other goes (REST reference, Certificate - Delete)."""
    certificates.delete(call.platform, call.tx, _certificate_of(call), call.now, call.request.request_id)
    return Answer(202)


@handles("Certificate_CancelDeletion")
def cancel_deletion(call: ServiceCall) -> Answer:
    """204; only a failed deletion can be cancelled."""
    found = _certificate_of(call)
    certificates.cancel_deletion(call.tx, found, call.now)
    return Answer(204, headers={"DataServiceId": f"{_url(call, found)}/canceldelete"})


_STATES = {"Succeeded": "active", "Deleting": "deleting", "Failed": "deletefailed"}
"""ARM's provisioning states and the service's states."""


def _url(call: ServiceCall, certificate: Resource) -> str:
    known = certificate.body["properties"]
    return (
        f"{call.url}/certificates(thumbprintAlgorithm={known['thumbprintAlgorithm']},thumbprint={known['thumbprint']})"
    )


def _shown(call: ServiceCall, certificate: Resource) -> dict[str, Any]:
    known, hidden = certificate.body["properties"], certificate.hidden
    body = {
        "thumbprint": known["thumbprint"],
        "thumbprintAlgorithm": known["thumbprintAlgorithm"],
        "url": _url(call, certificate),
        "state": _STATES[known["provisioningState"]],
        "stateTransitionTime": moments.iso(hidden["since"]),
    }
    if before := hidden.get("before"):
        body["previousState"] = _STATES[before["state"]]
        body["previousStateTransitionTime"] = moments.iso(before["since"])
    body["publicData"] = known["publicData"]
    if body["state"] == "deletefailed":
        text = "The specified certificate is used by one or more pools"
        body["deleteCertificateError"] = {"code": "CertificateInUse", "message": text}
    return body
