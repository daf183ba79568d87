"""Manage Azure Batch accounts, and hand their service endpoints to the tools that run work on them.

    from batchmgmt import BatchManagement

    account = BatchManagement.from_env().account("my-group", "myaccount")
    for pool in account.client().list_pools():
        print(pool.id)

Names are loaded when they are first used: importing the package costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own would cost its import, the longest of all here

if TYPE_CHECKING:
    from batchmgmt.accounts import Account as Account
    from batchmgmt.clouds import Cloud as Cloud
    from batchmgmt.endpoint import ServiceEndpoint as ServiceEndpoint
    from batchmgmt.errors import AzureError as AzureError
    from batchmgmt.errors import BatchManagementError as BatchManagementError
    from batchmgmt.management import BatchManagement as BatchManagement
    from batchmgmt.secret import Secret as Secret

__all__ = [
    "Account",
    "AzureError",
    "BatchManagement",
    "BatchManagementError",
    "Cloud",
    "Secret",
    "ServiceEndpoint",
]

_HOMES = {
    "Account": "accounts",
    "AzureError": "errors",
    "BatchManagement": "management",
    "BatchManagementError": "errors",
    "Cloud": "clouds",
    "Secret": "secret",
    "ServiceEndpoint": "endpoint",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'batchmgmt' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"batchmgmt.{home}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
