"""The authority: cloud metadata, OpenID configuration and the token endpoint (clients.md 1 to 3).

Microsoft identity platform, OAuth 2.0 client credentials flow; error codes are AADSTS numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from batchlocal.datafolder import Credentials
from batchlocal.identity.directory import Client, Directory, LoginRefused
from batchlocal.identity.tokens import LIFETIME_SECONDS, Tokens
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer, Request
from batchlocal.protocol.routing import Route, Router
from batchlocal.store import Tx

__all__ = ["Authority"]

_OPENID_SCOPES = {"openid", "offline_access", "profile"}


class Authority:
    """Answers everything that clients ask before they have a token."""

    def __init__(self, tokens: Tokens, credentials: Credentials, origin: str, read: Callable[[], Tx]) -> None:
        """``read`` opens the store that the directory's principals are in."""
        self.tokens = tokens
        self._directory = Directory(credentials, read)
        self._credentials = credentials
        self._origin = origin
        self._router: Router[Callable[[Request, dict[str, str]], Answer]] = Router()
        for route, handler in (
            (Route("Metadata", "GET", "/metadata/endpoints"), self._metadata),
            (Route("OpenId", "GET", "/{tenant}/v2.0/.well-known/openid-configuration"), self._openid),
            (Route("OpenIdV1", "GET", "/{tenant}/.well-known/openid-configuration"), self._openid),
            (Route("Keys", "GET", "/{tenant}/discovery/v2.0/keys"), self._keys),
            (Route("Instances", "GET", "/common/discovery/instance"), self._instances),
            (Route("Token", "POST", "/{tenant}/oauth2/v2.0/token"), self._token),
            (Route("TokenV1", "POST", "/{tenant}/oauth2/token"), self._token),
        ):
            self._router.add(route.method, route.path, handler)

    def answer(self, request: Request) -> Answer | None:
        """The answer, or None when the request is not for the authority."""
        match = self._router.find(request.path)
        if match is None:
            return None
        handler = match.targets.get(request.method)
        if handler is None:
            return Answer(405, {"error": "method_not_allowed"}, {"Allow": ", ".join(match.targets)})
        return handler(request, match.parameters)

    def _metadata(self, _request: Request, _: dict[str, str]) -> Answer:
        origin, host = self._origin, self._origin.removeprefix("https://")
        return Answer(
            200,
            {
                "name": "batchlocal",
                "portal": f"{origin}/portal/",
                "authentication": {
                    "loginEndpoint": f"{origin}/",
                    "audiences": [
                        f"{origin}/",
                        "https://management.core.windows.net/",
                        "https://management.azure.com/",
                    ],
                    "tenant": self._credentials.tenant_id,
                    "identityProvider": "AAD",
                },
                "resourceManager": f"{origin}/",
                "batch": "https://batch.core.windows.net/",
                "graph": f"{origin}/graph/",
                "graphAudience": f"{origin}/graph/",
                "microsoftGraphResourceId": f"{origin}/graph/",
                "gallery": f"{origin}/gallery/",
                "media": f"{origin}/media/",
                "sqlManagement": f"{origin}/sql/",
                "activeDirectoryDataLake": f"{origin}/datalake/",
                "vmImageAliasDoc": f"{origin}/vmimages.json",
                "suffixes": {
                    "storage": host,
                    "keyVaultDns": f"vault.{host}",
                    "acrLoginServer": f"acr.{host}",
                    "sqlServerHostname": f"sql.{host}",
                },
            },
        )

    def _openid(self, _request: Request, parameters: dict[str, str]) -> Answer:
        root = f"{self._origin}/{parameters['tenant']}"
        return Answer(
            200,
            {
                "issuer": f"{root}/v2.0",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{root}/discovery/v2.0/keys",
                "response_types_supported": ["code", "id_token", "token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                    "private_key_jwt",
                ],
            },
        )

    def _keys(self, _request: Request, _: dict[str, str]) -> Answer:
        return Answer(200, self.tokens.json_web_keys())

    def _instances(self, _request: Request, _: dict[str, str]) -> Answer:
        root = f"{self._origin}/{self._credentials.tenant_id}"
        return Answer(
            200, {"tenant_discovery_endpoint": f"{root}/v2.0/.well-known/openid-configuration", "metadata": []}
        )

    def _token(self, request: Request, parameters: dict[str, str]) -> Answer:
        form = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        tenant = parameters["tenant"]
        try:
            if tenant.lower() != self._credentials.tenant_id:
                raise LoginRefused(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
            if form.get("grant_type") != "client_credentials":
                reason = f"The app requested an unsupported grant type '{form.get('grant_type', '')}'."
                raise LoginRefused(400, "unsupported_grant_type", 70003, reason)
            client = self._directory.client(form.get("client_id", ""))
            self._directory.check(client, form)
            audience = _audience(form.get("scope", form.get("resource", "")))
            if not audience:
                raise LoginRefused(400, "invalid_scope", 70011, "The provided value for scope is not valid.")
        except LoginRefused as refused:
            return _refusal(request, refused)
        return Answer(200, self._grant(audience, client), {"Cache-Control": "no-store", "Pragma": "no-cache"})

    def _grant(self, audience: str, client: Client) -> dict[str, Any]:
        return {
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "ext_expires_in": LIFETIME_SECONDS,
            "access_token": self.tokens.issue(audience, client.client_id, client.object_id),
        }


def _refusal(request: Request, refused: LoginRefused) -> Answer:
    text = f"AADSTS{refused.number}: {refused.text}"
    description = f"{text} Trace ID: {request.request_id} Timestamp: {moments.iso(request.arrived)}"
    body = {
        "error": refused.error,
        "error_description": description,
        "error_codes": [refused.number],
        "trace_id": request.request_id,
    }
    return Answer(refused.status, body)


def _audience(scope: str) -> str:
    """The resource of a scope such as ``https://management.azure.com//.default openid profile``."""
    named = [part for part in scope.split() if part not in _OPENID_SCOPES]
    return named[0].removesuffix(".default").rstrip("/") + "/" if len(named) == 1 else ""
