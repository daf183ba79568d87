"""Where a deployment pipeline's own token comes from, by the names that Pulumi's azure-native takes it under.

Entra takes that token instead of a secret ("Workload identity federation"). Names and order: pulumi-azure-native's
installation page ("OIDC") and its provider; the request: GitHub, "OpenID Connect reference", "Methods for requesting
the OIDC token".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from batchmgmt.secret import Secret

__all__ = ["ASSERTION_TYPE", "VARIABLES", "Given", "InFile", "OnRequest", "TokenMissing", "TokenSource", "token_source"]

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""``client_assertion_type`` of the token request, RFC 7523 section 2.2."""

VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "useOidc": ("ARM_USE_OIDC",),
    "oidcToken": ("ARM_OIDC_TOKEN",),
    "oidcTokenFilePath": ("ARM_OIDC_TOKEN_FILE_PATH",),
    "oidcRequestUrl": ("ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL"),
    "oidcRequestToken": ("ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
}
"""azure-native's settings, each with the variables that are read where it is not set."""

_AUDIENCE: Final = "api://AzureADTokenExchange"  # what a federated credential of Entra expects by default


class TokenMissing(Exception):
    """A pipeline's token is asked for, and nothing says where it is; the text says what to set."""


class Given(NamedTuple):
    """The token itself; when it has ended there is no other."""

    token: Secret


class InFile(NamedTuple):
    """A file that has the token, to be read whenever one is needed: who writes it may renew it."""

    path: str


class OnRequest(NamedTuple):
    """A GET of ``url`` with ``bearer`` answers ``{"value": TOKEN}``, a new one each time."""

    url: str
    bearer: Secret


TokenSource = Given | InFile | OnRequest


def token_source(given: Mapping[str, str], environment: Mapping[str, str]) -> TokenSource | None:
    """Where the token comes from; None when a pipeline's token is not asked for (``useOidc``).

    Args:
        given: azure-native's settings. environment: the variables that stand in for those that are not set.

    Raises:
        TokenMissing
    """

    def setting(name: str) -> str:
        return given.get(name) or next(filter(None, map(environment.get, VARIABLES[name])), "")

    if setting("useOidc").lower() != "true":
        return None
    if token := setting("oidcToken"):
        return Given(Secret(token))
    if path := setting("oidcTokenFilePath"):
        return InFile(path)
    if (url := setting("oidcRequestUrl")) and (bearer := setting("oidcRequestToken")):
        return OnRequest(_for_entra(url), Secret(bearer))
    raise TokenMissing(
        "ARM_USE_OIDC asks for a pipeline's own token, and there is none: set ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH"
        " or ARM_OIDC_REQUEST_URL with ARM_OIDC_REQUEST_TOKEN; a job of GitHub Actions has the last two under names of"
        " its own when it may ask for tokens (permissions: id-token: write)"
    )


def _for_entra(url: str) -> str:
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "audience"]
    return parts._replace(query=urlencode([*query, ("audience", _AUDIENCE)])).geturl()
