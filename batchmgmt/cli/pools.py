"""``batchmgmt pool``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batchmgmt.cli import autoscale, queries
from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.options import OutputFormat, Yes, confirm, with_account_options
from batchmgmt.cli.output import Format, document, say
from batchmgmt.cli.progress import waiting
from batchmgmt.pools import Deallocation

if TYPE_CHECKING:
    from azure.mgmt.batch.models import Pool

__all__ = ["app"]

app = typer.Typer(help="Pools at management level: list, show, resize, drain, wait, delete.", no_args_is_help=True)
app.add_typer(autoscale.app, name="autoscale")

PoolName = Annotated[str, typer.Argument(help="Id of the pool.", metavar="POOL")]


@app.command("list")
@with_account_options
def list_pools(
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """List pools with their nodes and states.

    Examples:

        batchmgmt pool list --stack local
    """
    queries.list_pools(options, format)


@app.command()
@with_account_options
def show(
    pool: PoolName,
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """Show one pool, with the errors of its last resize.

    Examples:

        batchmgmt pool show POOL --stack local --format yaml
    """
    queries.show_pool(pool, options, format)


@app.command()
@with_account_options
def resize(
    pool: PoolName,
    dedicated: Annotated[int | None, typer.Option(min=0, help="Dedicated nodes the pool should have.")] = None,
    low_priority: Annotated[int | None, typer.Option(min=0, help="Low-priority (Spot) nodes.")] = None,
    deallocation: Annotated[
        Deallocation | None, typer.Option(help="What becomes of leaving nodes' tasks; Azure's own: Requeue.")
    ] = None,
    resize_timeout: Annotated[
        float | None, typer.Option(min=300, help="Seconds after which Azure gives up; Azure's own: 900.")
    ] = None,
    replace_formula: Annotated[
        bool, typer.Option("--replace-formula", help="Also if the pool scales itself: its formula goes.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until the pool is steady.")] = True,
    *,
    options: AccountOptions,
) -> None:
    """Change how many nodes a pool should have; fails with Azure's codes if they did not all come.

    Examples:

        batchmgmt pool resize POOL --dedicated 2 --stack local

        batchmgmt pool resize POOL --dedicated 1 --deallocation TaskCompletion --resize-timeout 3600 --stack local
    """
    pools = options.account().pools
    with waiting(f"resizing pool '{pool}'") as news:
        found = pools.resize(
            pool,
            dedicated=dedicated,
            low_priority=low_priority,
            deallocation=deallocation,
            resize_timeout=resize_timeout,
            replace_formula=replace_formula,
            wait=wait,
            progress=lambda pool: news(_nodes(document(pool))),
        )
    say(f"pool '{pool}' is {_nodes(document(found))}")


@app.command()
@with_account_options
def drain(
    pool: PoolName,
    deallocation: Annotated[Deallocation, typer.Option(help="What becomes of the nodes' tasks.")] = "TaskCompletion",
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that nodes may take to go.")] = 3600,
    *,
    options: AccountOptions,
    yes: Yes = False,
) -> None:
    """Bring a pool to no nodes and wait, so that Azure takes changes that it takes of empty pools only.

    Tasks that run may end, and no new ones start, unless --deallocation says otherwise. The pool's formula, if it has
    one, is disabled; how to bring the nodes back is said before.

    Examples:

        batchmgmt pool drain POOL --stack local --yes
    """
    account = options.account()
    confirm(f"bring pool '{pool}' of account '{account.name}' to no nodes", yes)
    say(_way_back(account.pools.get(pool)))
    with waiting(f"draining pool '{pool}'") as news:
        account.pools.drain(
            pool,
            deallocation=deallocation,
            timeout=timeout,
            progress=lambda pool: news(_nodes(document(pool))),
        )
    say(f"pool '{pool}' has no nodes")


@app.command()
@with_account_options
def wait(
    pool: PoolName,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 1200,
    *,
    options: AccountOptions,
) -> None:
    """Wait until a pool's allocation is steady; fails with Azure's codes if its resize ended in errors.

    Examples:

        batchmgmt pool wait POOL --stack local
    """
    pools = options.account().pools
    with waiting(f"waiting for pool '{pool}'") as news:
        pools.wait_steady(pool, timeout=timeout, progress=lambda pool: news(_nodes(document(pool))))
    say(f"pool '{pool}' is steady")


@app.command("stop-resize")
@with_account_options
def stop_resize(
    pool: PoolName,
    options: AccountOptions,
) -> None:
    """Let a pool stay at the nodes it has now; one that is steady already stays as it is.

    Examples:

        batchmgmt pool stop-resize POOL --stack local
    """
    found = options.account().pools.stop_resize(pool)
    say(f"pool '{pool}' is {_nodes(document(found))}")


@app.command()
@with_account_options
def delete(
    pool: PoolName,
    options: AccountOptions,
    yes: Yes = False,
) -> None:
    """Delete a pool with its nodes, and wait until it is gone.

    Examples:

        batchmgmt pool delete POOL -g my-group -n myaccount --yes
    """
    account = options.account()
    confirm(f"delete pool '{pool}' of account '{account.name}' with its nodes", yes)
    with waiting(f"deleting pool '{pool}'") as news:
        account.pools.delete(pool, progress=lambda seconds: news(f"{seconds:.0f} s"))
    say(f"pool '{pool}' is gone")


def _way_back(pool: Pool) -> str:
    """How its nodes come back after it is drained, which changes its scale settings."""
    scale = pool.properties.scale_settings if pool.properties else None
    if scale and scale.auto_scale:
        return (
            f"pool '{pool.name}' loses its autoscale formula, to be set again afterwards:\n{scale.auto_scale.formula}"
        )
    fixed = scale.fixed_scale if scale else None
    dedicated, low_priority = (fixed.target_dedicated_nodes, fixed.target_low_priority_nodes) if fixed else (0, 0)
    command = f"batchmgmt pool resize {pool.name} --dedicated {dedicated or 0} --low-priority {low_priority or 0}"
    if fixed and fixed.resize_timeout:
        command += f" --resize-timeout {fixed.resize_timeout.total_seconds():.0f}"
    return f"to bring the nodes of pool '{pool.name}' back afterwards: {command}"


def _nodes(pool: Mapping[str, Any]) -> str:
    row = queries.pool_row(pool)
    return f"{row['allocation']} with {row['dedicated']} dedicated and {row['low-priority']} low-priority nodes"
