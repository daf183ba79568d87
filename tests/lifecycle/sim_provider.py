"""A provider of things that live in a folder: package ``sim``, spoken to over its gRPC port.

SIM_CLOUD names the folder: ``things.json`` is what exists, ``faults.json`` maps ``METHOD NAME`` to an error's text.
"""

import asyncio
import json
import os
import signal
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

FOLDER = Path(os.environ["SIM_CLOUD"])
SIGNATURE = "4dabf18193072939515e22adb298388d"


def struct(values: dict) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def plain(value):
    if isinstance(value, dict):
        return plain(value["value"]) if SIGNATURE in value else {k: plain(v) for k, v in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def values(message) -> dict:
    return json_format.MessageToDict(message)


def stored(name: str) -> dict:
    file = FOLDER / name
    return json.loads(file.read_text()) if file.exists() else {}


def store(things: dict) -> None:
    draft = FOLDER / "things.new"
    draft.write_text(json.dumps(things))
    draft.replace(FOLDER / "things.json")


def kill_engine_if_asked() -> None:
    """SIM_KILL counts the moments before and after a change: at the one it names, the engine is killed and we end."""
    wanted = os.environ.get("SIM_KILL")
    if wanted:
        MOMENTS.append(None)
        if len(MOMENTS) == int(wanted):
            os.kill(os.getppid(), signal.SIGKILL)
            os._exit(0)


MOMENTS: list[None] = []


async def wait_if_asked(urn: str) -> None:
    """SIM_SLOW names a thing whose making takes until ``go`` is there; it says so in ``waiting``."""
    if os.environ.get("SIM_SLOW") == urn.split("::")[-1]:
        (FOLDER / "waiting").touch()
        while not (FOLDER / "go").exists():  # noqa: ASYNC110 - another process tells it by this file
            await asyncio.sleep(0.02)


async def refuse_if_asked(method: str, request, context) -> None:
    text = stored("faults.json").get(f"{method} {request.urn.split('::')[-1]}")
    if text:
        await context.abort(grpc.StatusCode.UNKNOWN, text)


class Sim(provider_pb2_grpc.ResourceProviderServicer):
    async def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")

    async def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request, context):
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    async def Configure(self, request, context):
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    async def Cancel(self, request, context):
        return empty_pb2.Empty()

    async def Check(self, request, context):
        if plain(values(request.news)).get("size") == "wrong":
            failure = provider_pb2.CheckFailure(property="size", reason="no thing has this size")
            return provider_pb2.CheckResponse(failures=[failure])
        return provider_pb2.CheckResponse(inputs=request.news)

    async def Diff(self, request, context):
        old, new = plain(values(request.old_inputs)), plain(values(request.news))
        changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some, diffs=changed, replaces=[k for k in changed if k == "name"], deleteBeforeReplace=False
        )

    async def Create(self, request, context):
        inputs = values(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        await refuse_if_asked("Create", request, context)
        await wait_if_asked(request.urn)
        things, name = stored("things.json"), plain(inputs["name"])
        if name in things:
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, f"thing {name} exists")
        kill_engine_if_asked()
        store({**things, name: plain(inputs)})
        kill_engine_if_asked()
        return provider_pb2.CreateResponse(id=name, properties=struct({**inputs, "address": f"sim://{name}"}))

    async def Update(self, request, context):
        inputs = values(request.news)
        if not request.preview:
            await refuse_if_asked("Update", request, context)
            store({**stored("things.json"), request.id: plain(inputs)})
        return provider_pb2.UpdateResponse(properties=struct({**inputs, "address": f"sim://{request.id}"}))

    async def Read(self, request, context):
        found = stored("things.json").get(request.id)
        if found is None:
            return provider_pb2.ReadResponse()
        outputs = struct({**found, "address": f"sim://{request.id}"})
        return provider_pb2.ReadResponse(id=request.id, inputs=struct(found), properties=outputs)

    async def Delete(self, request, context):
        await refuse_if_asked("Delete", request, context)
        await wait_if_asked(request.urn)
        store({name: thing for name, thing in stored("things.json").items() if name != request.id})
        return empty_pb2.Empty()


async def serve() -> None:
    server = grpc.aio.server()
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Sim(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


asyncio.run(serve())
