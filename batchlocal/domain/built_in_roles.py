"""Built-in roles: those that a Batch environment has to do with.

Source: Azure documentation, "Azure built-in roles" (pages privileged, general, compute, storage, networking, identity,
security, monitor). The descriptions are ours.
"""

from __future__ import annotations

from typing import Final

from batchlocal.domain.roles import Permissions, RoleDefinition

__all__ = ["BUILT_IN"]

_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups/read"
_BASICS = (
    *("Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*"),
    _GROUPS,
)
_HEALTH, _SUPPORT = "Microsoft.ResourceHealth/availabilityStatuses/read", "Microsoft.Support/*"
_ACCOUNT = "Microsoft.Batch/batchAccounts"
_JOBS = (f"{_ACCOUNT}/jobSchedules/*", f"{_ACCOUNT}/jobs/*")
_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
_DELEGATION = "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_VAULTS = "Microsoft.KeyVault/vaults"


def _role(
    role_id: str,
    name: str,
    description: str,
    actions: tuple[str, ...],
    data: tuple[str, ...] = (),
    *,
    less: tuple[str, ...] = (),
) -> RoleDefinition:
    return RoleDefinition(role_id, name, description, (Permissions(actions, less, data),))


_ROLES = (
    _role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", "Manages everything, access included.", ("*",)),
    _role(
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        "Contributor",
        "Manages everything but access.",
        ("*",),
        less=(
            *("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"),
            *("Microsoft.Authorization/elevateAccess/Action", "Microsoft.Blueprint/blueprintAssignments/write"),
            *("Microsoft.Blueprint/blueprintAssignments/delete", "Microsoft.Compute/galleries/share/action"),
            *("Microsoft.Purview/consents/write", "Microsoft.Purview/consents/delete"),
            *("Microsoft.Resources/deploymentStacks/manageDenySetting/action", "Microsoft.Subscription/cancel/action"),
            "Microsoft.Subscription/enable/action",
        ),
    ),
    _role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", "Sees everything, changes nothing.", ("*/read",)),
    _role(
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "User Access Administrator",
        "Manages access to everything.",
        ("*/read", "Microsoft.Authorization/*", _SUPPORT),
    ),
    _role(
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        "Role Based Access Control Administrator",
        "Manages access by role assignments.",
        (
            *("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete"),
            *("*/read", _SUPPORT),
        ),
    ),
    _role(
        "29fe4964-1e60-436b-bd3a-77fd4c178b3c",
        "Azure Batch Account Contributor",
        "Manages Batch accounts with all that is in them.",
        (*_BASICS, "Microsoft.Batch/*"),
        ("Microsoft.Batch/*",),
    ),
    _role(
        "11076f67-66f6-4be0-8f6b-f0609fd05cc9",
        "Azure Batch Account Reader",
        "Sees everything in Batch accounts.",
        ("Microsoft.Batch/*/read", _GROUPS),
        ("Microsoft.Batch/*/read",),
    ),
    _role(
        "6aaa78f1-f7de-44ca-8722-c64a23943cae",
        "Azure Batch Data Contributor",
        "Manages pools and jobs, not accounts.",
        (
            *(*_BASICS, f"{_ACCOUNT}/read", f"{_ACCOUNT}/applications/*", f"{_ACCOUNT}/certificates/*"),
            *(f"{_ACCOUNT}/certificateOperationResults/*", f"{_ACCOUNT}/pools/*", f"{_ACCOUNT}/poolOperationResults/*"),
            "Microsoft.Batch/locations/*/read",
        ),
        _JOBS,
    ),
    _role(
        "48e5e92e-a480-4e71-aa9c-2778f4c13781",
        "Azure Batch Job Submitter",
        "Submits jobs and manages them.",
        (
            *(f"{_ACCOUNT}/applications/read", f"{_ACCOUNT}/applications/versions/read", f"{_ACCOUNT}/pools/read"),
            *("Microsoft.Insights/alertRules/*", _GROUPS),
        ),
        _JOBS,
    ),
    _role(
        "17d1049b-9a84-46fb-8f53-869881c3d3ab",
        "Storage Account Contributor",
        "Manages storage accounts, their keys included.",
        (
            *(*_BASICS, "Microsoft.Insights/diagnosticSettings/*", _HEALTH, _SUPPORT),
            *("Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",),
            "Microsoft.Storage/storageAccounts/*",
        ),
    ),
    _role(
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "Storage Blob Data Owner",
        "Manages containers and blobs, their access control included.",
        (f"{_CONTAINERS}/*", _DELEGATION),
        (f"{_CONTAINERS}/blobs/*",),
    ),
    _role(
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "Storage Blob Data Contributor",
        "Reads, writes and deletes containers and blobs.",
        (*(f"{_CONTAINERS}/{verb}" for verb in ("delete", "read", "write")), _DELEGATION),
        tuple(f"{_CONTAINERS}/blobs/{verb}" for verb in ("delete", "read", "write", "move/action", "add/action")),
    ),
    _role(
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "Storage Blob Data Reader",
        "Reads containers and blobs.",
        (f"{_CONTAINERS}/read", _DELEGATION),
        (f"{_CONTAINERS}/blobs/read",),
    ),
    _role(
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "Network Contributor",
        "Manages networks.",
        (*_BASICS, "Microsoft.Network/*", _HEALTH, _SUPPORT),
    ),
    _role(
        "f1a07417-d97a-45cb-824c-7a7467783830",
        "Managed Identity Operator",
        "Sees user-assigned identities and assigns them.",
        (f"{_IDENTITIES}/*/read", f"{_IDENTITIES}/*/assign/action", *_BASICS, _SUPPORT),
    ),
    _role(
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        "Managed Identity Contributor",
        "Manages user-assigned identities.",
        (
            *(f"{_IDENTITIES}/{verb}" for verb in ("read", "write", "delete")),
            *(f"{_IDENTITIES}/federatedIdentityCredentials/{verb}" for verb in ("read", "write", "delete")),
            *(f"{_IDENTITIES}/revokeTokens/action", *_BASICS, _SUPPORT),
        ),
    ),
    _role(
        "f25e0fa2-a7c8-4377-a976-54943a77a395",
        "Key Vault Contributor",
        "Manages vaults, sees no secret in them.",
        (*_BASICS, "Microsoft.KeyVault/*", _SUPPORT),
        less=(
            *("Microsoft.KeyVault/locations/deletedVaults/purge/action", "Microsoft.KeyVault/hsmPools/*"),
            "Microsoft.KeyVault/managedHsms/*",
        ),
    ),
    _role(
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        "Key Vault Administrator",
        "Does everything with what is in a vault.",
        (
            *(*_BASICS, _SUPPORT, "Microsoft.KeyVault/checkNameAvailability/read"),
            *("Microsoft.KeyVault/deletedVaults/read", "Microsoft.KeyVault/locations/*/read"),
            *(f"{_VAULTS}/*/read", "Microsoft.KeyVault/operations/read"),
        ),
        (f"{_VAULTS}/*",),
    ),
    _role(
        "e147488a-f6f5-4113-8e2d-b22465e65bf6",
        "Key Vault Crypto Service Encryption User",
        "Wraps and unwraps with a vault's keys.",
        tuple(f"Microsoft.EventGrid/eventSubscriptions/{verb}" for verb in ("write", "read", "delete")),
        tuple(f"{_VAULTS}/keys/{verb}" for verb in ("read", "wrap/action", "unwrap/action")),
    ),
    _role(
        "4633458b-17de-408a-b874-0445c86b69e6",
        "Key Vault Secrets User",
        "Reads a vault's secrets.",
        (),
        (f"{_VAULTS}/secrets/getSecret/action", f"{_VAULTS}/secrets/readMetadata/action"),
    ),
    _role(
        "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
        "Monitoring Reader",
        "Sees all monitoring data.",
        ("*/read", "Microsoft.OperationalInsights/workspaces/search/action", _SUPPORT),
    ),
    _role(
        "749f88d5-cbae-40b8-bcfc-e573ddc772fa",
        "Monitoring Contributor",
        "Sees all monitoring data and changes its settings.",
        (
            *("*/read", _SUPPORT, "Microsoft.AlertsManagement/alerts/*", "Microsoft.AlertsManagement/alertsSummary/*"),
            *("Microsoft.Insights/actiongroups/*", "Microsoft.Insights/activityLogAlerts/*"),
            *("Microsoft.Insights/AlertRules/*", "Microsoft.Insights/components/*"),
            *("Microsoft.Insights/dataCollectionEndpoints/*", "Microsoft.Insights/dataCollectionRules/*"),
            *("Microsoft.Insights/dataCollectionRuleAssociations/*", "Microsoft.Insights/DiagnosticSettings/*"),
            *("Microsoft.Insights/eventtypes/*", "Microsoft.Insights/LogDefinitions/*"),
            *("Microsoft.Insights/metricalerts/*", "Microsoft.Insights/MetricDefinitions/*"),
            *("Microsoft.Insights/Metrics/*", "Microsoft.Insights/notificationStatus/*"),
            *("Microsoft.Insights/Register/Action", "Microsoft.Insights/scheduledqueryrules/*"),
        ),
    ),
)

BUILT_IN: Final = {role.id: role for role in _ROLES}
"""The roles by their GUID, which is the same in every tenant."""
