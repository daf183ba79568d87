"""Draw a fractal on Azure Batch: 64 tasks, a tile each, on the pool and the application package that a stack deployed.

    python examples/demo.py --stack local

The pool's nodes do the drawing. This program only adds the tasks, waits, and puts together what they wrote to linked
storage: a tile that no task uploaded is a hole, and an error. It works the same on Azure and on a local Batch.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from azure.batch import BatchClient, models
from azure.mgmt.storage import StorageManagementClient
from azure.storage.blob import BlobServiceClient, ContainerClient, ContainerSasPermissions, generate_container_sas
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from batchmgmt import BatchManagement, BatchManagementError, ServiceEndpoint

TILES = 8  # a side: 8 x 8 = 64 tasks
TILE_PIXELS = 64
SCENE = {"center": [-0.743643135, 0.131825963], "width": 0.0028, "iterations": 360}
SHADES = " .:-=+*#%@"  # dark to light
PATIENCE = timedelta(seconds=90)  # without any task getting further, the demo gives up
PATIENCE_WITH_FORMULA = timedelta(minutes=20)  # a formula is evaluated every 5 minutes at most, and nodes start slowly


class DemoFailed(Exception):
    """The demo cannot go on; the text is for the person who started it."""


@dataclass(frozen=True)
class Result:
    """What was drawn."""

    picture: Path
    tasks: int
    seconds: float
    nodes: int


def main() -> int:
    """Run the demo and print where the picture is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="local", help="the stack to draw on (default: local)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the picture (default: out)")
    options = parser.parse_args()
    console = Console()
    try:
        result = draw(BatchManagement.from_env(), options.stack, options.out, console)
    except (DemoFailed, BatchManagementError) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped; its job is deleted", file=sys.stderr)
        return 130
    show(result.picture, console)
    print(f"{result.tasks} tasks on {result.nodes} nodes in {result.seconds:.1f} s: {result.picture}")
    return 0


def draw(management: BatchManagement, stack: str, out: Path, console: Console) -> Result:
    """Add the tasks, wait for them and assemble their tiles."""
    started = time.monotonic()
    endpoint = management.endpoint(stack=stack)
    client = endpoint.client()
    pool, application = client.get_pool(endpoint.pools[0]), next(iter(endpoint.applications))
    check_nodes(client, pool)
    run = f"demo-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    with container(management, endpoint, run) as storage:
        storage.client.upload_blob("scene.json", json.dumps(SCENE))
        command = command_of(pool, application)
        places = [(x, y) for y in range(TILES) for x in range(TILES)]
        tasks = [drawing_task(x, y, storage.url, command) for x, y in places]
        with job(client, run, str(pool.id)):
            client.create_tasks(run, tasks)
            wait(client, run, len(tasks), PATIENCE_WITH_FORMULA if pool.enable_auto_scale else PATIENCE, console)
            nodes = check_tasks(client, run)
        picture = assemble(storage.client, out / "fractal.png")
    return Result(picture, len(tasks), time.monotonic() - started, nodes)


def check_nodes(client: BatchClient, pool: models.BatchPool) -> None:
    """Fail early, with the reason, when nothing could ever run the tasks; a formula brings nodes when some wait."""
    states = [str(node.state.value if node.state else "unknown") for node in client.list_nodes(str(pool.id))]
    if not pool.enable_auto_scale and not any(
        state in ("idle", "running", "starting", "creating", "waitingforstarttask") for state in states
    ):
        found = ", ".join(sorted(set(states))) or "none at all"
        raise DemoFailed(
            f"pool '{pool.id}' has no node that takes tasks (found: {found}); enable scheduling or resize it"
        )


def command_of(pool: models.BatchPool, application: str) -> str:
    """The command that starts the deployed application, by the variable that Batch gives on Linux nodes."""
    references = {found.application_id: found.version for found in pool.application_package_references or []}
    if application not in references:
        raise DemoFailed(f"pool '{pool.id}' does not carry application '{application}'")
    version = references[application]
    variable = f"AZ_BATCH_APP_PACKAGE_{application}" + (f"_{version}" if version else "")  # without: the default one
    for mark in ".-#":
        variable = variable.replace(mark, "_")
    return f'python3 "${variable}/fractal.py"'


def drawing_task(x: int, y: int, container_url: str, command: str) -> models.BatchTaskCreateOptions:
    """One tile's task: the scene comes in as a resource file, the tile goes out as an output file."""
    arguments = f"--scene scene.json --tile {x} {y} --tiles {TILES} --size {TILE_PIXELS} --out tile.png"
    base, _, sas = container_url.partition("?")
    upload = models.OutputFile(
        file_pattern="tile.png",
        destination=models.OutputFileDestination(
            container=models.OutputFileBlobContainerDestination(container_url=container_url, path=tile_name(x, y))
        ),
        upload_options=models.OutputFileUploadConfiguration(
            upload_condition=models.OutputFileUploadCondition.TASK_SUCCESS
        ),
    )
    return models.BatchTaskCreateOptions(
        id=f"tile-{x}-{y}",
        command_line=f"/bin/sh -c '{command} {arguments}'",
        resource_files=[models.ResourceFile(http_url=f"{base}/scene.json?{sas}", file_path="scene.json")],
        output_files=[upload],
    )


def tile_name(x: int, y: int) -> str:
    """The blob of one tile."""
    return f"tiles/{x}-{y}.png"


@dataclass(frozen=True)
class Storage:
    """A container of the linked storage: a client for us, a SAS URL for the tasks."""

    client: ContainerClient
    url: str


@contextmanager
def container(management: BatchManagement, endpoint: ServiceEndpoint, name: str) -> Iterator[Storage]:
    """A container for this run, gone afterwards. Tasks get a SAS for two hours, never the account's key."""
    assert endpoint.storage is not None
    account = endpoint.storage.account
    arm: StorageManagementClient = management.storage_sdk
    key = arm.storage_accounts.list_keys(endpoint.resource_group, account).keys_property[0].value
    service = BlobServiceClient(
        endpoint.storage.blob_endpoint.rstrip("/"), credential={"account_name": account, "account_key": key}
    )
    client = service.create_container(name)
    sas = generate_container_sas(
        account,
        name,
        account_key=key,
        permission=ContainerSasPermissions(read=True, write=True, create=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=2),
    )
    try:
        yield Storage(client, f"{client.url}?{sas}")
    finally:
        client.delete_container()


@contextmanager
def job(client: BatchClient, job_id: str, pool: str) -> Iterator[None]:
    """A job for this run, gone afterwards."""
    client.create_job(models.BatchJobCreateOptions(id=job_id, pool_info=models.BatchPoolInfo(pool_id=pool)))
    try:
        yield
    finally:
        client.begin_delete_job(job_id)


def wait(client: BatchClient, job_id: str, tasks: int, patience: timedelta, console: Console) -> None:
    """Follow the job's task counts until all have completed."""
    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    last, moved = -1, time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("drawing", total=tasks)
        while last < tasks:
            counts = client.get_job_task_counts(job_id).task_counts
            if counts.completed != last:
                last, moved = counts.completed, time.monotonic()
                progress.update(bar, completed=last)
            elif time.monotonic() - moved > patience.total_seconds():
                raise DemoFailed(
                    f"{last} of {tasks} tasks completed, and none got further for {patience.seconds} s:"
                    f" {counts.active} wait, {counts.running} run"
                )
            time.sleep(0.1)


def check_tasks(client: BatchClient, job_id: str) -> int:
    """Every task must have succeeded; returns how many nodes took part."""
    nodes = set()
    for task in client.list_tasks(job_id):
        ended = task.execution_info
        if ended is None or ended.exit_code != 0 or ended.failure_info is not None:
            text = (
                b"".join(client.download_task_file(job_id, str(task.id), "stderr.txt")).decode(errors="replace").strip()
            )
            said = (
                text.splitlines()[-1]
                if text
                else str(ended.failure_info.message if ended and ended.failure_info else "")
            )
            raise DemoFailed(f"task {task.id} failed with exit code {ended.exit_code if ended else None}: {said}")
        if task.node_info is not None:
            nodes.add(task.node_info.node_id)
    return len(nodes)


def assemble(storage: ContainerClient, picture: Path) -> Path:
    """Put the tiles together, from the blobs that tasks wrote and nothing else."""
    side = TILES * TILE_PIXELS
    whole = Image.new("RGB", (side, side))
    written = {blob.name for blob in storage.list_blobs(name_starts_with="tiles/")}
    for y in range(TILES):
        for x in range(TILES):
            if tile_name(x, y) not in written:
                raise DemoFailed(f"no task wrote the blob {tile_name(x, y)}")
            tile = Image.open(io.BytesIO(storage.download_blob(tile_name(x, y)).readall()))
            whole.paste(tile, (x * TILE_PIXELS, y * TILE_PIXELS))
    picture.parent.mkdir(parents=True, exist_ok=True)
    whole.save(picture)
    return picture


def show(picture: Path, console: Console) -> None:
    """A small rendering: in a terminal two coloured pixels a character, elsewhere shades of grey as characters."""
    columns = min(64, shutil.get_terminal_size().columns)
    with Image.open(picture) as whole:
        small = whole.convert("RGB").resize((columns, columns))
    for y in range(0, columns - 1, 2):
        pairs = [(small.getpixel((x, y)), small.getpixel((x, y + 1))) for x in range(columns)]
        if console.is_terminal:
            print("".join(coloured(upper, lower) for upper, lower in pairs) + "\x1b[0m")
        else:
            print("".join(SHADES[sum(upper + lower) * len(SHADES) // (6 * 256)] for upper, lower in pairs).rstrip())


def coloured(upper: tuple[int, ...], lower: tuple[int, ...]) -> str:
    """Two pixels, one above the other, as one character."""
    return "\x1b[38;2;{};{};{}m\x1b[48;2;{};{};{}m▀".format(*upper, *lower)


if __name__ == "__main__":
    sys.exit(main())
