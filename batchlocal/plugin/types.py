"""The table of resource types: what each one is in ARM, and which of its properties are what.

Sources: the installed pulumi_azure_native 3.29 (tokens, default api-versions, inputs and outputs of each class) and
Microsoft's OpenAPI documents (paths, patterns, which properties lie outside ``properties``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["TYPES", "ResourceType", "type_of"]

Naming = Literal["random", "copy", "given"]

_GROUP: Final = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
_BATCH: Final = f"{_GROUP}/providers/Microsoft.Batch/batchAccounts/{{accountName}}"
_STORAGE: Final = f"{_GROUP}/providers/Microsoft.Storage/storageAccounts/{{accountName}}"
_ENVELOPE: Final = frozenset({"location", "tags", "identity", "sku", "kind", "extendedLocation", "managedBy"})


@dataclass(frozen=True)
class ResourceType:
    """One resource type.

    ``path`` is the ARM path; its last parameter is the one that can be auto-named. ``inputs`` are the body's
    properties, lifted out of ``properties`` unless they are in ``envelope``. ``outputs`` are what only the provider
    sets. ``create_only`` force a replacement; path parameters always do. ``string_sets`` are paths of inputs that are
    string lists in programs and maps in ARM. ``never_returned`` are inputs that ARM takes and does not show.
    """

    token: str
    path: str
    api_version: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    naming: Naming = "copy"
    envelope: frozenset[str] = _ENVELOPE
    create_only: frozenset[str] = frozenset()
    string_sets: frozenset[str] = frozenset({"identity.userAssignedIdentities"})
    secret_outputs: frozenset[str] = frozenset()
    defaults: dict[str, object] = field(default_factory=dict)
    name_pattern: str = ""
    name_rule: str = ""

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """The path's parameters that are inputs, outermost first."""
        return tuple(name for name in re.findall(r"\{(\w+)\}", self.path) if name != "subscriptionId")

    @property
    def name_input(self) -> str:
        """The input that names the resource itself."""
        return self.path_parameters[-1]

    @property
    def is_located(self) -> bool:
        return "location" in self.inputs


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ALL: Final = (
    ResourceType(
        token="azure-native:resources:ResourceGroup",
        path=_GROUP,
        api_version="2024-03-01",
        inputs=_words("location managedBy tags"),
        outputs=_words("properties"),
        naming="random",
        create_only=frozenset({"location"}),
        name_pattern=r"[-\w._()]{1,90}(?<!\.)",
        name_rule="1 to 90 letters, digits, underscores, hyphens, periods and parentheses, not ending in a period",
    ),
    ResourceType(
        token="azure-native:storage:StorageAccount",
        path=_STORAGE,
        api_version="2024-01-01",
        inputs=_words(
            "accessTier allowBlobPublicAccess allowCrossTenantReplication allowSharedKeyAccess allowedCopyScope"
            " azureFilesIdentityBasedAuthentication customDomain defaultToOAuthAuthentication dnsEndpointType"
            " enableExtendedGroups enableHttpsTrafficOnly enableNfsV3 encryption extendedLocation identity"
            " immutableStorageWithVersioning isHnsEnabled isLocalUserEnabled isSftpEnabled keyPolicy kind"
            " largeFileSharesState location minimumTlsVersion networkRuleSet publicNetworkAccess routingPreference"
            " sasPolicy sku tags"
        ),
        outputs=_words(
            "accountMigrationInProgress blobRestoreStatus creationTime failoverInProgress geoReplicationStats"
            " isSkuConversionBlocked keyCreationTime lastGeoFailoverTime primaryEndpoints primaryLocation"
            " privateEndpointConnections provisioningState secondaryEndpoints secondaryLocation statusOfPrimary"
            " statusOfSecondary storageAccountSkuConversionStatus"
        ),
        required=("kind", "sku"),
        naming="random",
        create_only=frozenset({"location", "isHnsEnabled"}),
        name_pattern=r"[a-z0-9]{3,24}",
        name_rule="3 to 24 lower-case letters and digits",
    ),
    ResourceType(
        token="azure-native:storage:BlobContainer",
        path=f"{_STORAGE}/blobServices/default/containers/{{containerName}}",
        api_version="2024-01-01",
        inputs=_words(
            "defaultEncryptionScope denyEncryptionScopeOverride enableNfsV3AllSquash enableNfsV3RootSquash"
            " immutableStorageWithVersioning metadata publicAccess"
        ),
        outputs=_words(
            "deleted deletedTime etag hasImmutabilityPolicy hasLegalHold immutabilityPolicy lastModifiedTime"
            " leaseDuration leaseState leaseStatus legalHold remainingRetentionDays version"
        ),
        name_pattern=r"[a-z0-9](-?[a-z0-9]){2,62}",
        name_rule="3 to 63 lower-case letters, digits and single hyphens",
    ),
    ResourceType(
        token="azure-native:storage:ManagementPolicy",
        path=f"{_STORAGE}/managementPolicies/{{managementPolicyName}}",
        api_version="2024-01-01",
        inputs=("policy",),
        outputs=("lastModifiedTime",),
        required=("policy",),
        naming="given",
    ),
    ResourceType(
        token="azure-native:batch:BatchAccount",
        path=_BATCH,
        api_version="2024-07-01",
        inputs=_words(
            "allowedAuthenticationModes autoStorage encryption identity keyVaultReference location networkProfile"
            " poolAllocationMode publicNetworkAccess tags"
        ),
        outputs=_words(
            "accountEndpoint activeJobAndJobScheduleQuota dedicatedCoreQuota dedicatedCoreQuotaPerVMFamily"
            " dedicatedCoreQuotaPerVMFamilyEnforced lowPriorityCoreQuota nodeManagementEndpoint poolQuota"
            " privateEndpointConnections provisioningState"
        ),
        naming="random",
        create_only=frozenset({"location", "poolAllocationMode"}),
        name_pattern=r"[a-z0-9]{3,24}",
        name_rule="3 to 24 lower-case letters and digits",
    ),
    ResourceType(
        token="azure-native:batch:Application",
        path=f"{_BATCH}/applications/{{applicationName}}",
        api_version="2024-07-01",
        inputs=_words("allowUpdates defaultVersion displayName tags"),
        outputs=("etag",),
        name_pattern=r"[A-Za-z0-9_-]{1,64}",
        name_rule="1 to 64 letters, digits, hyphens and underscores",
    ),
    ResourceType(
        token="azure-native:batch:ApplicationPackage",
        path=f"{_BATCH}/applications/{{applicationName}}/versions/{{versionName}}",
        api_version="2024-07-01",
        inputs=("tags",),
        outputs=_words("etag format lastActivationTime state storageUrl storageUrlExpiry"),
        secret_outputs=frozenset({"storageUrl"}),
        name_pattern=r"[A-Za-z0-9_.-]{1,64}",
        name_rule="1 to 64 letters, digits, periods, hyphens and underscores",
    ),
    ResourceType(
        token="azure-native:batch:Pool",
        path=f"{_BATCH}/pools/{{poolName}}",
        api_version="2024-07-01",
        inputs=_words(
            "applicationLicenses applicationPackages certificates deploymentConfiguration displayName identity"
            " interNodeCommunication metadata mountConfiguration networkConfiguration resourceTags scaleSettings"
            " startTask tags targetNodeCommunicationMode taskSchedulingPolicy taskSlotsPerNode upgradePolicy"
            " userAccounts vmSize"
        ),
        outputs=_words(
            "allocationState allocationStateTransitionTime autoScaleRun creationTime currentDedicatedNodes"
            " currentLowPriorityNodes currentNodeCommunicationMode etag lastModified provisioningState"
            " provisioningStateTransitionTime resizeOperationStatus"
        ),
        name_pattern=r"[A-Za-z0-9_-]{1,64}",
        name_rule="1 to 64 letters, digits, hyphens and underscores",
    ),
)


def _by_token(types: Iterable[ResourceType]) -> dict[str, ResourceType]:
    return {known.token: known for known in types}


TYPES: Final = _by_token(_ALL)


def type_of(urn: str) -> ResourceType:
    """The table's entry for a resource's URN.

    Raises:
        LookupError: the plugin has no such type; the text says so.
    """
    token = urn.split("::")[2].rsplit("$", 1)[-1]
    try:
        return TYPES[token]
    except KeyError:
        raise LookupError(f"this local azure-native plugin has no resource type {token} yet") from None
