"""The table of resource types: what each one is in ARM, and which of its properties are what.

The facts are in ``tables.json``, made by ``scripts/make_plugin_types.py`` from the installed pulumi_azure_native (api-
versions, inputs, outputs, defaults) and, for Microsoft.Batch and Microsoft.Storage, from Microsoft's API descriptions
(paths, bodies, rules for names). Here stands what neither says: how names are made, which changes need a new resource
(the official provider's rules), and the paths and shapes of the other namespaces (from the azure-mgmt packages' request
builders and models, and Microsoft's REST reference).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from batchmgmt.rules import PoolChange, pool_change

__all__ = ["ENVELOPE", "ResourceType", "all_types", "type_named", "type_of"]

Naming = Literal["random", "copy", "uuid", "given"]

ENVELOPE: Final = frozenset(
    {"extendedLocation", "id", "identity", "kind", "location", "managedBy", "name", "sku", "tags"}
)
"""What lies outside ``properties`` in ARM, unless a type says otherwise."""

_SCOPES: Final = frozenset({"scope", "resourceUri"})
"""Path parameters that are whole ARM ids."""


@dataclass(frozen=True)
class NameRule:
    """What ARM takes as a name; ``only`` lists the names of a resource that there is one of."""

    pattern: str = ""
    shortest: int = 1
    longest: int = 260
    only: tuple[str, ...] = ()

    def fault(self, name: str) -> str:
        """What is wrong with a name, empty when nothing is."""
        if self.only and name not in self.only:
            return f"'{name}' must be {' or '.join(self.only)}"
        if not self.shortest <= len(name) <= self.longest:
            return f"'{name}' must be {self.shortest} to {self.longest} characters long"
        if self.pattern and not re.search(self.pattern, name):
            return f"'{name}' must match {self.pattern}"
        return ""


@dataclass(frozen=True)
class Traits:
    """What is particular about a type.

    Paths of properties are dotted, without the indexes of lists. ``create_only`` force a replacement; path parameters
    always do; ``needs_new`` tells it by property and api-version where that is a rule of its own. ``nested`` are
    objects, or lists of them, that have ``properties`` of their own in ARM and none in programs. ``sets`` are lists
    without an order. ``never_returned`` is taken by ARM and not shown. ``assumed`` is what the service fills in.
    ``arm_names`` are properties that ARM calls otherwise, by the program's name. ``kept`` is left as it is when a
    program does not mention it; ``reset`` goes back to the given value when a program no longer does. ``served`` the
    service changes when something else is made; where a program does not mention it, that is no drift.
    """

    naming: Naming = "copy"
    path: str = ""
    envelope: frozenset[str] = ENVELOPE
    create_only: frozenset[str] = frozenset()
    needs_new: Callable[[str, str], bool] = lambda _name, _version: False
    nested: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    never_returned: frozenset[str] = frozenset()
    assumed: Mapping[str, Any] = field(default_factory=dict)
    secret_outputs: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    served: frozenset[str] = frozenset()
    reset: Mapping[str, Any] = field(default_factory=dict)
    arm_names: Mapping[str, str] = field(default_factory=dict)
    is_singleton: bool = False


@dataclass(frozen=True)
class ResourceType:
    """One resource type: the facts of the table with its traits."""

    token: str
    path: str
    api_version: str
    inputs: tuple[str, ...]
    """The body's properties, as programs write them."""
    outputs: tuple[str, ...]
    required: tuple[str, ...]
    defaults: Mapping[str, Any]
    envelope: frozenset[str]
    name_rule: NameRule
    namespace: str
    schema: str
    """The PUT's body in the namespace's table; both are empty where there is none."""
    traits: Traits

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """The path's parameters that are inputs, outermost first."""
        return tuple(name for name in re.findall(r"\{(\w+)\}", self.path) if name != "subscriptionId")

    @property
    def name_input(self) -> str:
        """The input that names the resource itself: the only one that can be made up."""
        return self.path_parameters[-1]

    @property
    def is_located(self) -> bool:
        return "location" in self.inputs

    @functools.cached_property
    def id_pattern(self) -> re.Pattern[str]:
        """Matches the type's ARM ids, with a group a path parameter."""

        def group(found: re.Match[str]) -> str:
            return f"(?P<{found[1]}>{'.+' if found[1] in _SCOPES else '[^/]+'})"

        return re.compile(re.sub(r"\\\{(\w+)\\\}", group, re.escape(self.path)), re.IGNORECASE)


_GROUP: Final = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
_NETWORK: Final = f"{_GROUP}/providers/Microsoft.Network"
_IDENTITY: Final = f"{_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}"
_VAULT: Final = f"{_GROUP}/providers/Microsoft.KeyVault/vaults/{{vaultName}}"
_INSIGHTS: Final = f"{_GROUP}/providers/Microsoft.Insights"
_IDENTITIES: Final = frozenset({"identity.userAssignedIdentities"})
_PLACED: Final = frozenset({"location"})
_CAPITALISED: Final = (  # REST reference, Components: names that begin with a capital
    *("AppId", "ApplicationId", "ConnectionString", "CreationDate", "DisableIpMasking", "DisableLocalAuth"),
    *("ForceCustomerStorageForProfiler", "HockeyAppId", "HockeyAppToken", "ImmediatePurgeDataOn30Days"),
    *("IngestionMode", "InstrumentationKey", "LaMigrationDate", "PrivateLinkScopedResources", "RetentionInDays"),
    *("SamplingPercentage", "TenantId", "WorkspaceResourceId"),
)

_TRAITS: Final[dict[str, Traits]] = {
    "resources:ResourceGroup": Traits(naming="random", path=_GROUP, create_only=_PLACED),
    "batch:BatchAccount": Traits(
        naming="random",
        # Allocation mode: an account's PATCH does not have it, and a PUT refuses another one (PropertyCannotBeUpdated).
        create_only=_PLACED | {"poolAllocationMode"},
        sets=_IDENTITIES | {"allowedAuthenticationModes"},
        assumed={
            "allowedAuthenticationModes": ["SharedKey", "AAD", "TaskAuthenticationToken"],
            "autoStorage.authenticationMode": "StorageKeys",
            "encryption.keySource": "Microsoft.Batch",
            "identity.type": "None",
            "poolAllocationMode": "BatchService",
            "publicNetworkAccess": "Enabled",
        },
    ),
    "batch:Application": Traits(assumed={"allowUpdates": True}),
    "batch:ApplicationPackage": Traits(secret_outputs=frozenset({"storageUrl"})),
    "batch:Pool": Traits(
        needs_new=lambda name, version: pool_change(name, version) is PoolChange.NEW_POOL,
        sets=_IDENTITIES | {"applicationPackages", "applicationLicenses", "metadata", "userAccounts"},
        assumed={
            "deploymentConfiguration.virtualMachineConfiguration.imageReference.version": "latest",
            "identity.type": "None",
            "interNodeCommunication": "Disabled",
            "scaleSettings.autoScale.evaluationInterval": "PT15M",
            "scaleSettings.fixedScale.resizeTimeout": "PT15M",
            "scaleSettings.fixedScale.targetLowPriorityNodes": 0,
            "startTask.maxTaskRetryCount": 0,
            "startTask.waitForSuccess": True,
            "taskSchedulingPolicy.nodeFillType": "Spread",
            "taskSlotsPerNode": 1,
        },
    ),
    "storage:StorageAccount": Traits(
        naming="random",
        create_only=_PLACED | {"isHnsEnabled"},
        sets=_IDENTITIES,
        assumed={"networkRuleSet.bypass": "AzureServices", "networkRuleSet.defaultAction": "Allow"},
        reset={"networkRuleSet": {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []}},
    ),
    "storage:BlobServiceProperties": Traits(is_singleton=True),
    "storage:BlobContainer": Traits(assumed={"publicAccess": "None"}),
    "managedidentity:UserAssignedIdentity": Traits(naming="random", path=_IDENTITY),
    "managedidentity:FederatedIdentityCredential": Traits(
        path=f"{_IDENTITY}/federatedIdentityCredentials/{{federatedIdentityCredentialResourceName}}"
    ),
    "authorization:RoleAssignment": Traits(
        naming="uuid",
        path="/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
        create_only=frozenset({"principalId", "principalType", "roleDefinitionId", "scope"}),
    ),
    "authorization:ManagementLockByScope": Traits(
        naming="random", path="/{scope}/providers/Microsoft.Authorization/locks/{lockName}"
    ),
    "network:VirtualNetwork": Traits(
        naming="random",
        path=f"{_NETWORK}/virtualNetworks/{{virtualNetworkName}}",
        create_only=_PLACED,
        nested=frozenset(
            {"subnets", "subnets.delegations", "subnets.serviceEndpointPolicies", "virtualNetworkPeerings"}
        ),
        kept=frozenset({"subnets", "virtualNetworkPeerings"}),
        served=frozenset({"subnets.privateEndpoints"}),
    ),
    "network:Subnet": Traits(
        path=f"{_NETWORK}/virtualNetworks/{{virtualNetworkName}}/subnets/{{subnetName}}",
        envelope=frozenset({"id", "name", "type"}),
        nested=frozenset({"delegations", "serviceEndpointPolicies", "applicationGatewayIPConfigurations"}),
    ),
    "network:NetworkSecurityGroup": Traits(
        naming="random",
        path=f"{_NETWORK}/networkSecurityGroups/{{networkSecurityGroupName}}",
        create_only=_PLACED,
        nested=frozenset({"securityRules"}),
        kept=frozenset({"securityRules"}),
    ),
    "network:PublicIPAddress": Traits(
        naming="random",
        path=f"{_NETWORK}/publicIPAddresses/{{publicIpAddressName}}",
        envelope=ENVELOPE | {"zones"},
        create_only=_PLACED,
    ),
    "network:PrivateEndpoint": Traits(
        naming="random",
        path=f"{_NETWORK}/privateEndpoints/{{privateEndpointName}}",
        create_only=_PLACED | {"subnet"},
        nested=frozenset({"ipConfigurations", "manualPrivateLinkServiceConnections", "privateLinkServiceConnections"}),
        served=frozenset({"customDnsConfigs"}),
    ),
    "network:PrivateDnsZoneGroup": Traits(
        path=f"{_NETWORK}/privateEndpoints/{{privateEndpointName}}/privateDnsZoneGroups/{{privateDnsZoneGroupName}}",
        nested=frozenset({"privateDnsZoneConfigs"}),
    ),
    "privatedns:PrivateZone": Traits(path=f"{_NETWORK}/privateDnsZones/{{privateZoneName}}", naming="given"),
    "privatedns:PrivateRecordSet": Traits(
        path=f"{_NETWORK}/privateDnsZones/{{privateZoneName}}/{{recordType}}/{{relativeRecordSetName}}"
    ),
    "privatedns:VirtualNetworkLink": Traits(
        path=f"{_NETWORK}/privateDnsZones/{{privateZoneName}}/virtualNetworkLinks/{{virtualNetworkLinkName}}",
        create_only=frozenset({"virtualNetwork"}),
    ),
    "monitor:DiagnosticSetting": Traits(
        naming="random", path="/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}"
    ),
    "monitor:ActionGroup": Traits(naming="random", path=f"{_INSIGHTS}/actionGroups/{{actionGroupName}}"),
    "monitor:ActivityLogAlert": Traits(naming="random", path=f"{_INSIGHTS}/activityLogAlerts/{{activityLogAlertName}}"),
    "monitor:MetricAlert": Traits(naming="random", path=f"{_INSIGHTS}/metricAlerts/{{ruleName}}"),
    "monitor:ScheduledQueryRule": Traits(naming="random", path=f"{_INSIGHTS}/scheduledQueryRules/{{ruleName}}"),
    "operationalinsights:Workspace": Traits(
        naming="random",
        path=f"{_GROUP}/providers/Microsoft.OperationalInsights/workspaces/{{workspaceName}}",
        envelope=ENVELOPE - {"sku"},
        create_only=_PLACED,
    ),
    "keyvault:Vault": Traits(
        naming="random",
        path=_VAULT,
        envelope=ENVELOPE | {"properties"},
        create_only=_PLACED | {"properties.tenantId"},
    ),
    "keyvault:Key": Traits(
        path=f"{_VAULT}/keys/{{keyName}}", envelope=ENVELOPE | {"properties"}, create_only=frozenset({"properties"})
    ),
    "applicationinsights:Component": Traits(
        naming="random",
        path=f"{_INSIGHTS}/components/{{resourceName}}",
        create_only=_PLACED,
        secret_outputs=frozenset({"connectionString", "instrumentationKey"}),
        arm_names={
            "applicationType": "Application_Type",
            "flowType": "Flow_Type",
            "requestSource": "Request_Source",
            **{f"{name[0].lower()}{name[1:]}": name for name in _CAPITALISED},
        },
    ),
}


@functools.cache
def _facts() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "tables.json").read_text())
    return found


def all_types() -> tuple[str, ...]:
    """The tokens of all types."""
    return tuple(_facts())


@functools.cache
def type_named(token: str) -> ResourceType:
    """The table's entry for a token (``azure-native:batch:Pool``).

    Raises:
        LookupError: the plugin has no such type; the text says so.
    """
    facts = _facts().get(token)
    if facts is None:
        raise LookupError(f"this local azure-native plugin has no resource type {token}")
    traits = _TRAITS.get(token.removeprefix("azure-native:"), Traits())
    path = traits.path or facts["path"]
    name = facts.get("name", {})
    lengths = name.get("lengths", [1, 260])
    in_path = set(re.findall(r"\{(\w+)\}", path))
    inputs = tuple(one for one in facts["inputs"] if one not in in_path)
    lasting = {one for one in inputs if traits.needs_new(one, facts["apiVersion"])}
    return ResourceType(
        token=token,
        path=path,
        api_version=facts["apiVersion"],
        inputs=inputs,
        outputs=tuple(facts["outputs"]),
        required=tuple(one for one in facts["required"] if one not in in_path),
        defaults=facts["defaults"],
        envelope=frozenset(facts.get("envelope", traits.envelope)),
        name_rule=NameRule(name.get("pattern", ""), lengths[0], lengths[1], tuple(name.get("only", ()))),
        namespace=facts.get("namespace", ""),
        schema=facts.get("schema", ""),
        traits=replace(traits, create_only=traits.create_only | lasting),
    )


def type_of(urn: str) -> ResourceType:
    """The table's entry for a resource's URN; raises as ``type_named`` does."""
    return type_named(urn.split("::")[2].rsplit("$", 1)[-1])
