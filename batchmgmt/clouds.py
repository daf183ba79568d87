"""Which Azure this is: the public cloud, China, Government, or any that publishes a metadata document.

Figures: Microsoft's ``/metadata/endpoints`` documents, api-version 2022-09-01.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from batchmgmt.errors import BatchManagementError, UsageError

__all__ = ["CHINA", "GOVERNMENT", "METADATA_API_VERSION", "PUBLIC", "Cloud", "cloud_by_name", "cloud_from_metadata"]

METADATA_API_VERSION: Final = "2022-09-01"


class Cloud(NamedTuple):
    """A cloud's addresses; URLs carry no trailing slash, except the resources that tokens are asked for.

    Attributes:
        name: as the metadata names it, such as ``AzureCloud``.
        arm: base URL of Azure Resource Manager. authority: base URL of Entra. portal: the Azure Portal's.
        arm_resource, batch_resource: what tokens are asked for; ``/.default`` makes a scope of it.
        storage_suffix: the domain of storage accounts.
    """

    name: str
    arm: str
    authority: str
    arm_resource: str
    batch_resource: str
    portal: str
    storage_suffix: str

    @property
    def arm_scope(self) -> str:
        return scope_of(self.arm_resource)

    @property
    def batch_scope(self) -> str:
        return scope_of(self.batch_resource)

    @property
    def well_known(self) -> bool:
        """Whether Entra's instance discovery knows this cloud's authority."""
        return self.name in {PUBLIC.name, CHINA.name, GOVERNMENT.name}


def scope_of(resource: str) -> str:
    """The OAuth scope for everything of a resource."""
    return f"{resource.rstrip('/')}/.default"


PUBLIC: Final = Cloud(
    name="AzureCloud",
    arm="https://management.azure.com",
    authority="https://login.microsoftonline.com",
    arm_resource="https://management.azure.com/",
    batch_resource="https://batch.core.windows.net/",
    portal="https://portal.azure.com",
    storage_suffix="core.windows.net",
)
CHINA: Final = Cloud(
    name="AzureChinaCloud",
    arm="https://management.chinacloudapi.cn",
    authority="https://login.chinacloudapi.cn",
    arm_resource="https://management.chinacloudapi.cn/",
    batch_resource="https://batch.chinacloudapi.cn/",
    portal="https://portal.azure.cn",
    storage_suffix="core.chinacloudapi.cn",
)
GOVERNMENT: Final = Cloud(
    name="AzureUSGovernment",
    arm="https://management.usgovcloudapi.net",
    authority="https://login.microsoftonline.us",
    arm_resource="https://management.usgovcloudapi.net/",
    batch_resource="https://batch.core.usgovcloudapi.net/",
    portal="https://portal.azure.us",
    storage_suffix="core.usgovcloudapi.net",
)


# The names that Terraform's azurerm (``environment``) and azure-native take, beside the metadata's own.
_BY_NAME: Final = {
    "public": PUBLIC,
    "azurecloud": PUBLIC,
    "china": CHINA,
    "azurechinacloud": CHINA,
    "usgovernment": GOVERNMENT,
    "usgov": GOVERNMENT,
    "azureusgovernment": GOVERNMENT,
}


def cloud_by_name(name: str) -> Cloud:
    """A well-known cloud, by Terraform's name for it or its own.

    Raises:
        UsageError: there is none of that name.
    """
    found = _BY_NAME.get(name.lower())
    if found is None:
        raise UsageError(
            f"ARM_ENVIRONMENT is public, china or usgovernment, not '{name}'; others by ARM_METADATA_HOSTNAME"
        )
    return found


def cloud_from_metadata(document: object, host: str) -> Cloud:
    """The cloud that a ``/metadata/endpoints`` document describes.

    Raises:
        BatchManagementError: the document lacks what is needed; names what.
    """
    entry: Any = document[0] if isinstance(document, list) and document else document
    try:
        authentication: Mapping[str, Any] = entry["authentication"]
        return Cloud(
            name=entry["name"],
            arm=entry["resourceManager"].rstrip("/"),
            authority=authentication["loginEndpoint"].rstrip("/"),
            arm_resource=authentication["audiences"][0],
            batch_resource=entry["batch"],
            portal=entry.get("portal", "").rstrip("/"),
            storage_suffix=entry.get("suffixes", {}).get("storage", ""),
        )
    except (KeyError, TypeError, IndexError, AttributeError) as lack:
        raise BatchManagementError(
            f"https://{host}/metadata/endpoints is not a cloud's metadata document ({lack} is missing);"
            " check ARM_METADATA_HOSTNAME"
        ) from None
