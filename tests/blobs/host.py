"""Runs a blob server as batchlocal does, for tests that kill it: ``host.py FOLDER``.

Reads the accounts, one line of JSON, from standard input; prints the port once blobs are served,
and serves until standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from batchlocal.blobs import BlobServer


async def main(folder: Path) -> None:
    server = BlobServer(folder, folder.parent / "cert.pem", folder.parent / "key.pem")
    await server.set_accounts(json.loads(sys.stdin.readline()))
    await server.start()
    print(server.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


asyncio.run(main(Path(sys.argv[1])))
