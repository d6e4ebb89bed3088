"""S16: sockets that say nothing, or one byte at a time, delay nobody and do not stay."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from pathlib import Path

from collab.web.pages import Bundle
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running, first_json, make_config, running

IDLE, DRIPPING = 200, 200
HEAD = b"GET /ws/x HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


async def drip(port: int, opened: asyncio.Event) -> str:
    """Send a request head byte by byte until the server has enough of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    opened.set()
    with contextlib.suppress(ConnectionError):
        for byte in HEAD + b"x" * 10_000:
            writer.write(bytes([byte]))
            await writer.drain()
            if reader.at_eof():
                break
            await asyncio.sleep(0.1)
    writer.close()
    return "cut"


async def idle(port: int, opened: asyncio.Event) -> str:
    """Connect and say nothing until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    opened.set()
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    return "cut"


async def flooded(folder: Path, bundle: Bundle, timeout_s: float) -> tuple[float, list[str], float]:
    """How long an honest client takes to join among them, and how they ended, after how long."""
    config = make_config(folder)
    limits = replace(config.limits, handshake_timeout_s=timeout_s)
    async with running(replace(config, limits=limits), bundle) as server:
        opened = [asyncio.Event() for _ in range(IDLE + DRIPPING)]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task((idle if number < IDLE else drip)(server.port, event))
                for number, event in enumerate(opened)
            ]
            for event in opened:
                await event.wait()
            began = time.monotonic()
            await join(server)
            joined_s = time.monotonic() - began
            ended = await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_S)
            lived_s = time.monotonic() - began
    return joined_s, ended, lived_s


async def join(server: Running) -> None:
    document = await server.open("a.md")
    async with server.join(str(document["document_id"]), str(document["token"])) as socket:
        await first_json(socket, 112)


async def test_an_honest_client_joins_among_400_slow_ones_and_all_of_them_are_cut(folder: Path, bundle: Bundle) -> None:
    joined_s, ended, lived_s = await flooded(folder, bundle, timeout_s=3.0)

    print(f"joined in {joined_s:.2f} s among {IDLE} idle and {DRIPPING} dripping; all cut in {lived_s:.1f} s")
    assert ended == ["cut"] * (IDLE + DRIPPING)


async def test_the_oldest_unfinished_handshake_makes_room_for_a_new_one(folder: Path, bundle: Bundle) -> None:
    config = make_config(folder)
    limits = replace(config.limits, pending_handshakes=5)
    async with running(replace(config, limits=limits), bundle) as server:
        sockets = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(8)]
        async with asyncio.timeout(PATIENCE_S):
            for reader, _ in sockets[:2]:
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""

        await join(server)

        for _, writer in sockets:
            writer.close()


async def test_a_body_that_drips_is_cut(folder: Path, bundle: Bundle) -> None:
    config = make_config(folder)
    limits = replace(config.limits, handshake_timeout_s=1.0)
    async with running(replace(config, limits=limits), bundle) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"POST /api/v1/folders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        writer.close()

    assert answer.split()[1] == b"413"
