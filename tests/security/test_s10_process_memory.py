"""S10, measured: what floods cost a real worker process, and that files under way share one budget.

Bound of each flood: what its limits allow, x 1.2, + `BASE_BYTES` for what any request costs (buffers, allocator, logs).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from collab.protocol.messages import encode_sync_step1, encode_sync_step2, encode_update
from tests.clients import connect, http_client
from tests.patience import PATIENCE_S
from tests.protocol.updates import text, update
from tests.serving import Server
from tests.web.edge_server import Running, make_config, running

KIB, MIB = 1024, 1024 * 1024
BASE_BYTES = 32 * MIB
UPLOAD_BYTES = 64 * MIB
CONNECTIONS = 40
SETTINGS = {
    "COLLAB_SERVER_SPARE_WORKER": "false",
    "COLLAB_LIMITS_UPLOAD_SIZE_BYTES": str(UPLOAD_BYTES),
    "COLLAB_LIMITS_TRANSFERS_SIZE_BYTES": str(UPLOAD_BYTES),
    "COLLAB_LIMITS_MESSAGE_SIZE_BYTES": str(256 * KIB),
    "COLLAB_LIMITS_OUTBOX_SIZE_BYTES": str(256 * KIB),
    "COLLAB_LIMITS_DOCUMENT_SIZE_BYTES": str(4 * MIB),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    top = tmp_path_factory.mktemp("server")
    (top / "docs").mkdir()
    server = Server(top / "docs", top / "data", environ=SETTINGS).start()
    yield server
    server.stop()


class Peak:
    """The most memory that the worker held since the block began, beyond what it held then."""

    def __init__(self, server: Server) -> None:
        [worker] = server.workers()
        self._proc = Path(f"/proc/{worker.pid}")
        if not (self._proc / "clear_refs").exists():
            pytest.skip("only Linux tells the peak of a process")

    def __enter__(self) -> Peak:
        (self._proc / "clear_refs").write_text("5")
        self._before = self._kib("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self.growth_bytes = (self._kib("VmHWM") - self._before) * KIB

    def _kib(self, name: str) -> int:
        status = (self._proc / "status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:"))

    def check(self, allowed_bytes: float) -> None:
        print(f"grew by {self.growth_bytes / MIB:.1f} MiB, limits allow {allowed_bytes / MIB:.1f} MiB")
        assert self.growth_bytes <= allowed_bytes * 1.2 + BASE_BYTES


async def test_uploads_at_the_size_cost_what_the_limit_allows_however_many_come_at_once(server: Server) -> None:
    async with http_client(server.url) as client:
        await client.get("/healthz")
        with Peak(server) as peak:
            answers = await asyncio.gather(
                *(client.put(f"/api/v1/files/content?path={n}.bin", content=pieces(UPLOAD_BYTES)) for n in range(4)),
                return_exceptions=True,
            )

    refused = [one for one in answers if isinstance(one, httpx.Response) and one.status_code == 429]
    assert all("(transfers_size_bytes)" in one.text for one in refused)
    assert not [one for one in answers if isinstance(one, httpx.Response) and one.status_code not in (201, 429)]
    peak.check(UPLOAD_BYTES)


async def pieces(size_bytes: int) -> AsyncIterator[bytes]:
    for _ in range(size_bytes // MIB):
        yield b"x" * MIB


async def test_messages_that_never_end_cost_a_message_each(server: Server) -> None:
    async def flood(number: int) -> None:
        async with connect(f"{server.ws_url}/flood{number}", compression=None) as connected:
            await connected.send(encode_sync_step2(b"\x00\x00"))
            with pytest.raises(ConnectionClosed):
                async with asyncio.timeout(PATIENCE_S):
                    await connected.send(endless())

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"\x00\x02" + b"x" * 64 * KIB
            await asyncio.sleep(0.01)

    with Peak(server) as peak:
        await asyncio.gather(*(flood(number) for number in range(CONNECTIONS)))

    peak.check(CONNECTIONS * 256 * KIB)


async def test_readers_that_stop_cost_their_outbox_and_the_document_its_size(server: Server) -> None:
    async with connect(f"{server.ws_url}/big", compression=None, max_queue=None) as writer:
        await writer.send(encode_sync_step1(b"\x00"))
        with Peak(server) as peak:
            lazy = [await connect(f"{server.ws_url}/big", compression=None) for _ in range(CONNECTIONS)]
            for one in lazy:
                one.transport.pause_reading()
            try:
                for clock in range(0, 6 * MIB, 64 * KIB):
                    left = (7, clock - 1) if clock else None
                    await writer.send(encode_update(update((7, clock, [text("x" * 64 * KIB, left)]))))
                    await asyncio.sleep(0.01)
            except ConnectionClosed:
                pass
            await asyncio.wait_for(writer.wait_closed(), PATIENCE_S)
        for one in lazy:
            one.transport.abort()

    assert writer.close_reason is not None and "(document_size_bytes)" in writer.close_reason
    peak.check(CONNECTIONS * 256 * KIB + 4 * 4 * MIB)
    async with http_client(server.url) as client:
        assert (await client.get("/readyz")).status_code == 200


# -- the budget --


async def test_a_file_for_which_there_is_no_room_is_refused_until_another_is_through(folder: Path) -> None:
    async with budgeted(folder, 64 * KIB) as server:
        halfway, go_on = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"x" * 48 * KIB
            halfway.set()
            await go_on.wait()

        first = asyncio.create_task(put(server, "first.bin", slow()), name="first")
        await halfway.wait()
        async with asyncio.timeout(PATIENCE_S):
            while not server.application.edge.transfers.held_bytes:  # noqa: ASYNC110  # the other end of a socket
                await asyncio.sleep(0.01)
        refused = await put(server, "second.bin", b"x" * 48 * KIB)
        go_on.set()

        assert (await first).status_code == 201
        assert refused.status_code == 429 and refused.json()["error"]["code"] == "too_busy"
        assert (await put(server, "second.bin", b"x" * 48 * KIB)).status_code == 201
        assert server.application.edge.transfers.held_bytes == 0


async def test_a_download_gives_its_room_back_even_when_nobody_takes_it(folder: Path) -> None:
    (folder / "big.bin").write_bytes(b"x" * 8 * MIB)
    async with budgeted(folder, 10 * MIB) as server:
        reader, writer = await asyncio.open_connection(sock=small_window(server.port))
        writer.write(b"GET /api/v1/files/content?path=big.bin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        held = server.application.edge.transfers.held_bytes
        busy = await server.client().get("/api/v1/files/content?path=big.bin")
        writer.transport.abort()
        async with asyncio.timeout(PATIENCE_S):
            while server.application.edge.transfers.held_bytes:  # noqa: ASYNC110  # the other end of a socket
                await asyncio.sleep(0.01)

        assert (held, busy.status_code) == (8 * MIB, 429)
        again = await server.client().get("/api/v1/files/content?path=big.bin")
        assert len(again.content) == 8 * MIB


def small_window(port: int) -> socket.socket:
    """A connection on which the system takes little before anybody reads."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * KIB)
    asking.connect(("127.0.0.1", port))
    asking.setblocking(False)
    return asking


def budgeted(folder: Path, size_bytes: int) -> Running:
    config = make_config(folder)
    return running(replace(config, limits=replace(config.limits, transfers_size_bytes=size_bytes)))  # type: ignore[return-value]  # entered by the tests


async def put(server: Running, path: str, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
    return await server.client().put(f"/api/v1/files/content?path={path}", content=content)
