"""az CLI around Batch accounts: resources, tags, locks, roles, logs, and everything below a storage account."""

from __future__ import annotations

import json
import shlex
import subprocess

import pytest

from tests.clients.conftest import Account, Arm
from tests.clients.test_azure_cli import AzureCli, az

__all__ = ["az"]
pytestmark = pytest.mark.slow

LIFECYCLE = {
    "actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 30}}},
    "filters": {"blobTypes": ["blockBlob"]},
}
RULES = {"rules": [{"enabled": True, "name": "old", "type": "Lifecycle", "definition": LIFECYCLE}]}
REPORT = {"format": "Csv", "schedule": "Daily", "objectType": "Blob", "schemaFields": ["Name"]}
REPORTS = [{"enabled": True, "name": "all", "destination": "reports", "definition": REPORT}]
INVENTORY = {"enabled": True, "type": "Inventory", "rules": REPORTS}

AROUND = """
provider show -n Microsoft.Batch
provider operation show --namespace Microsoft.Batch
resource show --ids {batch}
resource tag --ids {batch} --tags a=b
resource invoke-action --action listKeys --ids {batch}
resource wait --exists --ids {batch}
resource create -g {group} -n aroundbatch --resource-type Microsoft.Batch/batchAccounts -l westeurope --properties {{}}
resource list -g {group}
resource delete --ids {root}/Microsoft.Batch/batchAccounts/aroundbatch
lock create -n hold --lock-type CanNotDelete -g {group}
lock list -g {group}
lock delete -n hold -g {group}
tag create -n cost
tag add-value -n cost --value high
tag list
tag remove-value -n cost --value high
tag delete -n cost -y
tag update --resource-id {batch} --operation Merge --tags c=d
monitor activity-log list -g {group}
monitor activity-log list-categories
monitor diagnostic-settings categories list --resource {batch}
monitor diagnostic-settings create -n all --resource {batch} --storage-account {store} --logs '{logs}'
monitor diagnostic-settings list --resource {batch}
monitor diagnostic-settings delete -n all --resource {batch}
monitor metrics list-definitions --resource {batch}
role assignment list --scope {batch}
role definition list -n Reader
account list-locations
deployment group list -g {group}
"""

STORAGE = """
storage account show-usage -l westeurope
storage sku list
storage account network-rule add -g {group} -n {name} --ip-address 1.2.3.4
storage account network-rule list -g {group} -n {name}
storage account blob-service-properties update -g {group} -n {name} --enable-versioning true
storage account file-service-properties update -g {group} -n {name} --enable-delete-retention true \
 --delete-retention-days 5
storage account management-policy create -g {group} --account-name {name} --policy '{lifecycle}'
storage account management-policy show -g {group} --account-name {name}
storage account blob-inventory-policy create -g {group} --account-name {name} --policy '{inventory}'
storage account blob-inventory-policy show -g {group} --account-name {name}
storage account encryption-scope create -g {group} --account-name {name} -n scope1
storage account encryption-scope update -g {group} --account-name {name} -n scope1 --state Disabled
storage account encryption-scope list -g {group} --account-name {name}
storage account local-user create -g {group} --account-name {name} -n user1 --home-directory h --has-ssh-password true
storage account local-user list-keys -g {group} --account-name {name} -n user1
storage account local-user regenerate-password -g {group} --account-name {name} -n user1
storage account or-policy list -g {group} --account-name {name}
storage account private-link-resource list -g {group} --account-name {name}
storage account keys renew -g {group} -n {name} --key secondary
storage account revoke-delegation-keys -g {group} -n {name}
storage share-rm create -g {group} --storage-account {name} -n share1 --quota 5
storage share-rm update -g {group} --storage-account {name} -n share1 --quota 6
storage share-rm exists -g {group} --storage-account {name} -n share1
storage share-rm delete -g {group} --storage-account {name} -n share1 -y
storage share-rm list -g {group} --storage-account {name} --include-deleted
storage container-rm create -g {group} --storage-account {name} -n around --metadata a=b
storage container-rm update -g {group} --storage-account {name} -n around --metadata x=y
storage container-rm list -g {group} --storage-account {name}
storage container legal-hold set -g {group} --account-name {name} -c around --tags tag1
storage container legal-hold show -g {group} --account-name {name} -c around
storage container legal-hold clear -g {group} --account-name {name} -c around --tags tag1
storage container immutability-policy create -g {group} --account-name {name} -c around --period 2
storage container immutability-policy show -g {group} --account-name {name} -c around
storage container-rm delete -g {group} --storage-account {name} -n around -y
"""


@pytest.mark.parametrize("commands", [AROUND, STORAGE], ids=["around", "storage"])
def test_az_does_what_it_is_told(az: AzureCli, arm: Arm, account: Account, commands: str) -> None:
    root = f"/subscriptions/{arm.local.subscription}/resourceGroups/{arm.group}/providers"
    facts = {
        "group": arm.group,
        "name": account.storage,
        "root": root,
        "batch": f"{root}/Microsoft.Batch/batchAccounts/{account.name}",
        "store": f"{root}/Microsoft.Storage/storageAccounts/{account.storage}",
        "logs": json.dumps([{"category": "ServiceLog", "enabled": True}]),
        "lifecycle": json.dumps(RULES),
        "inventory": json.dumps(INVENTORY),
    }
    for line in commands.strip().splitlines():
        command, *arguments = shlex.split(line.format(**facts))
        az(command, *arguments)


def test_az_is_told_what_is_not_done(az: AzureCli, arm: Arm) -> None:
    done = subprocess.run(
        [str(az.home / "bin" / "az"), "group", "export", "-n", arm.group],
        env=az.environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode != 0
    assert "does not run ARM or Bicep templates" in done.stderr
