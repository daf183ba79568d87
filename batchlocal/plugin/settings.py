"""The provider's configuration: ``azure-native:*`` settings, then ARM_* variables, as the official provider does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from batchmgmt.rules.oidc import TokenMissing, TokenSource, token_source, uses_oidc

__all__ = ["ClientSecret", "Credential", "DefaultCredential", "Settings", "SettingsIncomplete", "read_settings"]

_VARIABLES: Final = {
    "subscriptionId": ("ARM_SUBSCRIPTION_ID",),
    "tenantId": ("ARM_TENANT_ID",),
    "clientId": ("ARM_CLIENT_ID",),
    "clientSecret": ("ARM_CLIENT_SECRET",),
    "metadataHost": ("ARM_METADATA_HOSTNAME",),
    "environment": ("ARM_ENVIRONMENT", "AZURE_ENVIRONMENT"),
    "location": (),
}
_CLOUDS: Final = {
    "": "management.azure.com",
    "public": "management.azure.com",
    "azurepubliccloud": "management.azure.com",
    "azurecloud": "management.azure.com",
    "china": "management.chinacloudapi.cn",
    "azurechinacloud": "management.chinacloudapi.cn",
    "usgovernment": "management.usgovcloudapi.net",
    "azureusgovernment": "management.usgovcloudapi.net",
}
_USE_DEFAULT: Final = ("useDefaultAzureCredential", "ARM_USE_DEFAULT_AZURE_CREDENTIAL")
_CERTIFICATE: Final = ("clientCertificatePath", "ARM_CLIENT_CERTIFICATE_PATH")
_USE_MSI: Final = ("useMsi", "ARM_USE_MSI")


class SettingsIncomplete(Exception):
    """The provider cannot work with what it was given; the text says what is missing."""


@dataclass(frozen=True)
class ClientSecret:
    """A service principal's secret, which does not print."""

    secret: str = field(repr=False)


@dataclass(frozen=True)
class DefaultCredential:
    """azure-identity's default chain: environment, workload and managed identity, developer tools."""


Credential = ClientSecret | DefaultCredential | TokenSource


@dataclass(frozen=True)
class Settings:
    """What the provider was given; with a default credential, tenant and client may be empty."""

    subscription_id: str
    tenant_id: str
    client_id: str
    credential: Credential
    metadata_host: str
    location: str = ""


def read_settings(given: Mapping[str, str]) -> Settings:
    """The settings from the provider's inputs, completed from the environment.

    Raises:
        SettingsIncomplete: something needed is missing, or a credential is asked for that is not carried here.
    """
    known = {name: given.get(name) or _from_environment(*names) for name, names in _VARIABLES.items()}
    credential = _credential(given, known["clientSecret"])
    whose = [] if isinstance(credential, DefaultCredential) else ["tenantId", "clientId"]
    proof = [] if credential else ["clientSecret"]
    if missing := [name for name in ("subscriptionId", *whose, *proof) if not known[name]]:
        variables = ", ".join(_VARIABLES[name][0] for name in missing)
        raise SettingsIncomplete(f'set {variables}; for a local Batch by eval "$(batchlocal env --format shell)"')
    assert credential
    return Settings(
        known["subscriptionId"],
        known["tenantId"],
        known["clientId"],
        credential,
        _metadata_host(known["metadataHost"], known["environment"]),
        known["location"],
    )


def _credential(given: Mapping[str, str], secret: str) -> Credential | None:
    """The first that is asked for, in the official provider's order."""
    if _is_asked_for(given, *_USE_DEFAULT):
        return DefaultCredential()
    if given.get(_CERTIFICATE[0]) or _from_environment(_CERTIFICATE[1]):
        raise _not_carried(*_CERTIFICATE)
    if secret:
        return ClientSecret(secret)
    try:
        if uses_oidc(given, os.environ):
            return token_source(given, os.environ)
    except TokenMissing as missing:
        raise SettingsIncomplete(str(missing)) from None
    if _is_asked_for(given, *_USE_MSI):
        raise _not_carried(*_USE_MSI)
    return None


def _is_asked_for(given: Mapping[str, str], name: str, variable: str) -> bool:
    return (given.get(name) or os.environ.get(variable, "")).lower() == "true"


def _not_carried(name: str, variable: str) -> SettingsIncomplete:
    return SettingsIncomplete(
        f"azure-native:{name} ({variable}) is not carried by the local azure-native plugin: unset it and give a client"
        " secret (ARM_CLIENT_SECRET), or a pipeline's token (ARM_USE_OIDC)"
    )


def _metadata_host(host: str, environment: str) -> str:
    if host:
        return host.rstrip("/") if "://" in host else f"https://{host}"
    try:
        return f"https://{_CLOUDS[environment.lower()]}"
    except KeyError:
        raise SettingsIncomplete(
            f"azure-native:environment '{environment}' is unknown: it is public, usgovernment or china"
        ) from None


def _from_environment(*names: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")
