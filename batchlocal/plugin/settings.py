"""The provider's configuration: ``azure-native:*`` settings, then ARM_* variables, as the official provider does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Settings", "SettingsIncomplete", "read_settings"]

_VARIABLES: Final = {
    "subscriptionId": ("ARM_SUBSCRIPTION_ID", "AZURE_SUBSCRIPTION_ID"),
    "tenantId": ("ARM_TENANT_ID", "AZURE_TENANT_ID"),
    "clientId": ("ARM_CLIENT_ID", "AZURE_CLIENT_ID"),
    "clientSecret": ("ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET"),
    "metadataHost": ("ARM_METADATA_HOSTNAME",),
    "location": ("ARM_LOCATION",),
}
_NOT_CARRIED: Final = ("useMsi", "useOidc", "useDefaultAzureCredential", "clientCertificatePath")


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
    asked = [name for name in _NOT_CARRIED if given.get(name) not in (None, "", "false")]
    if asked:
        raise SettingsIncomplete(f"azure-native:{asked[0]} is not supported by the local plugin: give a client secret")
    known = {name: given.get(name) or _from_environment(*names) for name, names in _VARIABLES.items()}
    missing = [name for name, value in known.items() if not value and name != "location"]
    if missing:
        variables = ", ".join(_VARIABLES[name][0] for name in missing)
        raise SettingsIncomplete(f"set {variables}, for a local Batch by `batchlocal env`")
    host = known["metadataHost"]
    return Settings(
        known["subscriptionId"],
        known["tenantId"],
        known["clientId"],
        known["clientSecret"],
        host if "://" in host else f"https://{host}",
        known["location"],
    )


def _from_environment(*names: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")
