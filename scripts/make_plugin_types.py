"""Make the facts in the plugin's table of resource types: batchlocal/plugin/tables.json.

From the installed pulumi_azure_native come each class's inputs, outputs, required inputs, defaults and api-version;
from batchlocal's tables of Microsoft's API descriptions, for Microsoft.Batch and Microsoft.Storage, the path of the
PUT, the schema of its body, what of it lies outside ``properties``, and the rule for names. The same packages give the
same bytes.

    python scripts/make_plugin_types.py [--check]
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from batchlocal import specs  # noqa: E402 - found by the path above, in a checkout that is not installed too

TABLE = ROOT / "batchlocal" / "plugin" / "tables.json"

# Resource type -> operation that creates it; "" where batchlocal has no description of the namespace.
TYPES = {
    "applicationinsights:Component": "",
    "authorization:ManagementLockByScope": "",
    "authorization:RoleAssignment": "",
    "batch:Application": "Application_Create",
    "batch:ApplicationPackage": "ApplicationPackage_Create",
    "batch:BatchAccount": "BatchAccount_Create",
    "batch:Pool": "Pool_Create",
    "keyvault:Key": "",
    "keyvault:Vault": "",
    "managedidentity:FederatedIdentityCredential": "",
    "managedidentity:UserAssignedIdentity": "",
    "monitor:ActionGroup": "",
    "monitor:ActivityLogAlert": "",
    "monitor:DiagnosticSetting": "",
    "monitor:MetricAlert": "",
    "monitor:ScheduledQueryRule": "",
    "network:NetworkSecurityGroup": "",
    "network:PrivateDnsZoneGroup": "",
    "network:PrivateEndpoint": "",
    "network:PublicIPAddress": "",
    "network:Subnet": "",
    "network:VirtualNetwork": "",
    "operationalinsights:Workspace": "",
    "privatedns:PrivateRecordSet": "",
    "privatedns:PrivateZone": "",
    "privatedns:VirtualNetworkLink": "",
    "resources:ResourceGroup": "",
    "storage:BlobContainer": "BlobContainers_Create",
    "storage:BlobServiceProperties": "BlobServices_SetServiceProperties",
    "storage:FileShare": "FileShares_Create",
    "storage:ManagementPolicy": "ManagementPolicies_CreateOrUpdate",
    "storage:StorageAccount": "StorageAccounts_Create",
}
NAMESPACES = {"batch": "Microsoft.Batch", "storage": "Microsoft.Storage"}
EVERYWHERE = {"id", "name", "type", "azureApiVersion", "systemData"}


def sdk() -> Path:
    """The folder of the installed SDK, found without importing it."""
    found = importlib.util.find_spec("pulumi_azure_native")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("pulumi_azure_native is not installed: run `make setup`")
    return Path(found.submodule_search_locations[0])


def from_sdk(token: str) -> dict[str, Any]:
    """What the SDK's class says of a type."""
    module, name = token.split(":")
    file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    text = (sdk() / module / f"{file}.py").read_text()
    wire = {python: given or python for given, python in re.findall(GETTER, text)}
    wire["resource_name"] = wire["resource_name_"] = "resourceName"
    body = text.split("def _internal_init", 1)[1].split("super(", 1)[0]
    set_in = re.findall(r'__props__\.__dict__\["(\w+)"\] = (.+)', body)
    version = re.search(r"Uses Azure REST API version ([\w-]+)", text)
    if version is None:
        raise SystemExit(f"{file}.py does not name its api-version")
    return {
        "apiVersion": version[1].rstrip("."),
        "inputs": sorted(wire[one] for one, value in set_in if value != "None"),
        "outputs": sorted({wire[one] for one, value in set_in if value == "None"} - EVERYWHERE),
        "required": sorted(wire[one] for one in re.findall(r"Missing required property '(\w+)'", body)),
        "defaults": {
            wire[one]: ast.literal_eval(value) for one, value in re.findall(r"if (\w+) is None:\n\s+\1 = (.+)", body)
        },
    }


GETTER = r'@pulumi\.getter(?:\(name="(\w+)"\))?\n    def (\w+)\(self\)'


def from_specs(token: str, operation_id: str, api_version: str) -> dict[str, Any]:
    """What the API's description says of a type."""
    namespace = NAMESPACES[token.split(":")[0]]
    described = specs.table_for(namespace, api_version)
    operation = described.operation(operation_id)
    if operation.body is None:
        raise SystemExit(f"{operation_id} has no body")
    path = re.sub(r"\{(\w)(\w*)\}", lambda found: f"{{{found[1].lower()}{found[2]}}}", operation.path)
    names = {one.name[0].lower() + one.name[1:]: one.constraints for one in described.parameters(operation_id)}
    rule = names[re.findall(r"\{(\w+)\}", path)[-1]]
    schema = described.schema(operation.body)
    return {
        "path": path,
        "namespace": namespace,
        "schema": operation.body,
        "envelope": sorted(name for name in schema.properties if name not in ("properties", "id", "type", "etag")),
        "name": {
            "only": list(rule.enum),
            "pattern": rule.pattern.pattern if rule.pattern else "",
            "lengths": [rule.min_length or 1, rule.max_length or 260],
        },
    }


def table() -> str:
    """The whole table as it is committed."""
    made = {}
    for token, operation in sorted(TYPES.items()):
        facts = from_sdk(token)
        more = from_specs(token, operation, facts["apiVersion"]) if operation else {}
        made[f"azure-native:{token}"] = {**facts, **more}
    lines = [f"{json.dumps(token)}: {json.dumps(facts, sort_keys=True)}" for token, facts in made.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> int:
    """Write the table, or with ``--check`` say whether the committed one is the same."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    text = table()
    if parser.parse_args().check:
        if TABLE.read_text() != text:
            print(f"{TABLE.relative_to(ROOT)} is old: run scripts/make_plugin_types.py", file=sys.stderr)
            return 1
        return 0
    TABLE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
