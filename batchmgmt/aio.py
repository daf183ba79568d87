"""The same nouns for asyncio: every verb is a coroutine whose call runs in a thread.

    from batchmgmt.aio import BatchManagement

    async with await BatchManagement.from_env() as management:
        account = management.account("my-group", "myaccount")
        await account.packages.publish("tool", "1.0", "./tool")

Nothing here blocks the event loop; progress callbacks are called in the thread. A cancelled coroutine returns at once;
the request it had begun still ends in its thread. For the Batch service itself ``await account.client()`` gives
azure-batch's asynchronous client, which needs ``aiohttp``; for the rest of ARM there is ``management.sdk``, called
in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from batchmgmt import accounts, activity, applications, keys, locations, management, network, packages, pools

if TYPE_CHECKING:
    from azure.batch.aio import BatchClient
    from azure.core.credentials import TokenCredential
    from azure.mgmt.batch import BatchManagementClient
    from azure.mgmt.storage import StorageManagementClient

    from batchmgmt.clouds import Cloud
    from batchmgmt.endpoint import AuthMode

__all__ = ["Account", "BatchManagement"]

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")


def _threaded(
    method: Callable[Concatenate[S, P], T],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """The method of the noun in ``self._of``, as a coroutine of the same parameters."""

    async def call(self: Any, /, *arguments: P.args, **options: P.kwargs) -> T:
        return await asyncio.to_thread(method, self._of, *arguments, **options)

    call.__doc__ = method.__doc__
    return call


class _Noun:
    def __init__(self, of: object) -> None:
        self._of = of


class Accounts(_Noun):
    """The accounts of a subscription."""

    ensure = _threaded(accounts.Accounts.ensure)
    list = _threaded(accounts.Accounts.list)


class Activity(_Noun):
    """The activity log of a subscription."""

    list = _threaded(activity.Activity.list)

    def __init__(self, of: activity.Activity) -> None:
        super().__init__(of)
        self._log = of

    async def follow(self, *, pause: float = activity.PAUSE, **chosen: str | None) -> AsyncIterator[activity.Entry]:
        """Entries as they appear; takes what ``batchmgmt.activity.Activity.follow`` takes."""
        looks = await asyncio.to_thread(activity.Looks, lambda: self._log.list(**chosen, since=activity.OVERLAP))
        while True:
            for entry in await asyncio.to_thread(looks.new):
                yield entry
            await asyncio.sleep(pause)


class Applications(_Noun):
    """The applications of one account."""

    create = _threaded(applications.Applications.create)
    delete = _threaded(applications.Applications.delete)
    ensure = _threaded(applications.Applications.ensure)
    get = _threaded(applications.Applications.get)
    list = _threaded(applications.Applications.list)
    update = _threaded(applications.Applications.update)


class Keys(_Noun):
    """The keys of one account."""

    list = _threaded(keys.Keys.list)
    regenerate = _threaded(keys.Keys.regenerate)
    rotate = _threaded(keys.Keys.rotate)
    rotate_storage = _threaded(keys.Keys.rotate_storage)
    synchronize_storage = _threaded(keys.Keys.synchronize_storage)


class Locations(_Noun):
    """Azure's regions for Batch."""

    account_quota = _threaded(locations.Locations.account_quota)
    check_name = _threaded(locations.Locations.check_name)
    skus = _threaded(locations.Locations.skus)


class Packages(_Noun):
    """The application packages of one account."""

    delete = _threaded(packages.Packages.delete)
    find = _threaded(packages.Packages.find)
    list = _threaded(packages.Packages.list)
    prune = _threaded(packages.Packages.prune)
    publish = _threaded(packages.Packages.publish)


class Pools(_Noun):
    """The pools of one account."""

    create = _threaded(pools.Pools.create)
    delete = _threaded(pools.Pools.delete)
    drain = _threaded(pools.Pools.drain)
    get = _threaded(pools.Pools.get)
    list = _threaded(pools.Pools.list)
    rescale = _threaded(pools.Pools.rescale)
    resize = _threaded(pools.Pools.resize)
    stop_resize = _threaded(pools.Pools.stop_resize)
    wait_steady = _threaded(pools.Pools.wait_steady)


class PrivateEndpointConnections(_Noun):
    """The private endpoint connections of one account."""

    approve = _threaded(network.PrivateEndpointConnections.approve)
    delete = _threaded(network.PrivateEndpointConnections.delete)
    get = _threaded(network.PrivateEndpointConnections.get)
    list = _threaded(network.PrivateEndpointConnections.list)
    reject = _threaded(network.PrivateEndpointConnections.reject)


class Account(_Noun):
    """One Batch account; making one asks nothing of Azure yet."""

    container_access = _threaded(accounts.Account.container_access)
    delete = _threaded(accounts.Account.delete)
    detector = _threaded(accounts.Account.detector)
    detectors = _threaded(accounts.Account.detectors)
    endpoint = _threaded(accounts.Account.endpoint)
    find = _threaded(accounts.Account.find)
    get = _threaded(accounts.Account.get)
    images = _threaded(accounts.Account.images)
    link_storage = _threaded(accounts.Account.link_storage)
    outbound_dependencies = _threaded(accounts.Account.outbound_dependencies)

    def __init__(self, of: accounts.Account) -> None:
        super().__init__(of)
        self.name = of.name
        self.resource_group = of.resource_group
        self.applications = Applications(of.applications)
        self.keys = Keys(of.keys)
        self.packages = Packages(of.packages)
        self.pools = Pools(of.pools)
        self.private_endpoint_connections = PrivateEndpointConnections(of.private_endpoint_connections)

    async def client(self, *, auth: AuthMode = "auto") -> BatchClient:
        """azure-batch's asynchronous client for its Batch service; needs ``aiohttp``."""
        return (await self.endpoint(auth=auth)).async_client()


class BatchManagement(_Noun):
    """Management of a subscription's Batch accounts."""

    endpoint = _threaded(management.BatchManagement.endpoint)
    close = _threaded(management.BatchManagement.close)

    def __init__(self, of: management.BatchManagement) -> None:
        super().__init__(of)
        self._management = of
        self.subscription_id = of.subscription_id
        self.cloud = of.cloud
        self.accounts = Accounts(of.accounts)
        self.activity = Activity(of.activity)
        self.locations = Locations(of.locations)

    @classmethod
    async def from_env(cls, subscription_id: str | None = None) -> BatchManagement:
        """By the environment, as ``batchmgmt.BatchManagement.from_env``."""
        return cls(await asyncio.to_thread(management.BatchManagement.from_env, subscription_id))

    @classmethod
    async def with_credential(
        cls, credential: TokenCredential, subscription_id: str, *, cloud: Cloud | None = None
    ) -> BatchManagement:
        """By any ``TokenCredential``, as ``batchmgmt.BatchManagement``; it is asked in threads."""
        return cls(await asyncio.to_thread(management.BatchManagement, credential, subscription_id, cloud=cloud))

    @property
    def sdk(self) -> BatchManagementClient:
        """azure-mgmt-batch's client; its calls block."""
        return self._management.sdk

    @property
    def storage_sdk(self) -> StorageManagementClient:
        """azure-mgmt-storage's client; its calls block."""
        return self._management.storage_sdk

    def account(self, resource_group: str, name: str) -> Account:
        """The account of that name; nothing is asked of Azure yet."""
        return Account(self._management.account(resource_group, name))

    async def __aenter__(self) -> BatchManagement:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
