"""Certificates made on the spot, as Batch takes them."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

__all__ = ["PASSWORD", "Certificate", "new_certificate"]

PASSWORD = "secret"


class Certificate(NamedTuple):
    """``thumbprint`` is hex SHA-1; ``pfx`` (PKCS #12 with PASSWORD) and ``cer`` (DER) are base64."""

    thumbprint: str
    pfx: str
    cer: str


def new_certificate(name: str) -> Certificate:
    """A certificate of its own key, whose subject has the name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), serial_number=1)
    made = made.not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2040, 1, 1))
    signed = made.sign(key, hashes.SHA256())
    protection = BestAvailableEncryption(PASSWORD.encode())
    pfx = pkcs12.serialize_key_and_certificates(b"a", key, signed, None, protection)
    cer = signed.public_bytes(Encoding.DER)
    return Certificate(
        signed.fingerprint(hashes.SHA1()).hex(), base64.b64encode(pfx).decode(), base64.b64encode(cer).decode()
    )
