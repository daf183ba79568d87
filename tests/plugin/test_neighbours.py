"""Every neighbour's type through the plugin: made, refreshed without a difference, deleted."""

from __future__ import annotations

from typing import Any

from tests.plugin.host import Plugin
from tests.plugin.test_life_cycles import Made

METRIC = {
    "odataType": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
    "allOf": [
        {"criterionType": "StaticThresholdCriterion", "metricName": "CoreCount", "name": "cores", "threshold": 1}
    ],
}


def planned(group: str, scope: str) -> list[tuple[str, dict[str, Any]]]:
    """Types with inputs, each after what it refers to; ``group`` is the group's name and ``scope`` its id."""
    root = f"{scope}/providers"
    net, zone = f"{root}/Microsoft.Network/virtualNetworks/net", f"{root}/Microsoft.Network/privateDnsZones/z.example"
    people, logs = (
        f"{root}/Microsoft.Insights/actionGroups/people",
        f"{root}/Microsoft.OperationalInsights/workspaces/logs",
    )
    identity = f"{root}/Microsoft.ManagedIdentity/userAssignedIdentities/me"
    reader = f"{scope.partition('/resourceGroups')[0]}/providers/Microsoft.Authorization/roleDefinitions"
    window = {"evaluationFrequency": "PT5M", "windowSize": "PT15M", "severity": 2, "enabled": True}
    trusted = {"issuer": "https://ci.example", "subject": "repo:a", "audiences": ["api://AzureADTokenExchange"]}
    link = {
        "name": "blob",
        "groupIds": ["blob"],
        "privateLinkServiceId": f"{root}/Microsoft.Storage/storageAccounts/neighbourstore",
    }
    blobs = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    days = {"sku": {"name": "PerGB2018"}, "retentionInDays": 30}
    space = {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}
    vault = {"tenantId": "11111111-1111-1111-1111-111111111111", "sku": {"family": "A", "name": "standard"}}
    query = {"allOf": [{"query": "T", "timeAggregation": "Count", "operator": "gt", "threshold": 0}]}
    return [
        (
            "storage:StorageAccount",
            {"accountName": "neighbourstore", **blobs},
        ),
        ("managedidentity:UserAssignedIdentity", {"resourceName": "me"}),
        (
            "managedidentity:FederatedIdentityCredential",
            {"resourceName": "me", "federatedIdentityCredentialResourceName": "ci", **trusted},
        ),
        (
            "authorization:RoleAssignment",
            {
                "scope": identity,
                "principalId": "22222222-2222-2222-2222-222222222222",
                "principalType": "Group",
                "roleDefinitionId": f"{reader}/acdd72a7-3385-48ef-bd42-f606fba81ae7",
            },
        ),
        ("network:NetworkSecurityGroup", {"networkSecurityGroupName": "rules", "securityRules": []}),
        ("network:PublicIPAddress", {"publicIpAddressName": "ip", "sku": {"name": "Standard"}}),
        (
            "network:VirtualNetwork",
            {
                "virtualNetworkName": "net",
                "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
                "subnets": [{"name": "doors", "addressPrefix": "10.9.0.0/24"}],
            },
        ),
        (
            "network:VirtualNetwork",
            {"virtualNetworkName": "bare", **space},
        ),
        ("network:Subnet", {"virtualNetworkName": "bare", "subnetName": "pools", "addressPrefix": "10.9.1.0/24"}),
        ("privatedns:PrivateZone", {"privateZoneName": "z.example", "location": "global"}),
        (
            "privatedns:VirtualNetworkLink",
            {
                "privateZoneName": "z.example",
                "virtualNetworkLinkName": "link",
                "location": "global",
                "registrationEnabled": False,
                "virtualNetwork": {"id": net},
            },
        ),
        (
            "privatedns:PrivateRecordSet",
            {
                "privateZoneName": "z.example",
                "recordType": "A",
                "relativeRecordSetName": "host",
                "ttl": 60,
                "aRecords": [{"ipv4Address": "10.9.1.7"}],
            },
        ),
        (
            "network:PrivateEndpoint",
            {
                "privateEndpointName": "door",
                "subnet": {"id": f"{net}/subnets/doors"},
                "privateLinkServiceConnections": [link],
            },
        ),
        (
            "network:PrivateDnsZoneGroup",
            {
                "privateEndpointName": "door",
                "privateDnsZoneGroupName": "default",
                "privateDnsZoneConfigs": [{"name": "blob", "privateDnsZoneId": zone}],
            },
        ),
        ("keyvault:Vault", {"vaultName": "neighbourvault", "properties": vault}),
        ("keyvault:Key", {"vaultName": "neighbourvault", "keyName": "key", "properties": {"kty": "RSA"}}),
        (
            "operationalinsights:Workspace",
            {"workspaceName": "logs", **days},
        ),
        (
            "monitor:ActionGroup",
            {
                "actionGroupName": "people",
                "groupShortName": "p",
                "location": "Global",
                "enabled": True,
                "emailReceivers": [{"name": "a", "emailAddress": "a@contoso.example"}],
            },
        ),
        (
            "monitor:MetricAlert",
            {
                "ruleName": "cores",
                "location": "Global",
                "scopes": [logs],
                "criteria": METRIC,
                "actions": [{"actionGroupId": people}],
                **window,
            },
        ),
        ("monitor:ScheduledQueryRule", {"ruleName": "errors", "scopes": [logs], "criteria": query, **window}),
        (
            "monitor:ActivityLogAlert",
            {
                "activityLogAlertName": "writes",
                "scopes": [scope],
                "location": "Global",
                "enabled": True,
                "condition": {"allOf": [{"field": "category", "equals": "Administrative"}]},
                "actions": {"actionGroups": [{"actionGroupId": people}]},
            },
        ),
        (
            "applicationinsights:Component",
            {"resourceName": "traces", "kind": "web", "applicationType": "web", "workspaceResourceId": logs},
        ),
        ("storage:FileShare", {"accountName": "neighbourstore", "shareName": "files", "shareQuota": 10}),
        ("monitor:DiagnosticSetting", {"resourceUri": identity, "name": "all", "workspaceId": logs}),
        ("authorization:ManagementLockByScope", {"scope": identity, "lockName": "hold", "level": "CanNotDelete"}),
    ]


def test_every_type_is_made_refreshed_without_a_difference_and_deleted(plugin: Plugin) -> None:
    group = Made(plugin, "resources:ResourceGroup", {"resourceGroupName": "neighbours", "location": "West Europe"})
    made: list[tuple[str, Made]] = []
    for token, inputs in planned("neighbours", group.id):
        scoped = "scope" in inputs or "resourceUri" in inputs
        made.append((token, Made(plugin, token, inputs if scoped else {"resourceGroupName": "neighbours", **inputs})))
    for token, one in made:
        assert one.refresh() == one.inputs, token
    for _, one in reversed(made):
        one.delete()
    group.delete()
