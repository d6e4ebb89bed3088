"""How late the other workers' event loops are while a large document is loaded, joined by many, edited and saved.

    python -m benchmarks.big_document [--megabytes 10] [--joiners 200] [--workers 1] [--heavy-workers 1]

Starts a server of its own. The lag is read from its `/metrics`: the histogram of the regular workers, and that of the
worker for large documents. `idle` is the worst lag of a process that does nothing but measure, in the same time: what
the machine itself adds. `--heavy-workers 0` shows what it is like without a worker for large documents.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from collab.document import Document, Splice
from collab.limits import MIB, Limits
from collab.protocol.messages import SyncStep2, decode_message, encode_sync_step1, encode_update

LIMITS = Limits()
EMPTY_VECTOR = b"\x00"
LAG = re.compile(r'^collab_(heavy_)?event_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)', re.MULTILINE)
IDLE = """
import asyncio, sys
async def main():
    loop, worst = asyncio.get_running_loop(), 0.0
    loop.add_reader(0, lambda: asked.set())
    asked = asyncio.Event()
    while True:
        due = loop.time() + 0.02
        await asyncio.sleep(0.02)
        worst = max(worst, loop.time() - due)
        if asked.is_set():
            if not sys.stdin.readline():
                return
            print(worst, flush=True)
            worst = 0.0
            asked.clear()
asyncio.run(main())
"""
WORDS = "the quick brown fox jumps over the lazy dog and writes another line of prose "


class Site:
    """A server over one folder with one large file."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.file = folder / "docs" / "big.md"
        self.file.parent.mkdir()
        lines = int(options.megabytes * MIB) // (len(WORDS) + 8)
        self.file.write_text("".join(f"{number:06} {WORDS}\n" for number in range(lines)), encoding="utf-8")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
        environ |= {
            "COLLAB_PORT": str(port),
            "COLLAB_DATA": str(folder / "data"),
            "COLLAB_SERVER_WORKERS": str(options.workers),
            "COLLAB_SERVER_HEAVY_WORKERS": str(options.heavy_workers),
            "COLLAB_LIMITS_FILE_SIZE_BYTES": str(64 * MIB),
            "COLLAB_LIMITS_LOAD_TIMEOUT_S": "120",
        }
        self.process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", "collab", "serve", str(self.file.parent)],
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        self.idle = subprocess.Popen(  # noqa: S603  # our own interpreter
            [sys.executable, "-c", IDLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def idle_lag_ms(self) -> float:
        """The worst since it was asked last."""
        if self.idle.stdin is None or self.idle.stdout is None:
            return 0.0
        self.idle.stdin.write("\n")
        self.idle.stdin.flush()
        return round(float(self.idle.stdout.readline()) * 1000, 1)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.idle.kill()
        self.idle.wait()

    async def ready(self, client: httpx.AsyncClient) -> None:
        async with asyncio.timeout(60):
            while True:
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)

    async def lag(self, client: httpx.AsyncClient) -> dict[str, list[tuple[float, float]]]:
        """For both kinds of workers the counts of the histogram, cumulative."""
        found: dict[str, list[tuple[float, float]]] = {"regular": [], "heavy": []}
        for heavy, bound, count in LAG.findall((await client.get(f"{self.url}/metrics")).text):
            found["heavy" if heavy else "regular"].append((float(bound), float(count)))
        return found


def worst(before: list[tuple[float, float]], after: list[tuple[float, float]]) -> str:
    """The bucket of the largest lag between two readings."""
    earlier = dict(before)
    grown = [(bound, count - earlier.get(bound, 0.0)) for bound, count in after]
    total = grown[-1][1] if grown else 0.0
    if not total:
        return "none"
    bound = next(bound for bound, count in grown if count == total)
    return f"<= {bound * 1000:g} ms of {total:g}"


async def join(opened: dict[str, str]) -> tuple[ClientConnection, bytes]:
    offered = [Subprotocol("collab.v1"), Subprotocol(f"token.{opened['token']}")]
    address = opened["websocket_url"].partition("?")[0] + "?v=1"
    client = await connect(
        address, subprotocols=offered, compression=None, max_size=None, open_timeout=120, ping_interval=None
    )
    await client.send(encode_sync_step1(EMPTY_VECTOR))
    async for data in client:
        message = decode_message(data if isinstance(data, bytes) else b"", LIMITS)
        if isinstance(message, SyncStep2):
            return client, message.update
    raise ConnectionError("no answer")


async def measured(options: argparse.Namespace, site: Site) -> None:
    async with httpx.AsyncClient(timeout=180) as client:
        await site.ready(client)
        opened: dict[str, str] = {}
        clients: list[ClientConnection] = []
        state = b""

        async def load() -> None:
            answer = await client.post(f"{site.url}/api/v1/documents/open", json={"path": "big.md"})
            opened.update(answer.raise_for_status().json())

        async def storm() -> None:
            nonlocal state
            joined = await asyncio.gather(*(join(opened) for _ in range(options.joiners)))
            clients.extend(one for one, _ in joined)
            state = joined[0][1]

        async def edit_and_save() -> None:
            document = Document.from_updates([state])
            update = document.changed_by(lambda: document.edit_text([Splice(0, 0, "edited ")]))
            await clients[0].send(encode_update(update))
            answer = await client.post(f"{site.url}/api/v1/documents/{opened['document_id']}/save", json={})
            answer.raise_for_status()
            async with asyncio.timeout(60):
                while not site.file.read_bytes().startswith(b"edited "):  # noqa: ASYNC110  # another process writes it
                    await asyncio.sleep(0.1)

        for name, step in (("load", load), ("join", storm), ("edit and save", edit_and_save)):
            await report(name, step, site, client)
        for one in clients:
            one.transport.abort()


async def report(name: str, step: Callable[[], Awaitable[None]], site: Site, client: httpx.AsyncClient) -> None:
    before, _, begun = await site.lag(client), site.idle_lag_ms(), time.monotonic()
    await step()
    taken = time.monotonic() - begun
    after = await site.lag(client)
    lag = {kind: worst(before[kind], after[kind]) for kind in after} | {"idle": f"{site.idle_lag_ms()} ms"}
    print(json.dumps({"step": name, "seconds": round(taken, 2), "lag": lag}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--joiners", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--heavy-workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        site = Site(Path(name), options)
        try:
            asyncio.run(measured(options, site))
        finally:
            site.stop()


if __name__ == "__main__":
    main()
