"""Certificates at the management plane, in the api-versions that still have them (F7)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from batchlocal import certificates
from batchlocal.arm.call import ArmCall
from batchlocal.arm.conditions import check_conditions
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.arm.fabric import body_object, poll_pending, retry_after, shown
from batchlocal.arm.listing import filter_of, listed, page_size, position, selected
from batchlocal.arm.microsoft_batch.provider import PROVIDER, account_of, properties_of
from batchlocal.certificates import certificate_named
from batchlocal.protocol import moments
from batchlocal.protocol.filters import EQUALITY, ORDER, Filterable
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

CATALOGUE.update(
    {
        certificates.CertificateNotFound: provider(
            404, "CertificateNotFound", "The specified certificate does not exist."
        ),
        certificates.CertificateBeingDeleted: provider(
            409, "CertificateBeingDeleted", "The specified certificate has been marked for deletion."
        ),
        certificates.CertificateUnreadable: provider(
            400,
            "InvalidPropertyValue",
            "The value provided for one of the properties in the request body is invalid.",
            PropertyName="{name}",
            Reason="{reason}",
        ),
    }
)
# REST reference, "Certificate - List By Batch Account": what the list may be filtered by.
_FILTERABLE: Final = {
    "name": Filterable("string", (*EQUALITY, "startswith")),
    "properties/provisioningState": Filterable("string", EQUALITY),
    "properties/provisioningStateTransitionTime": Filterable("time", ORDER),
}


def _certificate(call: ArmCall) -> Resource:
    return certificate_named(call.tx, account_of(call), call.parameters["certificateName"])


def _shown(certificate: Resource) -> dict[str, Any]:
    body = shown(certificate, certificates.TYPE, "name", "id", "type", "etag", "properties")
    if before := certificate.hidden.get("before"):
        past = {
            "previousProvisioningState": before["state"],
            "previousProvisioningStateTransitionTime": moments.iso(before["since"]),
        }
        body["properties"] = {**body["properties"], **past}
    if body["properties"]["provisioningState"] == "Failed":
        error = {"code": "NodesReferencingCertificate", "message": "One or more pools use the specified certificate."}
        body["properties"] = {**body["properties"], "deleteCertificateError": error}
    return body


def _answer(certificate: Resource) -> Answer:
    modified = certificate.modified
    headers = {"ETag": moments.weak_etag(modified), "Last-Modified": moments.http_date(modified)}
    return Answer(200, _shown(certificate), headers)


@PROVIDER.operation("Certificate_Create")
def put_certificate(call: ArmCall) -> Answer:
    """200, new or not; data and password are never shown (F7)."""
    account, name = account_of(call), call.parameters["certificateName"]
    existing = call.tx.resources.find(f"{account.id}/certificates/{name}")
    check_conditions(call, existing.modified if existing else None)
    return _answer(certificates.keep(call.tx, account, name, properties_of(body_object(call)), call.now))


@PROVIDER.operation("Certificate_Update")
def patch_certificate(call: ArmCall) -> Answer:
    """200; the certificate of a name is always the same, so its ETag stays (F7)."""
    certificate = _certificate(call)
    check_conditions(call, certificate.modified)
    sent, known = properties_of(body_object(call)), certificate.body["properties"]
    anew = certificates.keep(call.tx, account_of(call), certificate.name, {"format": known["format"], **sent}, call.now)
    known["format"] = anew.body["properties"]["format"]
    call.tx.resources.put(certificate)
    return _answer(certificate)


@PROVIDER.operation("Certificate_Get")
def get_certificate(call: ArmCall) -> Answer:
    """The certificate, without its private key."""
    return _answer(_certificate(call))


@PROVIDER.operation("Certificate_ListByBatchAccount")
def list_certificates(call: ArmCall) -> Answer:
    """The account's certificates, by name."""
    account = account_of(call)
    wanted, after = filter_of(call, _FILTERABLE), position(call)
    every = call.tx.resources.children(account.id, certificates.TYPE)
    found = (one for one in every if one.key > after and (wanted is None or wanted(_shown(one))))
    size = page_size(call, "maxresults")
    return listed(call, found, lambda one: one.key, lambda one: selected(call, _shown(one)), size)


@PROVIDER.operation("Certificate_Delete")
def delete_certificate(call: ArmCall) -> Answer:
    """202 and an operation named after the certificate and the moment (F7); 204 when there is none."""
    try:
        certificate = _certificate(call)
    except certificates.CertificateNotFound:
        return Answer(204)
    certificates.delete(call.platform, call.tx, certificate, call.now, call.request.request_id)
    path = f"{account_of(call).id}/certificateOperationResults/{certificate.name}-{call.now:X}"
    url = f"{call.platform.origin}{path}?api-version={call.request.api_version}"
    return Answer(202, headers={"Location": url, "Retry-After": retry_after(call)})


@PROVIDER.operation("Certificate_OperationResults")
def poll_deletion(call: ArmCall) -> Answer:
    """202 while the certificate is being deleted, then 200 without a body (F7)."""
    account = account_of(call)
    name = call.parameters["operationId"].rpartition("-")[0]
    certificate = call.tx.resources.find(f"{account.id}/certificates/{name}")
    deleting = certificate is not None and certificate.body["properties"]["provisioningState"] == "Deleting"
    return poll_pending(call) if deleting else Answer(200)


@PROVIDER.operation("Certificate_CancelDeletion")
def cancel_deletion(call: ArmCall) -> Answer:
    """200, also for a certificate that nobody is deleting (F7), where the Batch service refuses."""
    certificate = _certificate(call)
    with suppress(certificates.CertificateStateActive):
        certificates.cancel_deletion(call.tx, certificate, call.now)
    return _answer(certificate)
