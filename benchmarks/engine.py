# ruff: noqa: ARG002, ARG005 - stand-ins take what the real ones take
"""The engine against the SDK's floor: 200 pools, an instant provider in this process, state on disk.

The floor is the same program against a monitor that answers at once and decides nothing.
usage: python benchmarks/engine.py [COUNT]
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime import Settings, configure, run_in_stack
from pulumi.runtime.proto import provider_pb2, resource_pb2

from batchlocal.engine.hosting import PluginHost
from batchlocal.engine.monitor import FEATURES
from batchlocal.engine.operations import up
from batchlocal.engine.options import Options
from batchlocal.engine.project import find_project
from batchlocal.engine.stacks import Stack

_ROUNDS = 3
PROGRAM = """
import pulumi
from pulumi_azure_native import batch
image = batch.ImageReferenceArgs(publisher="canonical", offer="ubuntu-24_04-lts", sku="server", version="latest")
machine = batch.VirtualMachineConfigurationArgs(image_reference=image, node_agent_sku_id="batch.node.ubuntu 24.04")
for number in range(COUNT):
    batch.Pool(
        f"pool-{number}", resource_group_name="render", account_name="renderbatch", pool_name=f"pool-{number}",
        vm_size="Standard_D2s_v3", task_slots_per_node=4,
        deployment_configuration=batch.DeploymentConfigurationArgs(virtual_machine_configuration=machine),
        scale_settings=batch.ScaleSettingsArgs(fixed_scale=batch.FixedScaleSettingsArgs(target_dedicated_nodes=0)),
        start_task=batch.StartTaskArgs(command_line="/bin/sh -c 'echo ready'", wait_for_success=True))
"""


class InstantPlugin:
    """A provider that answers at once."""

    supports_preview = True
    configured = True

    def version(self) -> str:
        return "999.0.0"

    def configure(self, inputs: Any, urn: str, provider_id: str) -> None: ...

    def check_config(self, urn: str, olds: Any, news: Any) -> Any:
        return news

    def diff_config(self, urn: str, provider_id: str, old: Any, news: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def check(self, urn: str, olds: Any, news: Any, seed: bytes) -> Any:
        return news, []

    def diff(self, urn: str, resource_id: str, old: Any, news: Any, ignored: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def create(self, urn: str, inputs: Any, seconds: float, *, preview: bool) -> Any:
        return inputs["poolName"], {**inputs, "provisioningState": "Succeeded"}


class InstantMonitor:
    """What an SDK needs at the least."""

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802
        return resource_pb2.DeploymentInfo(
            project="floor", stack="dev", organization="organization", parallel=8, supportedFeatures=FEATURES
        )

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = f"urn:pulumi:dev::floor::{request.type}::{request.name}"
        return resource_pb2.RegisterResourceResponse(urn=urn, id="id", object=request.object)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()


def floor(program: str) -> float:
    """Seconds that the SDK needs for the program, with nothing behind it."""
    settings = Settings(project="floor", stack="dev", parallel=8, dry_run=False, monitor=InstantMonitor(), engine=None)
    configure(settings)
    began = time.monotonic()
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor(32))
        runner.run(run_in_stack(lambda: exec(compile(program, "program", "exec"), {"__name__": "__main__"})))
    return time.monotonic() - began


def measured(stack: Stack) -> float:
    began = time.monotonic()
    code = up(stack, Options(interactive=False, parallel=8, as_json=False))
    if code:
        raise SystemExit(code)
    return time.monotonic() - began


def one_round(program: str) -> tuple[float, float, float]:
    """Seconds of the floor, of a first up and of one without changes, on a stack of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Pulumi.yaml").write_text("name: floor\nruntime: python\n")
        (folder / "__main__.py").write_text(program)
        os.environ["PULUMI_BACKEND_URL"] = f"file://{folder}"
        stack = Stack(find_project(folder), "dev")
        stack.ensure()
        stack.load()
        with (folder / "out.txt").open("w") as out, contextlib.redirect_stdout(out):
            return floor(program), measured(stack), measured(stack)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    program = PROGRAM.replace("COUNT", str(count))
    os.environ["PULUMI_CONFIG_PASSPHRASE"] = "benchmark"
    PluginHost.plugin = lambda self, package: InstantPlugin()  # type: ignore[method-assign, assignment]
    PluginHost.prepare = lambda self, package: None  # type: ignore[method-assign]
    rounds = [one_round(program) for _ in range(_ROUNDS)]
    least, first, again = (statistics.median(one) for one in zip(*rounds, strict=True))
    print(f"{count} pools, medians of {_ROUNDS}: floor {least:.2f}s")
    print(f"first up      {first:.2f}s  {first / least:.1f} x floor")
    print(f"no-change up  {again:.2f}s  {again / least:.1f} x floor")


if __name__ == "__main__":
    main()
