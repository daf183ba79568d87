"""Certificates, in the api-versions of the service that have them."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID

from tests.service.conftest import UBUNTU, Service, code
from tests.support.waiting import until

OLD = "2024-02-01.19.0"


def a_certificate() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now)
    return key, made.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())


def body_of(certificate: x509.Certificate, **more: str) -> dict[str, str]:
    data = certificate.public_bytes(Encoding.DER)
    return {
        "thumbprint": hashlib.sha1(data).hexdigest(),
        "thumbprintAlgorithm": "sha1",
        "data": base64.b64encode(data).decode(),
        "certificateFormat": "cer",
        **more,
    }


def path_of(body: dict[str, str]) -> str:
    return f"/certificates(thumbprintAlgorithm=sha1,thumbprint={body['thumbprint']})"


def test_a_certificate_comes_is_shown_and_goes(service: Service) -> None:
    body = body_of(a_certificate()[1])
    added = service.send("POST", "/certificates", body, version=OLD)
    assert added.status_code == 201
    assert added.headers["Location"].endswith(f"(ThumbprintAlgorithm=sha1,Thumbprint={body['thumbprint']})")
    assert "ETag" not in added.headers
    assert code(service.send("POST", "/certificates", body, version=OLD), 409) == "CertificateExists"
    found = service.get(path_of(body), version=OLD)
    assert (found["state"], found["publicData"]) == ("active", body["data"])
    listed = service.get("/certificates", version=OLD)["value"]
    assert body["thumbprint"] in [one["thumbprint"] for one in listed]
    cancelled = service.send("POST", f"{path_of(body)}/canceldelete", version=OLD)
    assert code(cancelled, 409) == "CertificateStateActive"
    assert service.send("DELETE", path_of(body), version=OLD).status_code == 202
    gone = service.get(path_of(body), version=OLD)
    assert (gone["state"], gone["previousState"]) == ("deleting", "active")
    until(lambda: service.send("GET", path_of(body), version=OLD).status_code == 404)


def test_of_a_pfx_only_the_certificate_is_ever_shown(service: Service) -> None:
    key, certificate = a_certificate()
    sealed = serialize_key_and_certificates(b"tests", key, certificate, None, BestAvailableEncryption(b"open"))
    body = body_of(certificate, data=base64.b64encode(sealed).decode(), certificateFormat="pfx", password="open")
    assert service.send("POST", "/certificates", body, version=OLD).status_code == 201
    found = service.get(path_of(body), version=OLD)
    assert found["publicData"] == body_of(certificate)["data"]
    assert {"data", "password"} & found.keys() == set()
    other = {**body_of(a_certificate()[1]), "data": body["data"], "certificateFormat": "pfx", "password": "shut"}
    assert code(service.send("POST", "/certificates", other, version=OLD), 400) == "InvalidPropertyValue"


@pytest.mark.parametrize("data", ["bm8gY2VydGlmaWNhdGU=", "not base64 at all"])
def test_data_that_are_no_certificate_are_refused(service: Service, data: str) -> None:
    body = {**body_of(a_certificate()[1]), "data": data}
    assert code(service.send("POST", "/certificates", body, version=OLD), 400) == "InvalidPropertyValue"


def test_a_certificate_that_a_pool_uses_is_not_deleted(service: Service) -> None:
    body = body_of(a_certificate()[1])
    service.send("POST", "/certificates", body, version=OLD)
    reference = {"thumbprint": body["thumbprint"], "thumbprintAlgorithm": "sha1"}
    pool = {"id": "certified", "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": UBUNTU}
    made = service.send("POST", "/pools", {**pool, "certificateReferences": [reference]}, version=OLD)
    assert made.status_code == 201, made.text
    service.send("DELETE", path_of(body), version=OLD)
    found = service.get(path_of(body), version=OLD)
    assert (found["state"], found["deleteCertificateError"]["code"]) == ("deletefailed", "CertificateInUse")
    assert service.send("POST", f"{path_of(body)}/canceldelete", version=OLD).status_code == 204
    assert service.get(path_of(body), version=OLD)["state"] == "active"
    service.send("DELETE", "/pools/certified")


def test_the_newest_api_version_has_no_certificates(service: Service) -> None:
    assert service.send("GET", "/certificates", version="2025-06-01").status_code == 400
