"""How older api-versions of Microsoft.Batch differ from 2024-07-01.

Sources: *client* is azure-mgmt-batch 6 to 17.3, generated from the versions themselves; *recorded* is traffic of the
real service; *provider* is the list of api-versions that ARM gives for Microsoft.Batch.
"""

from __future__ import annotations

from batchlocal.specs.differences import PUBLIC_IPS, TEXT, Difference

__all__ = ["MANAGEMENT"]

_CLOUD_SERVICE = {
    "cloudServiceConfiguration": {
        "type": "object",
        "properties": {"osFamily": TEXT, "osVersion": TEXT},
        "required": ["osFamily"],
    }
}
_FLAT_APPLICATION = {
    "packages": {"type": "array", "items": {"ref": "ApplicationPackage"}},
    "displayName": TEXT,
    "allowUpdates": {"type": "boolean"},
    "defaultVersion": TEXT,
}
_FLAT_PACKAGE = {
    **dict.fromkeys(("version", "storageUrl", "state", "format"), TEXT),
    "storageUrlExpiry": {"type": "string", "format": "date-time"},
    "lastActivationTime": {"type": "string", "format": "date-time"},
}

MANAGEMENT = (
    Difference(  # client
        "2024-07-01",
        absent={
            "ImageReference": ("sharedGalleryImageId", "communityGalleryImageId"),
            "ManagedDisk": ("securityProfile",),
            "TaskContainerSettings": ("containerHostBatchBindMounts",),
            "AzureProxyResource": ("tags",),
        },
        retired={"DeploymentConfiguration": _CLOUD_SERVICE},
        operations=(
            "NetworkSecurityPerimeter_ListConfigurations",
            "NetworkSecurityPerimeter_GetConfiguration",
            "NetworkSecurityPerimeter_ReconcileConfiguration",
        ),
    ),
    Difference(  # client
        "2024-02-01",
        absent={"PoolProperties": ("upgradePolicy",), "SupportedSku": ("batchSupportEndOfLife",)},
    ),
    Difference(  # client
        "2023-11-01",
        absent={
            "PoolProperties": ("resourceTags",),
            "OSDisk": ("caching", "managedDisk", "diskSizeGB", "writeAcceleratorEnabled"),
            "VirtualMachineConfiguration": ("securityProfile", "serviceArtifactReference"),
        },
    ),
    Difference(  # client
        "2023-05-01",
        absent={"NetworkConfiguration": ("enableAcceleratedNetworking",), "VMExtension": ("enableAutomaticUpgrade",)},
    ),
    Difference(  # client
        "2022-10-01",
        absent={"PoolProperties": ("targetNodeCommunicationMode", "currentNodeCommunicationMode")},
        renamed={
            "CIFSMountConfiguration": {"userName": "username"},
            "NetworkConfiguration": {"dynamicVnetAssignmentScope": "dynamicVNetAssignmentScope"},
            "PrivateLinkServiceConnectionState": {"actionsRequired": "actionRequired"},
        },
    ),
    Difference(  # client
        "2022-06-01",
        absent={
            "BatchAccountProperties": ("networkProfile", "nodeManagementEndpoint"),
            "BatchAccountCreateProperties": ("networkProfile",),
            "BatchAccountUpdateProperties": ("networkProfile", "publicNetworkAccess"),
            "PrivateEndpointConnectionProperties": ("groupIds",),
        },
        operations=("PrivateEndpointConnection_Delete",),
    ),
    Difference(  # client
        "2022-01-01",
        absent={"NetworkConfiguration": ("dynamicVnetAssignmentScope",)},
        operations=("BatchAccount_ListDetectors", "BatchAccount_GetDetector"),
    ),
    Difference(  # client; the authentication modes also recorded
        "2021-06-01",
        absent={
            "AutoStorageBaseProperties": ("authenticationMode", "nodeIdentityReference"),
            "AzureBlobFileSystemConfiguration": ("identityReference",),
            "BatchAccountProperties": ("allowedAuthenticationModes",),
            "BatchAccountCreateProperties": ("allowedAuthenticationModes",),
            "BatchAccountUpdateProperties": ("allowedAuthenticationModes",),
            "ContainerRegistry": ("identityReference",),
            "Operation": ("isDataAction",),
            "ResourceFile": ("identityReference",),
            "VirtualMachineConfiguration": ("osDisk",),
        },
        operations=(
            "BatchAccount_ListOutboundNetworkDependenciesEndpoints",
            "Location_ListSupportedVirtualMachineSkus",
        ),
    ),
    Difference(  # client
        "2021-01-01",
        absent={
            "BatchAccountIdentity": ("userAssignedIdentities",),
            "Pool": ("identity",),
            "VirtualMachineConfiguration": ("extensions", "nodePlacementConfiguration"),
        },
    ),
    Difference(  # client, recorded
        "2020-09-01",
        renamed={"PoolProperties": {"taskSlotsPerNode": "maxTasksPerNode"}},
        # recorded: false in all answers until early December 2020, true in all since, whatever the version; each is
        # answered as in the months when it was the newest
        values={"BatchAccountProperties": {"dedicatedCoreQuotaPerVMFamilyEnforced": False}},
    ),
    Difference(  # client, recorded
        "2020-05-01",
        absent=dict.fromkeys(
            ("BatchAccount", "BatchAccountCreateParameters", "BatchAccountUpdateParameters"), ("identity",)
        ),
    ),
    Difference(  # client, recorded
        "2020-03-01",
        absent={
            "BatchAccountProperties": ("encryption", "publicNetworkAccess", "privateEndpointConnections"),
            "BatchAccountCreateProperties": ("encryption", "publicNetworkAccess"),
            "BatchAccountUpdateProperties": ("encryption",),
            "NetworkConfiguration": ("publicIPAddressConfiguration",),
            "VirtualMachineConfiguration": ("diskEncryptionConfiguration",),
        },
        retired={"NetworkConfiguration": PUBLIC_IPS},
        operations=(
            "PrivateLinkResource_ListByBatchAccount",
            "PrivateLinkResource_Get",
            "PrivateEndpointConnection_ListByBatchAccount",
            "PrivateEndpointConnection_Get",
            "PrivateEndpointConnection_Update",
        ),
    ),
    Difference(  # client, recorded
        "2019-08-01",
        absent={
            "BatchAccountProperties": ("dedicatedCoreQuotaPerVMFamily", "dedicatedCoreQuotaPerVMFamilyEnforced"),
            "NetworkSecurityGroupRule": ("sourcePortRanges",),
            "PoolProperties": ("mountConfiguration",),
            "TaskContainerSettings": ("workingDirectory",),
        },
    ),
    Difference(  # recorded: 146 answers before, 283 after, no exception; the form also client
        "2018-12-01",
        absent={"Application": ("properties",), "ApplicationPackage": ("properties",)},
        retired={"Application": _FLAT_APPLICATION, "ApplicationPackage": _FLAT_PACKAGE},
        statuses={
            "Application_Create": 201,
            "Application_Update": 204,
            "Application_Delete": 204,
            "ApplicationPackage_Create": 201,
            "ApplicationPackage_Activate": 204,
            "ApplicationPackage_Delete": 204,
        },
    ),
    Difference(  # provider; the words recorded
        "2017-09-01",
        cased={"BatchAccountProperties": {"poolAllocationMode": str.lower}},
        operations=(
            "Pool_Create",
            "Pool_Update",
            "Pool_Get",
            "Pool_Delete",
            "Pool_ListByBatchAccount",
            "Pool_DisableAutoScale",
            "Pool_StopResize",
            "Certificate_Create",
            "Certificate_Update",
            "Certificate_Get",
            "Certificate_Delete",
            "Certificate_CancelDeletion",
            "Certificate_ListByBatchAccount",
        ),
    ),
    Difference(  # recorded
        "2017-05-01",
        absent={"BatchAccountProperties": ("lowPriorityCoreQuota",)},
        renamed={"BatchAccountProperties": {"dedicatedCoreQuota": "coreQuota"}},
    ),
    Difference("2017-01-01", absent={"BatchAccountProperties": ("poolAllocationMode",)}),  # recorded
)
