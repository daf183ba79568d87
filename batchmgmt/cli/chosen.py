"""The account or subscription that a command line chooses; imports neither Typer nor an SDK."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from batchmgmt.arm import cloud_from_environment
from batchmgmt.cli import progress
from batchmgmt.cli.reading import AccountReader, SubscriptionReader
from batchmgmt.clients import CachedCredential
from batchmgmt.errors import UsageError
from batchmgmt.lean import LeanHttp
from batchmgmt.management import BatchManagement, subscription_from_environment

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
            UsageError: they name none, or two. BatchManagementError: the stack or the cloud cannot be read.
        """
        subscription, group, name = self.named()
        return management_of(subscription).account(group, name)

    def reader(self) -> AccountReader:
        """What only reads the account that the options name; raises as ``account`` does."""
        subscription, group, name = self.named()
        management = management_of(subscription)
        return AccountReader(management.arm, management.subscription_id, group, name)

    def named(self) -> tuple[str | None, str, str]:
        """Subscription (None: the environment's), resource group and account.

        Raises:
            UsageError: the options name no account, or two. BatchManagementError: the stack cannot be read.
        """
        if self.stack:
            if self.resource_group or self.name:
                raise UsageError("give either --stack, or --resource-group and --name")
            from batchmgmt.stacks import read_stack

            outputs = read_stack(self.stack)
            return outputs.subscription_id, outputs.resource_group, outputs.account
        if not (self.resource_group and self.name):
            raise UsageError("an account is named by --resource-group (-g) and --name (-n), or by --stack")
        return self.subscription, self.resource_group, self.name


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
