"""The two objects that a program's SDK talks to: the resource monitor and the engine's log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from batchlocal.engine.assets import hashed
from batchlocal.engine.deployment import Deployment, Skipped, refused
from batchlocal.engine.display import Display
from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.goals import Goal
from batchlocal.engine.run import Stopped
from batchlocal.engine.state import Resource
from batchlocal.engine.transforms import Transforms
from batchlocal.engine.values import from_wire, has_unknown, to_wire

__all__ = ["FEATURES", "EngineLog", "InputRefused", "Monitor"]

Values = dict[str, Any]

# What this monitor takes. Options that only the Pulumi CLI performs are offered too, to be refused by name.
FEATURES = tuple(
    resource_pb2.ResourceMonitorFeature.Value(f"RESOURCE_MONITOR_FEATURE_{name}")
    for name in (
        "SECRETS",
        "RESOURCE_REFERENCES",
        "OUTPUT_VALUES",
        "ALIAS_SPECS",
        "DELETED_WITH",
        "REPLACE_WITH",
        "TRANSFORMS",
        "INVOKE_TRANSFORMS",
        "RESOURCE_HOOKS",
        "ERROR_HOOKS",
    )
)
_OLDER_NAMES = (
    "secrets",
    "resourceReferences",
    "outputValues",
    "aliasSpecs",
    "deletedWith",
    "transforms",
    "invokeTransforms",
)


class _Refused(grpc.RpcError):  # type: ignore[misc]  # grpc has no types
    """An error as the SDK expects it from a monitor: with ``code`` and ``details``."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        """gRPC's status code."""
        return self._code

    def details(self) -> str:
        """The sentence."""
        return self._details


class InputRefused(_Refused):
    """What the program registers cannot be taken; its SDK raises an exception that tells nothing more."""

    def __init__(self, details: str) -> None:
        super().__init__(grpc.StatusCode.UNKNOWN, details)


class Monitor:
    """What ``pulumi.runtime.Settings(monitor=...)`` takes; called from several threads, may block."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._run = deployment.run
        self._transforms = Transforms()

    def GetDeploymentInfo(self, request: Any) -> Any:
        """Who and what is deployed, and which features the monitor has."""
        run = self._run
        return resource_pb2.DeploymentInfo(
            project=run.names.project,
            stack=run.names.stack,
            organization="organization",
            config=run.config.values,
            configSecretKeys=sorted(run.config.secret_keys),
            dryRun=run.preview,
            parallel=run.settings.width,
            supportedFeatures=FEATURES,
        )

    def SupportsFeature(self, request: Any) -> Any:
        """Older SDKs ask feature by feature."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _OLDER_NAMES)

    def RegisterResource(self, request: Any) -> Any:
        """Bring one resource to its goal and answer what it is now."""
        try:
            made = self._guarded(lambda: self._registered(request))
        except Skipped as skipped:
            result = resource_pb2.Result.FAIL if skipped.failed else resource_pb2.Result.SUCCESS
            return resource_pb2.RegisterResourceResponse(urn=skipped.urn, result=result, unknown=not skipped.failed)
        answer = resource_pb2.RegisterResourceResponse(urn=made.urn, id=made.id)
        if made.custom:
            answer.object.CopyFrom(to_wire(made.outputs))
        return answer

    def _registered(self, request: Any) -> Resource:
        if request.remote:
            raise NeedsPulumi("remote components")
        if request.packageRef:
            raise NeedsPulumi("parameterized packages")
        if len(request.type.split(":")) != 3:
            text = f"Type '{request.type}' is not a valid type token (must have format '*:*:*')"
            raise InputRefused(text)
        names = self._run.names
        changed = self._answered(lambda: self._transforms.apply(request, names.project, names.stack))
        try:
            goal = Goal.from_request(changed)
        except EngineError as error:
            raise InputRefused(str(error)) from None
        goal.inputs = self._with_hashes(goal.inputs, "unmarshal properties")
        if (refusal := refused(goal)) is not None:
            raise refusal
        return self._deployment.register(goal)

    def ReadResource(self, request: Any) -> Any:
        """A resource that exists already, looked at and not managed."""
        goal = Goal(
            type=request.type,
            name=request.name,
            custom=True,
            inputs=self._with_hashes(from_wire(request.properties), "unmarshal properties"),
            parent=request.parent,
            dependencies=sorted(request.dependencies),
            provider=request.provider,
            version=request.version,
            plugin_url=request.pluginDownloadURL,
            additional_secret_outputs=list(request.additionalSecretOutputs),
        )
        try:
            made = self._guarded(lambda: self._deployment.read(goal, request.id))
        except Skipped as skipped:
            return resource_pb2.ReadResourceResponse(urn=skipped.urn, properties=to_wire({}))
        return resource_pb2.ReadResourceResponse(urn=made.urn, id=made.id, properties=to_wire(made.outputs))

    def RegisterResourceOutputs(self, request: Any) -> Any:
        """A component's outputs."""
        outputs = self._with_hashes(from_wire(request.outputs), "cannot unmarshal output properties")
        self._deployment.register_outputs(request.urn, outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:
        """A provider's function; one with unknown arguments is not called."""
        request = self._answered(lambda: self._transforms.apply_invoke(request))
        arguments = from_wire(request.args)
        if has_unknown(arguments):
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        goal = Goal(
            type=request.tok,
            name="",
            custom=True,
            inputs=arguments,
            parent=request.parent,
            provider=request.provider,
            version=request.version,
            plugin_url=request.pluginDownloadURL,
        )
        answer, failures = self._answered(lambda: self._deployment.invoke(goal))
        return resource_pb2.ResourceInvokeResponse(**{"return": to_wire(answer)}, failures=failures)

    def SignalAndWaitForShutdown(self, request: Any) -> Any:
        """The program has registered everything."""
        return empty_pb2.Empty()

    def Call(self, request: Any) -> NoReturn:
        """Methods of remote components."""
        self._needs_pulumi("methods of remote components")

    def ExistsResource(self, request: Any) -> NoReturn:
        """Whether a resource is there, without reading it; newer than the CLI whose rules are kept here."""
        self._needs_pulumi("asking whether a resource exists")

    def RegisterPackage(self, request: Any) -> NoReturn:
        """Parameterized packages."""
        self._needs_pulumi("parameterized packages")

    def RegisterStackTransform(self, request: Any) -> Any:
        """A function of the program that may change every registration."""
        self._transforms.add(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:
        """A function of the program that may change every function call."""
        self._transforms.add_invoke(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> NoReturn:
        """Resource hooks."""
        self._needs_pulumi("resource hooks")

    def RegisterErrorHook(self, request: Any) -> NoReturn:
        """Error hooks."""
        self._needs_pulumi("error hooks")

    def _with_hashes(self, values: Values, doing: str) -> Values:
        """The values with the hashes of their assets; a file that cannot be read is the program's to deal with."""
        try:
            found: Values = hashed(values)
        except NeedsPulumi as error:
            self._guarded_raise(error)
        except EngineError as error:
            raise InputRefused(f"{doing}: {error}") from None
        return found

    def _needs_pulumi(self, what: str) -> NoReturn:
        self._guarded_raise(NeedsPulumi(what))

    def _guarded_raise(self, error: EngineError) -> NoReturn:
        def refuse() -> NoReturn:
            raise error

        self._guarded(refuse)
        raise AssertionError

    @staticmethod
    def _answered(call: Callable[[], Any]) -> Any:
        """A failure is the program's to deal with."""
        try:
            return call()
        except Stopped:
            raise _Refused(grpc.StatusCode.UNAVAILABLE, "the deployment has been stopped") from None
        except EngineError as error:
            raise _Refused(grpc.StatusCode.UNKNOWN, str(error)) from None

    def _guarded(self, call: Callable[[], Any]) -> Any:
        """A failure is told and kept for the end of the run; to the program it ends quietly."""
        try:
            return call()
        except Stopped:
            raise _Refused(grpc.StatusCode.UNAVAILABLE, "the deployment has been stopped") from None
        except EngineError as error:
            self._run.note(error)
            self._run.stop()
            raise _Refused(grpc.StatusCode.UNAVAILABLE, str(error)) from None


class EngineLog:
    """What ``pulumi.runtime.Settings(engine=...)`` takes: the log lines of the program, and of plugins."""

    _SEVERITIES = ("debug", "info", "warning", "error")

    def __init__(self, display: Display) -> None:
        self._display = display
        self._root = ""

    def Log(self, request: Any) -> Any:
        """One line; debug lines are dropped. A program that logs an error and goes on has not failed."""
        severity = self._SEVERITIES[request.severity] if request.severity < len(self._SEVERITIES) else "info"
        text = request.message.rstrip()
        if severity != "debug" and text:
            self._display.diagnostic(severity, text, request.urn)
        return empty_pb2.Empty()

    def SetRootResource(self, request: Any) -> Any:
        """Older SDKs name the stack; newer ones fill it in themselves."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(self, request: Any) -> Any:
        """The stack, as it was named."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def RequirePulumiVersion(self, request: Any) -> Any:
        """Any version is well: this engine is not versioned as the CLI is."""
        return engine_pb2.RequirePulumiVersionResponse()
