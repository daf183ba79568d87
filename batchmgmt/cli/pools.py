"""``batchmgmt pool``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from batchmgmt.cli import autoscale
from batchmgmt.cli.options import AccountName, ResourceGroup, Stack, Subscription, Yes, account_of, confirm
from batchmgmt.cli.output import Format, OutputFormat, document, say, show_all, show_one
from batchmgmt.cli.progress import waiting

__all__ = ["app"]

app = typer.Typer(help="Pools at management level: list, show, resize, wait, delete.", no_args_is_help=True)
app.add_typer(autoscale.app, name="autoscale")

PoolName = Annotated[str, typer.Argument(help="Id of the pool.", metavar="POOL")]


@app.command("list")
def list_pools(
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """List pools with their nodes and states.

    Examples:

        batchmgmt pool list --stack local
    """
    pools = account_of(resource_group, name, stack, subscription).pools.list()
    show_all([document(each) for each in pools], _row, format)


@app.command()
def show(
    pool: PoolName,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """Show one pool, with the errors of its last resize.

    Examples:

        batchmgmt pool show POOL --stack local --format yaml
    """
    found = account_of(resource_group, name, stack, subscription).pools.get(pool)
    show_one(document(found), _row, format)


@app.command()
def resize(
    pool: PoolName,
    dedicated: Annotated[int | None, typer.Option(min=0, help="Dedicated nodes the pool should have.")] = None,
    low_priority: Annotated[int | None, typer.Option(min=0, help="Low-priority (Spot) nodes.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until the pool is steady.")] = True,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
) -> None:
    """Change how many nodes a pool should have; fails with Azure's codes if they did not all come.

    Examples:

        batchmgmt pool resize POOL --dedicated 2 --stack local
    """
    pools = account_of(resource_group, name, stack, subscription).pools
    with waiting(f"resizing pool '{pool}'") as news:
        found = pools.resize(
            pool,
            dedicated=dedicated,
            low_priority=low_priority,
            wait=wait,
            progress=lambda pool: news(_nodes(document(pool))),
        )
    say(f"pool '{pool}' is {_nodes(document(found))}")


@app.command()
def wait(
    pool: PoolName,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 1200,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
) -> None:
    """Wait until a pool's allocation is steady; fails with Azure's codes if its resize ended in errors.

    Examples:

        batchmgmt pool wait POOL --stack local
    """
    pools = account_of(resource_group, name, stack, subscription).pools
    with waiting(f"waiting for pool '{pool}'") as news:
        pools.wait_steady(pool, timeout=timeout, progress=lambda pool: news(_nodes(document(pool))))
    say(f"pool '{pool}' is steady")


@app.command("stop-resize")
def stop_resize(
    pool: PoolName,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
) -> None:
    """Let a pool stay at the nodes it has now; one that is steady already stays as it is.

    Examples:

        batchmgmt pool stop-resize POOL --stack local
    """
    found = account_of(resource_group, name, stack, subscription).pools.stop_resize(pool)
    say(f"pool '{pool}' is {_nodes(document(found))}")


@app.command()
def delete(
    pool: PoolName,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    yes: Yes = False,
) -> None:
    """Delete a pool with its nodes, and wait until it is gone.

    Examples:

        batchmgmt pool delete POOL -g my-group -n myaccount --yes
    """
    account = account_of(resource_group, name, stack, subscription)
    confirm(f"delete pool '{pool}' of account '{account.name}' with its nodes", yes)
    with waiting(f"deleting pool '{pool}'") as news:
        account.pools.delete(pool, progress=lambda seconds: news(f"{seconds:.0f} s"))
    say(f"pool '{pool}' is gone")


def _row(pool: Mapping[str, Any]) -> dict[str, object]:
    properties = pool["properties"]
    errors = (properties.get("resizeOperationStatus") or {}).get("errors") or []
    fixed = (properties.get("scaleSettings") or {}).get("fixedScale") or {}
    return {
        "name": pool["name"],
        "vm size": properties.get("vmSize"),
        "dedicated": _of(properties.get("currentDedicatedNodes"), fixed.get("targetDedicatedNodes")),
        "low-priority": _of(properties.get("currentLowPriorityNodes"), fixed.get("targetLowPriorityNodes")),
        "allocation": properties.get("allocationState"),
        "state": properties.get("provisioningState"),
        "resize errors": [each.get("code") for each in errors],
    }


def _nodes(pool: Mapping[str, Any]) -> str:
    row = _row(pool)
    return f"{row['allocation']} with {row['dedicated']} dedicated and {row['low-priority']} low-priority nodes"


def _of(current: int | None, target: int | None) -> str:
    return f"{current or 0}" if target is None else f"{current or 0} of {target}"
