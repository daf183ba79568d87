"""Policy packs: programs that see every resource before it is made, and may change, warn of or forbid it.

A pack is a folder with PulumiPolicy.yaml and a Python program that serves Pulumi's Analyzer protocol (pulumi-policy).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import yaml
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc

from batchlocal.engine.display import Display
from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.goals import Goal
from batchlocal.engine.hosting import Process
from batchlocal.engine.project import Config
from batchlocal.engine.state import Resource
from batchlocal.engine.urns import ROOT_TYPE, name_of, type_of
from batchlocal.engine.values import from_wire, to_wire

__all__ = ["PackOptions", "Policies"]

Values = dict[str, Any]

_LEVELS: Final = {"advisory": "ADVISORY", "mandatory": "MANDATORY", "remediate": "REMEDIATE", "disabled": "DISABLED"}


@dataclass(frozen=True)
class PackOptions:
    """Which packs to run: their folders, and files of settings in the same order."""

    folders: tuple[Path, ...] = ()
    settings: tuple[Path, ...] = ()


class Policies:
    """The packs of one operation."""

    def __init__(self, options: PackOptions, display: Display, *, preview: bool) -> None:
        self._display = display
        self._preview = preview
        self._options = options
        self._packs: list[_Pack] = []

    def start(self, names: tuple[str, str], config: Config, engine: str) -> None:
        """Start the packs for a project and a stack; ``engine`` is the address of the engine's log.

        Raises:
            EngineError: a pack cannot be read or does not start.
        """
        for place, folder in enumerate(self._options.folders):
            settings = self._options.settings[place : place + 1]
            about = _about(names, config, dry_run=self._preview)
            self._packs.append(_Pack(folder.resolve(), _read_settings(settings), about, engine))

    def close(self) -> None:
        """End the packs."""
        for pack in self._packs:
            pack.process.end()
            pack.process.close()

    def applied(self, urn: str, goal: Goal, inputs: Values, provider: Resource | None) -> tuple[Values, bool]:
        """A resource's inputs as remediations leave them, and whether a mandatory policy forbids them."""
        if not self._packs:
            return inputs, False
        for pack in self._packs:
            for one in pack.call("Remediate", _request(urn, goal, inputs, provider)).remediations:
                inputs = self._remediated(urn, one, inputs)
        request = _request(urn, goal, inputs, provider)
        found = [self._told(urn, one) for pack in self._packs for one in pack.call("Analyze", request).diagnostics]
        return inputs, any(found)

    def _remediated(self, urn: str, one: Any, inputs: Values) -> Values:
        if one.diagnostic:
            advice = pb.AnalyzeDiagnostic(enforcementLevel=pb.ADVISORY, message=one.diagnostic)
            advice.policyName, advice.description = one.policyName, one.description
            advice.policyPackName, advice.policyPackVersion = one.policyPackName, one.policyPackVersion
            self._told(urn, advice)
            return inputs
        after = from_wire(one.properties)
        self._display.remediation(urn, _named(one), inputs, after)
        return {**{name: value for name, value in inputs.items() if name.startswith("__")}, **after}

    def forbidden(self, resources: Iterable[Resource], goals: dict[str, Goal]) -> bool:
        """Whether a policy about the stack as a whole, looked at when all is done, forbids it."""
        if not self._packs:
            return False
        there = list(resources)
        providers = {one.urn: one for one in there}
        root = next((one.urn for one in there if one.type == ROOT_TYPE), "")
        request = pb.AnalyzeStackRequest(
            resources=[_stack_resource(one, goals.get(one.urn), providers.get(one.provider_urn)) for one in there]
        )
        found = [
            self._told(one.urn or root, one)
            for pack in self._packs
            for one in pack.call("AnalyzeStack", request).diagnostics
        ]
        return any(found)

    def _told(self, urn: str, one: Any) -> bool:
        """Show a violation; whether it is mandatory. What a remediation has not mended is."""
        mandatory = one.enforcementLevel in (pb.MANDATORY, pb.REMEDIATE)
        severity = pb.PolicySeverity.Name(one.severity).removeprefix("POLICY_SEVERITY_").lower()
        about = {
            **_named(one),
            "enforcementLevel": "mandatory" if mandatory else "advisory",
            **({"severity": severity} if severity != "unspecified" else {}),
        }
        self._display.violation(urn, about, f"{one.description}\n{one.message}".strip())
        return mandatory


class _Pack:
    """One pack's process."""

    def __init__(self, folder: Path, settings: Values, about: Any, engine: str) -> None:
        file = folder / "PulumiPolicy.yaml"
        if not file.is_file():
            raise EngineError(f"there is no policy pack in {folder}: it has no PulumiPolicy.yaml")
        project = yaml.safe_load(file.read_text()) or {}
        runtime = project.get("runtime") or ""
        name = runtime.get("name") if isinstance(runtime, dict) else runtime
        if name != "python":
            raise NeedsPulumi(f"policy packs in '{name}'; this engine runs Python packs")
        options = (runtime.get("options") or {}) if isinstance(runtime, dict) else {}
        self._folder = folder
        command = [_python(folder, options), "-u", "-m", "pulumi.policy", engine, "."]
        self.process = Process(f"policy pack {folder.name}", command, folder, _environment(about))
        channel = grpc.insecure_channel(f"127.0.0.1:{self.process.port()}")
        self._stub = analyzer_pb2_grpc.AnalyzerStub(channel)
        self._configure(about, settings)

    def _configure(self, about: Any, settings: Values) -> None:
        self.call("ConfigureStack", about, optional=True)
        info = self.call("GetAnalyzerInfo", empty_pb2.Empty())
        request = pb.ConfigureAnalyzerRequest()
        for policy in info.policies:
            chosen = {**_schema_defaults(policy), **_plain(info.initialConfig.get(policy.name))}
            for given in (settings.get("all"), settings.get(policy.name)):
                chosen.update({"enforcementLevel": given} if isinstance(given, str) else given or {})
            level = str(chosen.pop("enforcementLevel", "")) or pb.EnforcementLevel.Name(policy.enforcementLevel)
            if level.lower() not in _LEVELS:
                raise EngineError(f"policy '{policy.name}': there is no enforcement level '{level}'")
            one = request.policyConfig[policy.name]
            one.enforcementLevel = pb.EnforcementLevel.Value(_LEVELS[level.lower()])
            one.properties.CopyFrom(to_wire(chosen))
        self.call("Configure", request)

    def call(self, method: str, request: Any, *, optional: bool = False) -> Any:
        """Ask the pack.

        Raises:
            EngineError: it failed.
        """
        try:
            return getattr(self._stub, method)(request)
        except grpc.RpcError as error:
            if optional and error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise EngineError(f"the policy pack in {self._folder} failed: {error.details()}") from None


def _python(folder: Path, options: Values) -> str:
    """The interpreter of the pack's virtual environment, if it names one, else ours."""
    named = options.get("virtualenv")
    found = folder / str(named) / "bin" / "python" if named else None
    return str(found) if found is not None and found.exists() else sys.executable


def _about(names: tuple[str, str], config: Config, *, dry_run: bool) -> Any:
    project, stack = names
    return pb.AnalyzerStackConfigureRequest(
        stack=stack,
        project=project,
        organization="organization",
        dry_run=dry_run,
        config=config.values,
        config_secret_keys=sorted(config.secret_keys),
    )


def _environment(about: Any) -> dict[str, str]:
    return {
        **os.environ,
        "PULUMI_PROJECT": about.project,
        "PULUMI_STACK": about.stack,
        "PULUMI_ORGANIZATION": about.organization,
        "PULUMI_DRY_RUN": "true" if about.dry_run else "false",
        "PULUMI_CONFIG": json.dumps(dict(about.config)),
    }


def _read_settings(files: Iterable[Path]) -> Values:
    for file in files:
        try:
            found: Values = json.loads(file.read_text())
        except (OSError, ValueError) as error:
            raise EngineError(f"could not read the policy settings {file}: {error}") from None
        return found
    return {}


def _schema_defaults(policy: Any) -> Values:
    described = json_format.MessageToDict(policy.configSchema.properties)
    return {name: one["default"] for name, one in described.items() if isinstance(one, dict) and "default" in one}


def _plain(config: Any) -> Values:
    if config is None:
        return {}
    level = pb.EnforcementLevel.Name(config.enforcementLevel).lower()
    return {**json_format.MessageToDict(config.properties), "enforcementLevel": level}


def _named(one: Any) -> Values:
    return {
        "policyName": one.policyName,
        "policyPackName": one.policyPackName,
        "policyPackVersion": one.policyPackVersion,
        "policyPackVersionTag": one.policyPackVersion,
    }


def _shown(properties: Values) -> Any:
    return to_wire({name: value for name, value in properties.items() if not name.startswith("__")})


def _options(goal: Goal) -> Any:
    timeouts = pb.AnalyzerResourceOptions.CustomTimeouts(**goal.custom_timeouts)
    return pb.AnalyzerResourceOptions(
        protect=bool(goal.protect),
        ignoreChanges=goal.ignore_changes,
        deleteBeforeReplace=bool(goal.delete_before_replace),
        deleteBeforeReplaceDefined=goal.delete_before_replace is not None,
        additionalSecretOutputs=goal.additional_secret_outputs,
        customTimeouts=timeouts,
        parent=goal.parent,
    )


def _provider(provider: Resource | None) -> Any:
    if provider is None:
        return None
    return pb.AnalyzerProviderResource(
        type=provider.type, properties=_shown(provider.inputs), urn=provider.urn, name=name_of(provider.urn)
    )


def _request(urn: str, goal: Goal, inputs: Values, provider: Resource | None) -> Any:
    return pb.AnalyzeRequest(
        type=goal.type,
        properties=_shown(inputs),
        urn=urn,
        name=name_of(urn),
        options=_options(goal),
        provider=_provider(provider),
    )


def _stack_resource(one: Resource, goal: Goal | None, provider: Resource | None) -> Any:
    wanted = goal or Goal(one.type, name_of(one.urn), one.custom, one.inputs, one.parent)
    return pb.AnalyzerResource(
        type=type_of(one.urn),
        properties=_shown(one.outputs),
        urn=one.urn,
        name=name_of(one.urn),
        options=_options(wanted),
        provider=_provider(provider),
        parent=one.parent,
        dependencies=one.dependencies,
        propertyDependencies={
            name: pb.AnalyzerPropertyDependencies(urns=urns) for name, urns in one.property_dependencies.items()
        },
    )
