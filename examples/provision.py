"""Bring an application package up to date, and say what the account's pools run: a provisioning script's usual work.

    python examples/provision.py RESOURCE_GROUP ACCOUNT FOLDER APPLICATION VERSION

The cloud and the identity come from the environment, as for every Azure tool.
"""

from __future__ import annotations

import sys

from batchmgmt import BatchManagement, BatchManagementError


def provision(resource_group: str, name: str, folder: str, application: str, version: str) -> None:
    """Publish the folder as that version, make it the default, and say what the account's pools run."""
    with BatchManagement.from_env() as management:
        account = management.account(resource_group, name)
        account.applications.ensure(application)
        package = account.packages.publish(application, version, folder, set_default=True)
        print(f"{application} {package.version} is {package.state}" + ("" if package.sent else ", and was already"))
        with account.client() as batch:
            for pool in batch.list_pools():
                print(f"pool {pool.id}: {pool.current_dedicated_nodes} nodes, {pool.allocation_state}")


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit("usage: provision.py RESOURCE_GROUP ACCOUNT FOLDER APPLICATION VERSION")
    try:
        provision(*sys.argv[1:])
    except BatchManagementError as failure:
        sys.exit(f"provision: {failure}")
