"""pycrdt-websocket under uvicorn, on a free port of loopback; runs in an environment of its own, not in ours.

Says its port as one JSON line, ends when its starter is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
from importlib.metadata import version

import uvicorn
from pycrdt.websocket import ASGIServer, WebsocketServer


async def main() -> None:
    """Serve until the starter is gone."""
    rooms = WebsocketServer()
    config = uvicorn.Config(ASGIServer(rooms), log_level="warning", ws="websockets-sansio", lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2048)
        async with rooms:
            serving = asyncio.create_task(server.serve([listener]), name="uvicorn")
            versions = {name: version(name) for name in ("pycrdt-websocket", "pycrdt", "uvicorn")}
            print(json.dumps({"port": listener.getsockname()[1], "versions": versions}), flush=True)
            await serving


def end_with_starter() -> None:
    """Standard input closes when the process that started us is gone."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_starter, daemon=True).start()
    asyncio.run(main())
