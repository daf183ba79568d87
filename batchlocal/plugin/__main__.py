"""The plugin's process: prints its port as the first bytes of its output, serves until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

import grpc

from batchlocal.plugin.protos import services
from batchlocal.plugin.servicer import AzureNative

_LARGEST_MESSAGE = 400 * 1024 * 1024  # bytes; what Pulumi's own plugins take
_LOOK_SECONDS = 1.0


async def serve() -> None:
    """Serve on a free port of the loopback."""
    parent = os.getppid()  # before the port is told: an engine may be killed as soon as it knows it
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    options = [
        ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
        ("grpc.max_send_message_length", _LARGEST_MESSAGE),
    ]
    server = grpc.aio.server(options=options)
    services.add_ResourceProviderServicer_to_server(AzureNative(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while not ended.is_set() and os.getppid() == parent:  # an engine that was killed tells nobody
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _LOOK_SECONDS)
    await server.stop(1)


def main() -> None:
    """Run until the engine ends the process; its address, the only argument, is not needed."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
