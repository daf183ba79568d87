"""The account or subscription that a command line chooses; imports neither Typer nor an SDK."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from batchmgmt.arm import cloud_from_environment, subscription_from_environment
from batchmgmt.cli import progress
from batchmgmt.cli.naming import Named, named
from batchmgmt.cli.reading import AccountReader, SubscriptionReader
from batchmgmt.clients import CachedCredential
from batchmgmt.lean import LeanHttp
from batchmgmt.management import BatchManagement

if TYPE_CHECKING:
    from batchmgmt.accounts import Account

__all__ = ["AccountOptions", "management_of", "subscription_reader"]


class AccountOptions(NamedTuple):
    """How a command line names an account: by ``-g`` and ``-n``, or by ``--stack``; ``--subscription`` with either."""

    resource_group: str | None = None
    name: str | None = None
    stack: str | None = None
    subscription: str | None = None

    def account(self) -> Account:
        """The account that the options name.

        Raises:
            BatchManagementError: as ``named`` says, or the cloud cannot be read.
        """
        found = self.named()
        return management_of(found.subscription).account(found.resource_group, found.account)

    def reader(self) -> AccountReader:
        """What only reads the account that the options name; raises as ``account`` does."""
        found = self.named()
        management = management_of(found.subscription)
        return AccountReader(management.arm, management.subscription_id, found.resource_group, found.account)

    def named(self) -> Named:
        """Subscription, resource group and account; raises as ``naming.named`` does."""
        return named(*self)


def management_of(subscription: str | None = None) -> BatchManagement:
    """The subscription's management, signed in by the environment's identity and the token cache.

    Raises:
        UsageError: no subscription is given. BatchManagementError: the cloud does not answer.
    """
    progress.begin()
    chosen = subscription or subscription_from_environment()
    with closing(LeanHttp()) as http:
        cloud = cloud_from_environment(http)
    return BatchManagement(CachedCredential(cloud), chosen, cloud=cloud)


def subscription_reader(subscription: str | None = None) -> SubscriptionReader:
    """What only reads a subscription; raises as ``management_of`` does."""
    management = management_of(subscription)
    return SubscriptionReader(management.arm, management.subscription_id)
