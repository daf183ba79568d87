"""Certificates at the service plane, in the api-versions that still have them (F7, F11).

They are kept as ARM's resources: a certificate is one thing, spelt twice.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of, selected
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, invalid_value, worded
from batchlocal.service.registry import handles
from batchlocal.store.effects import Effect
from batchlocal.store.resources import Resource

__all__: list[str] = []

_TYPE = "Microsoft.Batch/batchAccounts/certificates"
_DELETION_SECONDS = 60.0  # certificates stay readable as deleting for a while (recorded); scaled by the pace


@dataclass(eq=False)
class CertificateNotFound(Refusal):
    """The account has no such certificate."""


@dataclass(eq=False)
class CertificateExists(Refusal):
    """The account has one of this thumbprint."""


@dataclass(eq=False)
class CertificateBeingDeleted(Refusal):
    """It is on its way out."""


@dataclass(eq=False)
class CertificateStateActive(Refusal):
    """It is not being deleted, so no deletion can be cancelled."""


@dataclass(eq=False)
class CertificateUnreadable(Refusal):
    """The data are no certificate of the format, password and thumbprint that were sent."""

    name: str
    reason: str


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
    resource_id = f"{call.account.id}/certificates/{name}"
    if call.tx.resources.find(resource_id) is not None:
        raise CertificateExists
    certificate = _read(call.body)
    if hashlib.sha1(certificate).hexdigest() != thumbprint:  # noqa: S324 - a thumbprint is SHA-1
        raise CertificateUnreadable("thumbprint", "The thumbprint is not that of the certificate")
    properties = {
        "provisioningState": "Succeeded",
        "provisioningStateTransitionTime": moments.iso(call.now),
        "format": str(call.body.get("certificateFormat") or "pfx").title(),
        "publicData": base64.b64encode(certificate).decode(),
        "thumbprint": thumbprint,
        "thumbprintAlgorithm": algorithm,
    }
    account = call.account
    call.tx.resources.put(
        Resource(
            resource_id,
            _TYPE,
            account.subscription,
            account.resource_group,
            name,
            parent=account.id,
            body={"properties": properties},
            hidden={"since": call.now},
            created=call.now,
            modified=call.now,
        )
    )
    url = f"{call.url}/certificates(ThumbprintAlgorithm={algorithm},Thumbprint={thumbprint})"
    return Answer(201, headers={"DataServiceId": url, "Location": url})


def _read(body: dict[str, Any]) -> bytes:
    """The certificate's DER, without its private key."""
    try:
        data = base64.b64decode(body["data"], validate=True)
        if str(body.get("certificateFormat") or "pfx").lower() == "cer":
            if body.get("password"):
                raise CertificateUnreadable("password", "A certificate in cer format has no password")
            return x509.load_der_x509_certificate(data).public_bytes(Encoding.DER)
        found = load_pkcs12(data, str(body.get("password") or "").encode()).cert
    except ValueError:
        raise CertificateUnreadable("data", "The data are not a certificate of this format and password") from None
    if found is None:
        raise CertificateUnreadable("data", "The data hold no certificate")
    return found.certificate.public_bytes(Encoding.DER)


def _certificate_of(call: ServiceCall) -> Resource:
    name = f"{call.parameters['thumbprintAlgorithm']}-{call.parameters['thumbprint']}"
    found = call.tx.resources.find(f"{call.account.id}/certificates/{name}")
    if found is None:
        raise CertificateNotFound
    return found


@handles("Certificate_List")
def list_certificates(call: ServiceCall) -> Answer:
    """The account's certificates."""
    found = list(call.tx.resources.children(call.account.id, _TYPE))
    return page_of(call, "certificates", found, lambda one: one.key, lambda one: _shown(call, one))


@handles("Certificate_Get")
def get_certificate(call: ServiceCall) -> Answer:
    """The certificate, also while it is being deleted; there is no ETag."""
    body = selected(call, _shown(call, _certificate_of(call)))
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#certificates/@Element", **body})


@handles("Certificate_Delete")
def delete_certificate(call: ServiceCall) -> Answer:
    """202; one that a pool uses ends as deletefailed, any other goes (REST reference, Certificate - Delete)."""
    found = _certificate_of(call)
    if found.body["properties"]["provisioningState"] == "Deleting":
        raise CertificateBeingDeleted
    users = [pool.id for pool in call.tx.pools.of_account(call.account.key) if _uses(pool.properties, found)]
    _move(call, found, "Failed" if users else "Deleting")
    if not users:
        due = moments.after(call.now, _DELETION_SECONDS * call.platform.pace)
        call.platform.owe(call.tx, Effect("certificate.delete", found.key, due, {}, call.request.request_id))
    return Answer(202)


@handles("Certificate_CancelDeletion")
def cancel_deletion(call: ServiceCall) -> Answer:
    """204; only a failed deletion can be cancelled."""
    found = _certificate_of(call)
    state = found.body["properties"]["provisioningState"]
    if state != "Failed":
        raise CertificateBeingDeleted if state == "Deleting" else CertificateStateActive
    _move(call, found, "Succeeded")
    return Answer(204, headers={"DataServiceId": f"{_url(call, found)}/canceldelete"})


def _uses(properties: dict[str, Any], certificate: Resource) -> bool:
    thumbprint = certificate.body["properties"]["thumbprint"]
    references = properties.get("certificateReferences") or []
    return any(str(one.get("thumbprint", "")).lower() == thumbprint for one in references)


def _move(call: ServiceCall, certificate: Resource, state: str) -> None:
    properties = certificate.body["properties"]
    before = {"state": properties["provisioningState"], "since": certificate.hidden["since"]}
    certificate.body["properties"] = {
        **properties,
        "provisioningState": state,
        "provisioningStateTransitionTime": moments.iso(call.now),
    }
    certificate.hidden = {"since": call.now, "before": before}
    certificate.modified = call.now
    call.tx.resources.put(certificate)


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
