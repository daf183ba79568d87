"""The certificate authority and the localhost certificate of one data folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from batchlocal.datafolder import DataFolder, write_private

__all__ = ["ensure_certificates"]

_NAMES = ("localhost", "127.0.0.1", "::1")
_RENEW_BEFORE = timedelta(days=30)


def ensure_certificates(data: DataFolder) -> None:
    """Make the folder's CA and localhost certificate, or renew what is about to end. Existing ones are kept, so
    that clients which have read the CA keep trusting the server over restarts."""
    if _still_good(data.certificate) and data.ca_bundle.exists():
        return
    import certifi
    import trustme

    authority = trustme.CA(organization_name="batchlocal")
    issued = authority.issue_cert(*_NAMES, organization_name="batchlocal", common_name="localhost")
    data.ca_file.write_bytes(authority.cert_pem.bytes())
    data.ca_bundle.write_text(Path(certifi.where()).read_text() + "\n" + authority.cert_pem.bytes().decode())
    write_private(data.private_key, issued.private_key_pem.bytes().decode())
    data.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))


def _still_good(certificate: Path) -> bool:
    if not certificate.exists():
        return False
    ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    return ends - datetime.now(UTC) > _RENEW_BEFORE
