"""Certificates of accounts, in the api-versions that still have them (F7, F11): one thing, spelt twice by the planes.

They are kept as ARM's resources below the account: ``body`` has ARM's properties, ``hidden`` when its state began
(``since``, ticks) and what it was before (``before``: state and since).
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
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.effects import Effect
from batchlocal.store.resources import Resource

__all__ = [
    "TYPE",
    "CertificateBeingDeleted",
    "CertificateExists",
    "CertificateNotFound",
    "CertificateStateActive",
    "CertificateUnreadable",
    "cancel_deletion",
    "certificate_named",
    "delete",
    "keep",
    "move",
]

TYPE = "Microsoft.Batch/batchAccounts/certificates"
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


def certificate_named(tx: Tx, account: Resource, name: str) -> Resource:
    """A certificate by algorithm and thumbprint, ``sha1-abc...`` in any case.

    Raises:
        CertificateNotFound
    """
    found = tx.resources.find(f"{account.id}/certificates/{name}")
    if found is None:
        raise CertificateNotFound
    return found


def keep(tx: Tx, account: Resource, name: str, sent: dict[str, Any], now: int) -> Resource:
    """A certificate from what was sent, new or in place of the one that is there.

    Args:
        name: algorithm and thumbprint, such as ``sha1-abc...``; kept in lower case (F7).
        sent: ``data`` (base64), ``password`` and ``format`` (Pfx or Cer, Pfx when left out).

    Raises:
        CertificateUnreadable
    """
    algorithm, _, thumbprint = name.lower().partition("-")
    if algorithm != "sha1":
        raise CertificateUnreadable("thumbprintAlgorithm", "The only thumbprint algorithm is sha1")
    form = str(sent.get("format") or "Pfx").title()
    certificate = _read(str(sent.get("data") or ""), str(sent.get("password") or ""), form)
    if hashlib.sha1(certificate).hexdigest() != thumbprint:  # noqa: S324 - a thumbprint is SHA-1
        raise CertificateUnreadable("thumbprint", "The thumbprint is not that of the certificate")
    properties = {
        "thumbprintAlgorithm": algorithm,
        "thumbprint": thumbprint,
        "provisioningState": "Succeeded",
        "provisioningStateTransitionTime": moments.iso(now),
        "format": form,
        "publicData": base64.b64encode(certificate).decode(),
    }
    resource_id = f"{account.id}/certificates/{name.lower()}"
    names = (account.subscription, account.resource_group, name.lower(), account.id)
    made = Resource(resource_id, TYPE, *names, {"properties": properties}, {"since": now, "type": TYPE}, now, now)
    tx.resources.put(made)
    return made


def _read(data: str, password: str, form: str) -> bytes:
    """The certificate's DER, without its private key."""
    if form == "Cer" and password:
        raise CertificateUnreadable("password", "A certificate in cer format has no password")
    try:
        content = base64.b64decode(data, validate=True)
        if form == "Cer":
            return x509.load_der_x509_certificate(content).public_bytes(Encoding.DER)
        found = load_pkcs12(content, password.encode()).cert
    except ValueError:
        raise CertificateUnreadable("data", "The data are not a certificate of this format and password") from None
    if found is None:
        raise CertificateUnreadable("data", "The data hold no certificate")
    return found.certificate.public_bytes(Encoding.DER)


def delete(platform: Platform, tx: Tx, certificate: Resource, now: int, cause: str) -> bool:
    """Let a certificate go, and say whether it will: one that a pool uses ends as failed (REST reference, Delete).

    ``cause`` is the id of the request behind it.

    Raises:
        CertificateBeingDeleted
    """
    if certificate.body["properties"]["provisioningState"] == "Deleting":
        raise CertificateBeingDeleted
    pools = tx.pools.of_account(certificate.parent)
    used = any(_uses(pool.properties, certificate) for pool in pools)
    move(tx, certificate, "Failed" if used else "Deleting", now)
    if not used:
        due = moments.after(now, _DELETION_SECONDS * platform.pace)
        platform.owe(tx, Effect("certificate.delete", certificate.key, due, {}, cause))
    return not used


def _uses(properties: dict[str, Any], certificate: Resource) -> bool:
    thumbprint = certificate.body["properties"]["thumbprint"]
    references = properties.get("certificateReferences") or []
    return any(str(one.get("thumbprint", "")).lower() == thumbprint for one in references)


def cancel_deletion(tx: Tx, certificate: Resource, now: int) -> None:
    """Take back a deletion that failed.

    Raises:
        CertificateBeingDeleted, CertificateStateActive
    """
    state = certificate.body["properties"]["provisioningState"]
    if state != "Failed":
        raise CertificateBeingDeleted if state == "Deleting" else CertificateStateActive
    move(tx, certificate, "Succeeded", now)


def move(tx: Tx, certificate: Resource, state: str, now: int) -> None:
    """Put a certificate into another state."""
    properties = certificate.body["properties"]
    before = {"state": properties["provisioningState"], "since": certificate.hidden["since"]}
    certificate.body["properties"] = {
        **properties,
        "provisioningState": state,
        "provisioningStateTransitionTime": moments.iso(now),
    }
    certificate.hidden = {**certificate.hidden, "since": now, "before": before}
    certificate.modified = now
    tx.resources.put(certificate)
