"""The two objects that a program's SDK talks to: the resource monitor and the engine's log."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from batchlocal.engine.deployment import Deployment, Stopped
from batchlocal.engine.display import Display
from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.goals import Goal
from batchlocal.engine.values import UNKNOWN, from_wire, has_unknown, to_wire

__all__ = ["EngineLog", "Monitor"]

_SUPPORTED = (
    resource_pb2.ResourceMonitorFeature.Value(name)
    for name in resource_pb2.ResourceMonitorFeature.keys()  # noqa: SIM118 - a protobuf enum, not a dict
    if name.endswith(("_SECRETS", "_OUTPUT_VALUES", "_RESOURCE_REFERENCES", "_DELETED_WITH"))
    and "INVOKE" not in name
    and "CALL" not in name
)
_FEATURES = tuple(_SUPPORTED)


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


class Monitor:
    """What ``pulumi.runtime.Settings(monitor=...)`` takes; called from several threads, may block."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.errors: list[EngineError] = []
        self.shutdown = threading.Event()

    def GetDeploymentInfo(self, request: Any) -> Any:
        """Who and what is deployed, and which features the monitor has."""
        deployment = self._deployment
        return resource_pb2.DeploymentInfo(
            project=deployment.names.project,
            stack=deployment.names.stack,
            organization="organization",
            config=deployment.config.values,
            configSecretKeys=sorted(deployment.config.secret_keys),
            dryRun=deployment.preview,
            parallel=deployment.parallel,
            supportedFeatures=_FEATURES,
        )

    def SupportsFeature(self, request: Any) -> Any:
        """Older SDKs ask feature by feature."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in ("secrets", "resourceReferences"))

    def RegisterResource(self, request: Any) -> Any:
        """Bring one resource to its goal and answer what it is now."""
        made = self._guarded(lambda: self._deployment.register(Goal.from_request(request)))
        answer = resource_pb2.RegisterResourceResponse(urn=made.urn, id=made.id)
        if made.custom:
            answer.object.CopyFrom(to_wire(made.outputs))
        return answer

    def ReadResource(self, request: Any) -> Any:
        """A resource that exists already, looked at and not managed."""
        goal = Goal(
            type=request.type,
            name=request.name,
            custom=True,
            inputs=from_wire(request.properties),
            parent=request.parent,
            dependencies=sorted(request.dependencies),
            provider=request.provider,
            version=request.version,
            additional_secret_outputs=list(request.additionalSecretOutputs),
        )
        made = self._guarded(lambda: self._deployment.read(goal, request.id))
        return resource_pb2.ReadResourceResponse(urn=made.urn, id=made.id, properties=to_wire(made.outputs))

    def RegisterResourceOutputs(self, request: Any) -> Any:
        """A component's outputs."""
        self._deployment.register_outputs(request.urn, from_wire(request.outputs))
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:
        """A provider's function; one with unknown arguments is not called."""
        from pulumi.runtime.proto import provider_pb2

        arguments = from_wire(request.args)
        if has_unknown(arguments):
            return provider_pb2.InvokeResponse(**{"return": to_wire({"unknown": UNKNOWN})})
        answer, failures = self._guarded(
            lambda: self._deployment.invoke(request.tok, arguments, request.provider, request.version)
        )
        return provider_pb2.InvokeResponse(**{"return": to_wire(answer)}, failures=failures)

    def SignalAndWaitForShutdown(self, request: Any) -> Any:
        """The program has registered everything."""
        self.shutdown.set()
        return empty_pb2.Empty()

    def Call(self, request: Any) -> NoReturn:
        """Methods of remote components."""
        self._needs_pulumi("methods of remote components")

    def RegisterPackage(self, request: Any) -> NoReturn:
        """Parameterized packages."""
        self._needs_pulumi("parameterized packages")

    def RegisterStackTransform(self, request: Any) -> NoReturn:
        """Stack transforms."""
        self._needs_pulumi("stack transforms")

    def RegisterStackInvokeTransform(self, request: Any) -> NoReturn:
        """Stack transforms of invokes."""
        self._needs_pulumi("stack transforms")

    def RegisterResourceHook(self, request: Any) -> NoReturn:
        """Resource hooks."""
        self._needs_pulumi("resource hooks")

    def RegisterErrorHook(self, request: Any) -> NoReturn:
        """Error hooks."""
        self._needs_pulumi("error hooks")

    def _needs_pulumi(self, what: str) -> NoReturn:
        error = NeedsPulumi(what)
        self.errors.append(error)
        raise _Refused(grpc.StatusCode.UNKNOWN, str(error))

    def _guarded(self, call: Callable[[], Any]) -> Any:
        """A failure is kept for the end of the run and ends the program quietly."""
        try:
            return call()
        except Stopped:
            raise _Refused(grpc.StatusCode.UNAVAILABLE, "the deployment has been stopped") from None
        except EngineError as error:
            self.errors.append(error)
            raise _Refused(grpc.StatusCode.UNAVAILABLE, str(error)) from None


class EngineLog:
    """What ``pulumi.runtime.Settings(engine=...)`` takes: the program's log lines."""

    _SEVERITIES = ("debug", "info", "warning", "error")

    def __init__(self, display: Display) -> None:
        self._display = display
        self.errors: list[str] = []

    def Log(self, request: Any) -> Any:
        """One line of the program's; debug lines are dropped."""
        severity = self._SEVERITIES[request.severity] if request.severity < len(self._SEVERITIES) else "info"
        text = request.message.rstrip()
        if severity == "error":
            self.errors.append(text)
        if severity != "debug" and text:
            self._display.diagnostic(severity, text)
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, request: Any) -> Any:
        """Any version is well: this engine is not versioned as the CLI is."""
        return engine_pb2.RequirePulumiVersionResponse()
