"""Further principals of the tenant, and issuers whose tokens stand in for secrets."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

import jwt

from batchlocal.control.call import ControlCall, NotTaken, endpoint
from batchlocal.identity.directory import hashed
from batchlocal.protocol.messages import Answer
from batchlocal.store.principals import FederatedCredential, Principal

__all__: list[str] = []

_AUDIENCE = "api://AzureADTokenExchange"  # what Entra takes unless told otherwise
_CREDENTIAL = {"name", "issuer", "subject", "audiences"}


@endpoint("GET", "/principals")
def list_principals(call: ControlCall) -> Answer:
    """All but the one of ``batchlocal env``, by name; never their secrets."""
    found = call.platform.store.read.principals.every()
    return Answer(200, {"value": [_shown(call, principal) for principal in found]})


@endpoint("PUT", "/principals/{name}")
def put_principal(call: ControlCall) -> Answer:
    """201 for a new one, with its secret, which is shown this once; 200 for a change, which keeps the secret."""
    sent = call.body(groups=list, federatedCredentials=list, secret=bool)
    name = call.parameters["name"]
    with call.platform.store.write() as tx:
        before = tx.principals.find(name)
        old = before or Principal(name, str(uuid.uuid4()), str(uuid.uuid4()))
        secret = secrets.token_urlsafe(30) if sent.get("secret", before is None) else ""
        groups = sent.get("groups", list(old.groups))
        made = [_credential(one) for one in sent["federatedCredentials"]] if "federatedCredentials" in sent else None
        principal = Principal(
            old.name,
            old.client_id,
            old.object_id,
            hashed(secret) if secret else old.secret_hash,
            tuple(str(group) for group in groups),
            old.credentials if made is None else tuple(made),
        )
        tx.principals.put(principal)
    shown = {**_shown(call, principal), **({"clientSecret": secret} if secret else {})}
    return Answer(200 if before else 201, shown)


def _credential(sent: Any) -> FederatedCredential:
    if not isinstance(sent, dict) or not (sent.keys() <= _CREDENTIAL and sent.get("issuer") and sent.get("subject")):
        raise NotTaken("A federated credential has an issuer and a subject, and may have a name and audiences.")
    audiences = tuple(str(one) for one in sent.get("audiences") or [_AUDIENCE])
    return FederatedCredential(str(sent.get("name") or ""), str(sent["issuer"]), str(sent["subject"]), audiences)


def _shown(call: ControlCall, principal: Principal) -> dict[str, Any]:
    credentials = [
        {"name": one.name, "issuer": one.issuer, "subject": one.subject, "audiences": list(one.audiences)}
        for one in principal.credentials
    ]
    return {
        "name": principal.name,
        "tenantId": call.platform.credentials.tenant_id,
        "clientId": principal.client_id,
        "objectId": principal.object_id,
        "groups": list(principal.groups),
        "federatedCredentials": credentials,
    }


@endpoint("DELETE", "/principals/{name}")
def remove_principal(call: ControlCall) -> Answer:
    """204: it gets no more tokens; its role assignments stay, as they do on Azure."""
    with call.platform.store.write() as tx:
        if tx.principals.find(call.parameters["name"]) is None:
            raise NotTaken(f"There is no principal '{call.parameters['name']}'.", 404, "NotFound")
        tx.principals.remove(call.parameters["name"])
    return Answer(204)


@endpoint("POST", "/issuers")
def trust_issuer(call: ControlCall) -> Answer:
    """200: tokens of this issuer, signed with these keys, may stand in for secrets where a credential names it."""
    sent = call.body(issuer=str, keys=list)
    try:
        keys = jwt.PyJWKSet.from_dict({"keys": sent["keys"]})
        issuer = sent["issuer"]
    except KeyError as missing:
        raise NotTaken(f"{missing} is missing: an issuer has an 'issuer' (its tokens' iss) and 'keys'.") from None
    except (jwt.PyJWKSetError, jwt.PyJWKError, AttributeError):
        raise NotTaken("'keys' are not the keys of a JSON web key set.") from None
    with call.platform.store.write() as tx:
        tx.principals.trust(issuer, {"keys": sent["keys"]})
    return Answer(200, {"issuer": issuer, "keys": len(keys.keys)})
