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
    from batchmgmt.errors import Conflict as Conflict
    from batchmgmt.errors import ConnectionFailed as ConnectionFailed
    from batchmgmt.errors import Forbidden as Forbidden
    from batchmgmt.errors import NotAuthenticated as NotAuthenticated
    from batchmgmt.errors import NotFound as NotFound
    from batchmgmt.errors import ResizeFailed as ResizeFailed
    from batchmgmt.errors import Throttled as Throttled
    from batchmgmt.errors import TimedOut as TimedOut
    from batchmgmt.errors import UsageError as UsageError
    from batchmgmt.management import BatchManagement as BatchManagement
    from batchmgmt.secret import Secret as Secret

__all__ = [
    "Account",
    "AzureError",
    "BatchManagement",
    "BatchManagementError",
    "Cloud",
    "Conflict",
    "ConnectionFailed",
    "Forbidden",
    "NotAuthenticated",
    "NotFound",
    "ResizeFailed",
    "Secret",
    "ServiceEndpoint",
    "Throttled",
    "TimedOut",
    "UsageError",
]

_HOMES = {
    "Account": "accounts",
    "AzureError": "errors",
    "BatchManagement": "management",
    "BatchManagementError": "errors",
    "Cloud": "clouds",
    "Conflict": "errors",
    "ConnectionFailed": "errors",
    "Forbidden": "errors",
    "NotAuthenticated": "errors",
    "NotFound": "errors",
    "ResizeFailed": "errors",
    "Secret": "secret",
    "ServiceEndpoint": "endpoint",
    "Throttled": "errors",
    "TimedOut": "errors",
    "UsageError": "errors",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'batchmgmt' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"batchmgmt.{home}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
