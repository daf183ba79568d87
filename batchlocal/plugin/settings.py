"""The provider's configuration: ``azure-native:*`` settings, then ARM_* variables, as the official provider does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Settings", "SettingsIncomplete", "read_settings"]

_VARIABLES: Final = {
    "subscriptionId": ("ARM_SUBSCRIPTION_ID",),
    "tenantId": ("ARM_TENANT_ID",),
    "clientId": ("ARM_CLIENT_ID",),
    "clientSecret": ("ARM_CLIENT_SECRET",),
    "metadataHost": ("ARM_METADATA_HOSTNAME",),
    "environment": ("ARM_ENVIRONMENT", "AZURE_ENVIRONMENT"),
    "location": (),
}
_NEEDED: Final = ("subscriptionId", "tenantId", "clientId", "clientSecret")
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
_BEFORE_SECRET: Final = {
    "useDefaultAzureCredential": "ARM_USE_DEFAULT_AZURE_CREDENTIAL",
    "clientCertificatePath": "ARM_CLIENT_CERTIFICATE_PATH",
}
"""What the official provider takes before a client secret when it is asked for, and this one does not carry."""
_AFTER_SECRET: Final = {"useOidc": "ARM_USE_OIDC", "useMsi": "ARM_USE_MSI"}


class SettingsIncomplete(Exception):
    """The provider cannot work with what it was given; the text says what is missing."""


@dataclass(frozen=True)
class Settings:
    """What the provider was given. ``metadata_host`` is an https URL; the secret does not print."""

    subscription_id: str
    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    metadata_host: str
    location: str = ""


def read_settings(given: Mapping[str, str]) -> Settings:
    """The settings from the provider's inputs, completed from the environment.

    Raises:
        SettingsIncomplete: something needed is missing, or a credential is asked for that is not carried here.
    """
    known = {name: given.get(name) or _from_environment(*names) for name, names in _VARIABLES.items()}
    not_carried = {**_BEFORE_SECRET, **({} if known["clientSecret"] else _AFTER_SECRET)}
    for name, variable in not_carried.items():
        if (given.get(name) or os.environ.get(variable, "")).lower() not in ("", "0", "false"):
            raise SettingsIncomplete(
                f"azure-native:{name} ({variable}) is not carried by the local azure-native plugin: unset it and give a"
                " client secret (ARM_CLIENT_SECRET)"
            )
    if missing := [name for name in _NEEDED if not known[name]]:
        variables = ", ".join(_VARIABLES[name][0] for name in missing)
        raise SettingsIncomplete(f'set {variables}; for a local Batch by eval "$(batchlocal env --format shell)"')
    return Settings(
        known["subscriptionId"],
        known["tenantId"],
        known["clientId"],
        known["clientSecret"],
        _metadata_host(known["metadataHost"], known["environment"]),
        known["location"],
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
