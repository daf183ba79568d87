"""Who may log in, and by what: secrets, or signed statements of an issuer that a federated credential trusts.

Microsoft identity platform, "OAuth 2.0 client credentials flow" (second case: a certificate or, third, a federated
credential) and "Workload identity federation": an assertion's issuer, subject and audience must be those of a
credential, letter by letter. Error numbers: "Microsoft Entra authentication and authorization error codes".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from batchlocal.datafolder import Credentials
from batchlocal.store import Tx
from batchlocal.store.principals import FederatedCredential

__all__ = ["Client", "Directory", "LoginRefused", "hashed"]

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256")


class LoginRefused(Exception):
    """No token: HTTP status, OAuth error, AADSTS number, and a text without any secret."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.number, self.text = status, error, number, text


@dataclass(frozen=True, slots=True)
class Client:
    """An application that logs in, and what it may show: a secret (its hash), federated credentials."""

    client_id: str
    object_id: str
    secret_hash: str = field(default="", repr=False)
    credentials: tuple[FederatedCredential, ...] = ()


def hashed(secret: str) -> str:
    """A secret as it is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Directory:
    """The tenant's applications: the standing one, further ones, and user-assigned identities."""

    def __init__(self, credentials: Credentials, read: Callable[[], Tx]) -> None:
        self._standing = Client(credentials.client_id, credentials.object_id, hashed(credentials.client_secret))
        self._read = read

    def client(self, client_id: str) -> Client:
        """The application of a client id.

        Raises:
            LoginRefused
        """
        wanted = client_id.lower()
        if wanted == self._standing.client_id:
            return self._standing
        tx = self._read()
        if found := tx.principals.with_client_id(wanted):
            return Client(found.client_id, found.object_id, found.secret_hash, found.credentials)
        for identity in tx.resources.of_type(_IDENTITIES):
            properties = identity.body["properties"]
            if properties["clientId"].lower() == wanted:
                return Client(wanted, properties["principalId"], credentials=tuple(_credentials(tx, identity.id)))
        text = f"Application with identifier '{client_id}' was not found in the directory."
        raise LoginRefused(400, "unauthorized_client", 700016, text)

    def check(self, client: Client, form: Mapping[str, str]) -> None:
        """Refuse who shows neither the secret nor a statement that is trusted.

        Raises:
            LoginRefused
        """
        if form.get("client_assertion_type") == _ASSERTION_TYPE:
            self._check_assertion(client, form.get("client_assertion", ""))
        elif not form.get("client_secret"):
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise LoginRefused(401, "invalid_client", 7000218, text)
        elif not hmac.compare_digest(hashed(form["client_secret"]), client.secret_hash):
            text = f"Invalid client secret provided for app '{client.client_id}'."
            raise LoginRefused(401, "invalid_client", 7000215, text)

    def _check_assertion(self, client: Client, assertion: str) -> None:
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise LoginRefused(401, "invalid_client", 50027, "JWT token is invalid or malformed.") from None
        credential = _matching(client.credentials, claims)
        keys = self._read().principals.keys_of(credential.issuer)
        if keys is None:
            text = f"The keys of issuer '{credential.issuer}' are not known: hand them to the control API (issuers)."
            raise LoginRefused(401, "invalid_client", 50166, text)
        try:
            options: Any = {"require": ["exp", "iss", "sub", "aud"]}
            key = _key(keys, assertion)
            jwt.decode(assertion, key, list(_ALGORITHMS), audience=credential.audiences, leeway=60, options=options)
        except jwt.ExpiredSignatureError:
            text = "Client assertion is not within its valid time range."
            raise LoginRefused(401, "invalid_client", 700024, text) from None
        except jwt.InvalidTokenError:
            text = "Client assertion contains an invalid signature."
            raise LoginRefused(401, "invalid_client", 700027, text) from None


def _matching(credentials: Iterable[FederatedCredential], claims: Mapping[str, Any]) -> FederatedCredential:
    """The credential that an assertion fits."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    left = list(credentials)
    for number, name, fits in (
        (700211, "issuer", lambda one: one.issuer == claims.get("iss")),
        (700213, "subject", lambda one: one.subject == claims.get("sub")),
        (700212, "audience", lambda one: bool(set(one.audiences) & set(audiences))),
    ):
        left = [one for one in left if fits(one)]
        if not left:
            shown = {"issuer": claims.get("iss"), "subject": claims.get("sub"), "audience": audience}[name]
            text = f"No matching federated identity record found for presented assertion {name} '{shown}'."
            raise LoginRefused(401, "invalid_client", number, text)
    return left[0]


def _key(keys: Mapping[str, Any], assertion: str) -> Any:
    """The issuer's key that an assertion names, or its only one.

    Raises:
        jwt.InvalidTokenError: there is no such key.
    """
    named = jwt.get_unverified_header(assertion).get("kid")
    known = jwt.PyJWKSet.from_dict(dict(keys)).keys
    for key in known:
        if key.key_id == named or (named is None and len(known) == 1):
            return key.key
    raise jwt.InvalidTokenError("unknown key")


def _credentials(tx: Tx, identity_id: str) -> Iterable[FederatedCredential]:
    for one in tx.resources.children(identity_id, f"{_IDENTITIES}/federatedIdentityCredentials"):
        properties = one.body["properties"]
        yield FederatedCredential(one.name, properties["issuer"], properties["subject"], tuple(properties["audiences"]))
