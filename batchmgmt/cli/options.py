"""Options that every command spells the same way, and the account they name."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Annotated

import typer

from batchmgmt.accounts import Account
from batchmgmt.arm import cloud_from_environment
from batchmgmt.cli import progress
from batchmgmt.clients import CachedCredential
from batchmgmt.errors import UsageError
from batchmgmt.lean import LeanHttp
from batchmgmt.management import BatchManagement, subscription_from_environment
from batchmgmt.stacks import read_stack

__all__ = ["AccountName", "ResourceGroup", "Stack", "Subscription", "Yes", "account_of", "confirm", "management_of"]

ResourceGroup = Annotated[
    str | None, typer.Option("--resource-group", "-g", help="Resource group of the account.", show_default=False)
]
AccountName = Annotated[str | None, typer.Option("--name", "-n", help="Name of the Batch account.", show_default=False)]
Stack = Annotated[
    str | None,
    typer.Option("--stack", help="Pulumi stack that deployed the account, instead of -g and -n.", show_default=False),
]
Subscription = Annotated[
    str | None,
    typer.Option("--subscription", help="Subscription id; else AZURE_SUBSCRIPTION_ID.", show_default=False),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def confirm(act: str, yes: bool) -> None:
    """Ask before what cannot be undone.

    Raises:
        UsageError: nobody is there to be asked, or the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"this would {act}: say --yes")
    progress.end()
    if not typer.confirm(f"{act[0].upper()}{act[1:]}?"):
        raise UsageError("nothing was done")


def management_of(subscription: str | None = None) -> BatchManagement:
    """The subscription's management, signed in by the environment's identity and the token cache.

    Raises:
        UsageError: no subscription is given. BatchManagementError: the cloud does not answer.
    """
    progress.begin()
    with closing(LeanHttp()) as http:
        cloud = cloud_from_environment(http)
    return BatchManagement(CachedCredential(cloud), subscription or subscription_from_environment(), cloud=cloud)


def account_of(
    resource_group: str | None, name: str | None, stack: str | None, subscription: str | None = None
) -> Account:
    """The account that the options name.

    Raises:
        UsageError: they name none, or two.
    """
    if stack:
        if resource_group or name:
            raise UsageError("give either --stack, or --resource-group and --name")
        outputs = read_stack(stack)
        return management_of(outputs.subscription_id).account(outputs.resource_group, outputs.account)
    if not (resource_group and name):
        raise UsageError("an account is named by --resource-group (-g) and --name (-n), or by --stack")
    return management_of(subscription).account(resource_group, name)
