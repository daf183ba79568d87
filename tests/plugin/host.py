"""The plugin as an engine meets it: a process of its own, spoken to over its gRPC port."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import grpc
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from batchlocal.plugin import install

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
SECONDS = 60
Values = dict[str, Any]


class Refused(Exception):
    """The plugin answered with an error; ``partial`` is what it made all the same."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.partial: pb.ErrorResourceInitFailed | None = None
        for name, value in error.trailing_metadata() or ():
            if name == "grpc-status-details-bin":
                self.partial = pb.ErrorResourceInitFailed()
                status_pb2.Status.FromString(value).details[0].Unpack(self.partial)


class Plugin:
    """A running plugin; what it prints is kept in ``log``."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.log = folder / "plugin.log"
        self._errors = self.log.open("w")
        self._process = subprocess.Popen(
            [install(folder), "127.0.0.1:1"],
            env={"PATH": "/usr/bin:/bin", **environment},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self._process.stdout is not None
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(self._process.stdout.readline())}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        self._process.terminate()
        assert self._process.stdout is not None
        rest = self._process.communicate(timeout=SECONDS)[0]
        self._errors.close()
        assert rest == "", "anything after the port would become a diagnostic"

    def configure(self, **settings: str) -> Any:
        return self._call("Configure", pb.ConfigureRequest(args=struct(settings), acceptSecrets=True))

    def check(self, token: str, news: Values, olds: Values | None = None, name: str = "thing", **more: Any) -> Any:
        seed = more.pop("seed", b"\x01" * 32)
        request = pb.CheckRequest(urn=urn(token, name), news=struct(news), randomSeed=seed, **more)
        if olds is not None:
            request.olds.CopyFrom(struct(olds))
        return self._call("Check", request)

    def inputs(self, token: str, news: Values, olds: Values | None = None, name: str = "thing") -> Values:
        """The checked inputs; there must be nothing against them."""
        answer = self.check(token, news, olds, name)
        assert not answer.failures, answer.failures
        return values(answer.inputs)

    def faults(self, token: str, news: Values, name: str = "thing") -> dict[str, str]:
        """What Check has against some inputs, by property."""
        return {one.property: one.reason for one in self.check(token, news, None, name).failures}

    def diff(self, token: str, old: Values, new: Values, outputs: Values | None = None, id: str = "") -> Any:
        request = pb.DiffRequest(
            id=id, urn=urn(token), old_inputs=struct(old), olds=struct(outputs or old), news=struct(new)
        )
        return self._call("Diff", request)

    def create(self, token: str, inputs: Values, *, preview: bool = False, timeout: float = 0) -> tuple[str, Values]:
        request = pb.CreateRequest(urn=urn(token), properties=struct(inputs), preview=preview, timeout=timeout)
        answer = self._call("Create", request)
        return answer.id, values(answer.properties)

    def update(self, token: str, id: str, old: Values, new: Values, *, preview: bool = False) -> Values:
        request = pb.UpdateRequest(
            id=id, urn=urn(token), old_inputs=struct(old), olds=struct(old), news=struct(new), preview=preview
        )
        return values(self._call("Update", request).properties)

    def read(self, token: str, id: str, outputs: Values | None = None, inputs: Values | None = None) -> Any:
        request = pb.ReadRequest(id=id, urn=urn(token))
        if outputs is not None:
            request.properties.CopyFrom(struct(outputs))
        if inputs is not None:
            request.inputs.CopyFrom(struct(inputs))
        return self._call("Read", request)

    def delete(self, token: str, id: str) -> None:
        self._call("Delete", pb.DeleteRequest(id=id, urn=urn(token)))

    def invoke(self, token: str, **arguments: Any) -> Values:
        answer = self._call("Invoke", pb.InvokeRequest(tok=f"azure-native:{token}", args=struct(arguments)))
        return values(getattr(answer, "return"))

    def _call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self.stub, method)(request, timeout=SECONDS)
        except grpc.RpcError as error:
            raise Refused(error) from None


def urn(token: str, name: str = "thing") -> str:
    return f"urn:pulumi:dev::batch::my:env:Env$azure-native:{token}::{name}"


def struct(given: Values) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    json_format.ParseDict(given, made)
    return made


def values(given: struct_pb2.Struct) -> Values:
    return json_format.MessageToDict(given)


def secret_value(given: Any) -> Any:
    """The value of what must be marked secret."""
    assert given[SIGNATURE] == SECRET
    return given["value"]
