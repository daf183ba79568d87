"""Which account a command line names; imports no more than that takes, for the commands that start at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from batchmgmt.errors import UsageError

if TYPE_CHECKING:
    from batchmgmt.stacks import StackOutputs

__all__ = ["Named", "named"]


class Named(NamedTuple):
    """An account by its names; ``subscription`` is None for the environment's, ``stack`` for one named without."""

    subscription: str | None
    resource_group: str
    account: str
    stack: StackOutputs | None = None


def named(resource_group: str | None, name: str | None, stack: str | None, subscription: str | None) -> Named:
    """The account of ``-g`` and ``-n``, or of ``--stack``.

    Raises:
        UsageError: no account is named, or two, or the stack is in another subscription.
        BatchManagementError: the stack cannot be read.
    """
    if not stack:
        if not (resource_group and name):
            raise UsageError("an account is named by --resource-group (-g) and --name (-n), or by --stack")
        return Named(subscription, resource_group, name)
    if resource_group or name:
        raise UsageError("give either --stack, or --resource-group and --name")
    from batchmgmt.stacks import read_stack

    found = read_stack(stack)
    if subscription and subscription.lower() != found.subscription_id.lower():
        raise UsageError(f"stack '{stack}' is in subscription {found.subscription_id}, not in {subscription}")
    return Named(found.subscription_id, found.resource_group, found.account, found)
