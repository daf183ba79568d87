"""The program under Pulumi's own mocks: a recording of what it registers."""

from __future__ import annotations

import asyncio
import json
import runpy
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import mocks, rpc, settings, stack

ROOT = Path(__file__).parents[2]
NOT_OWN = ("resourceGroupName", "accountName", "displayName")


@dataclass
class Recorder(pulumi.runtime.Mocks):
    """Answers as Azure would, and keeps every registration."""

    resources: list[pulumi.runtime.MockResourceArgs] = field(default_factory=list)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append(args)
        state = dict(args.inputs)
        if args.typ == "azure-native:batch:BatchAccount":
            state |= {"accountEndpoint": f"{state['accountName']}.{state['location']}.batch.azure.com"}
            state |= {"identity": {"type": "SystemAssigned", "principalId": "00000000-0000-0000-0000-00000000000a"}}
        if args.typ == "azure-native:storage:StorageAccount":
            state |= {"primaryEndpoints": {"blob": f"https://{state['accountName']}.blob.core.windows.net/"}}
        if args.typ == "batchmgmt:index:PoolChange":
            state |= {"currentName": state["poolName"], "drains": 0}
        state.setdefault("name", self._name(args))
        return f"/subscriptions/sub/resourceGroups/group/providers/{args.typ}/{args.name}", state

    @staticmethod
    def _name(args: pulumi.runtime.MockResourceArgs) -> str:
        named = [key for key in args.inputs if key.endswith("Name") and key not in NOT_OWN]
        own = named or [key for key in ("accountName", "resourceGroupName") if key in args.inputs]
        return str(args.inputs[own[0]]) if own else args.name

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return dict(args.args)

    def of(self, kind: str) -> list[pulumi.runtime.MockResourceArgs]:
        """The registrations of a type, by the end of its token."""
        return sorted((one for one in self.resources if one.typ.endswith(kind)), key=lambda one: one.name)

    def one(self, kind: str) -> Mapping[str, Any]:
        """The inputs of the only resource of a type."""
        [only] = self.of(kind)
        return only.inputs


def configuration(stack_name: str) -> dict[str, str]:
    """A stack's file as Pulumi hands it to the program: text, lists and maps as JSON."""
    document = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack_name}.yaml").read_text())
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in document["config"].items()}


@dataclass
class Deployed:
    """What a run of the program did."""

    recorder: Recorder
    outputs: dict[str, Any]


Deploy = Callable[..., Deployed]


def run(recorder: Recorder, stack_name: str, config: dict[str, str], program: Any) -> dict[str, Any]:
    """Run it and return the stack's outputs. The SDK's mocks want an event loop in every thread: we close ours."""
    loops: list[asyncio.AbstractEventLoop] = []

    def bring_loop() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    async def with_threads() -> dict[str, Any]:
        with ThreadPoolExecutor(4, initializer=bring_loop) as threads:
            asyncio.get_running_loop().set_default_executor(threads)
            return await _run(recorder, stack_name, config, program)

    try:
        return asyncio.run(with_threads())
    finally:
        for loop in loops:
            loop.close()


async def _run(recorder: Recorder, stack_name: str, config: dict[str, str], program: Any) -> dict[str, Any]:
    pulumi_config.set_all_config(config, [])
    mocks.set_mocks(recorder, project="batchenv", stack=stack_name, preview=False)
    settings.SETTINGS.root_directory = str(ROOT)

    def body() -> None:
        if program is not None:
            program()
        else:
            runpy.run_path(str(ROOT / "infra"), run_name="__main__")

    await stack.run_pulumi_func(body)
    found = settings.get_root_resource().outputs  # type: ignore[union-attr]
    return dict(await rpc.serialize_properties(found, {}))
