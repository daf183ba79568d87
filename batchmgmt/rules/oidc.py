"""Where a deployment pipeline's own token comes from, by the names that Pulumi's azure-native takes it under.

Entra takes that token instead of a secret ("Workload identity federation"). Names and order: pulumi-azure-native's
installation page ("OIDC") and its provider; the request: GitHub, "OpenID Connect reference", "Methods for requesting
the OIDC token". What Azure DevOps is asked: azure-identity's AzurePipelinesCredential, and Azure DevOps' REST API,
"Oidctoken - Create".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from batchmgmt.secret import Secret

__all__ = [
    "ASSERTION_TYPE",
    "VARIABLES",
    "Given",
    "InFile",
    "OnRequest",
    "TokenMissing",
    "TokenSource",
    "devops_source",
    "token_source",
    "uses_oidc",
]

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
    """An empty request to ``url`` with ``bearer`` is answered by a JSON object with the token, a new one each time."""

    url: str
    bearer: Secret
    method: str = "GET"
    member: str = "value"


TokenSource = Given | InFile | OnRequest


def uses_oidc(given: Mapping[str, str], environment: Mapping[str, str]) -> bool:
    """Whether a pipeline's token is asked for (``useOidc``)."""
    return _setting(given, environment, "useOidc").lower() == "true"


def devops_source(environment: Mapping[str, str]) -> OnRequest | None:
    """Azure DevOps' own issuer, where a task has all that it asks for; azure-native knows none of this.

    The pipeline must hand over its token (``env: { SYSTEM_ACCESSTOKEN: $(System.AccessToken) }``); the service
    connection's id is set by the task AzureCLI@2.
    """
    names = ("SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID")
    url, bearer, connection = (environment.get(name, "") for name in names)
    if not (url and bearer and connection):
        return None
    query = urlencode({"api-version": "7.1", "serviceConnectionId": connection})
    return OnRequest(f"{url.rstrip('/')}?{query}", Secret(bearer), "POST", "oidcToken")


def token_source(given: Mapping[str, str], environment: Mapping[str, str]) -> TokenSource:
    """Where the token comes from, by azure-native's settings.

    Args:
        given: the settings. environment: the variables that stand in for those that are not set.

    Raises:
        TokenMissing
    """

    def setting(name: str) -> str:
        return _setting(given, environment, name)

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


def _setting(given: Mapping[str, str], environment: Mapping[str, str], name: str) -> str:
    return given.get(name) or next(filter(None, map(environment.get, VARIABLES[name])), "")


def _for_entra(url: str) -> str:
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "audience"]
    return parts._replace(query=urlencode([*query, ("audience", _AUDIENCE)])).geturl()
