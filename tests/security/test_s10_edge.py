"""S10 in front of the rooms: sockets, requests, files. Who goes over a bound is told which; others go on working."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close

from collab.protocol.messages import encode_sync_step1, encode_sync_step2
from collab.protocol.roles import Role
from collab.startup import listen
from collab.web.placement import SocketRoute, SocketRoutes
from collab.web.server import EdgeServer, uvicorn_config
from collab.web.upgrade import Upgrade
from collab.web.wire import WebSocketWire
from tests.clients import connect
from tests.patience import PATIENCE_S
from tests.protocol.updates import text, update
from tests.web.edge_server import Running, bearer, first_json, make_config, running, with_secret

HELLO = 112
KIB = 1024
UPGRADE = (
    b"GET /ws/room HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@asynccontextmanager
async def small(folder: Path, *, secret: bool = False, **limits: float) -> AsyncIterator[Running]:
    """A server with these limits that afterwards still serves an honest person."""
    config = make_config(folder)
    config = replace(config, limits=replace(config.limits, **limits))  # type: ignore[arg-type]  # tests only
    async with running(with_secret(config) if secret else config) as server:
        yield server
        client = server.client(headers=bearer(server, Role.EDITOR, "honest")) if secret else server.client()
        opened = await server.open("a.md", client)
        async with server.join(str(opened["document_id"]), str(opened["token"])) as socket:
            assert await first_json(socket, HELLO)


async def closed(socket: ClientConnection) -> Close:
    """How the server ends a connection."""
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await socket.recv()
    assert caught.value.rcvd is not None, "cut without a word"
    return caught.value.rcvd


def check_limit(answer: httpx.Response, limit: str, status: int = 413) -> None:
    """The documented error, with the name of the limit."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == "limit_exceeded"
    assert f"({limit})" in error["message"]


# -- messages --


async def test_a_message_is_refused_at_its_size_although_a_sync_may_be_larger(folder: Path) -> None:
    async with small(folder, message_size_bytes=4 * KIB, sync_size_bytes=1024 * KIB) as server:
        async with server.join("room") as socket:
            await socket.send(encode_sync_step2(b"\x00\x00"))
            await socket.send(b"\x00\x02" + b"x" * 8 * KIB)
            end = await closed(socket)

    assert (end.code, "(message_size_bytes)" in end.reason) == (4413, True)


async def test_a_message_that_never_ends_is_cut_at_the_size_while_it_arrives(folder: Path) -> None:
    async with small(folder, message_size_bytes=4 * KIB, sync_size_bytes=1024 * KIB) as server:
        async with server.join("room") as socket:
            await socket.send(encode_sync_step2(b"\x00\x00"))
            sending = asyncio.create_task(endless(socket), name="endless")
            end = await closed(socket)
            sent = await sending

    assert (end.code, "(message_size_bytes)" in end.reason) == (4413, True)
    assert sent < 512 * KIB


async def endless(socket: ClientConnection, at_most: int = 1024 * KIB) -> int:
    """Send one message in fragments until the server hangs up; returns how many bytes went out."""
    sent = 0

    async def fragments() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < at_most:
            sent += KIB
            yield b"\x00\x02" + b"x" * (KIB - 2)
            await asyncio.sleep(0.001)

    try:
        await socket.send(fragments())
    except ConnectionClosed:
        pass
    return sent


async def test_a_viewer_cannot_make_the_server_hold_a_sync(folder: Path) -> None:
    async with small(folder, secret=True, message_size_bytes=4 * KIB, sync_size_bytes=1024 * KIB) as server:
        opened = await server.open("a.md", server.client(headers=bearer(server, Role.VIEWER)))
        async with server.join(str(opened["document_id"]), str(opened["token"])) as socket:
            sending = asyncio.create_task(endless(socket), name="endless")
            end = await closed(socket)
            sent = await sending

    assert (end.code, "(message_size_bytes)" in end.reason) == (4413, True)
    assert sent < 512 * KIB


async def test_an_honest_sync_above_the_size_of_a_message_is_taken(folder: Path) -> None:
    async with small(folder, message_size_bytes=4 * KIB, sync_size_bytes=256 * KIB) as server:
        async with server.join("room") as writer, server.join("room") as reader:
            await reader.send(encode_sync_step1(b"\x00"))
            while (await asyncio.wait_for(writer.recv(), PATIENCE_S))[:2] != b"\x00\x00":
                pass
            await writer.send(encode_sync_step2(update((5, 0, [text("x" * 100 * KIB)]))))
            async with asyncio.timeout(PATIENCE_S):
                while b"x" * 50 * KIB not in (await reader.recv()):  # type: ignore[operator]  # bytes
                    pass


async def test_a_sync_above_its_size_is_refused_with_its_name(folder: Path) -> None:
    async with small(folder, message_size_bytes=4 * KIB, sync_size_bytes=64 * KIB) as server:
        async with server.join("room") as socket:
            while (await asyncio.wait_for(socket.recv(), PATIENCE_S))[:2] != b"\x00\x00":
                pass
            await socket.send(encode_sync_step2(b"x" * 200 * KIB))
            end = await closed(socket)

    assert (end.code, "(sync_size_bytes)" in end.reason) == (4413, True)


async def test_a_long_text_message_is_not_collected(folder: Path) -> None:
    async with small(folder, message_size_bytes=4 * KIB, sync_size_bytes=1024 * KIB) as server:
        async with server.join("room") as socket:
            await socket.send("x" * 64 * KIB)
            end = await closed(socket)

    assert end.code in (4400, 4413)


async def test_what_is_sent_before_the_door_opens_waits_in_the_senders_own_machine(folder: Path) -> None:
    open_door = asyncio.Event()

    async def slow_to_accept(wire: WebSocketWire, upgrade: Upgrade, rest: str) -> None:
        await open_door.wait()

    routes = SocketRoutes([SocketRoute("/ws/", slow_to_accept)])
    server = EdgeServer(uvicorn_config(Starlette(), make_config(folder), routes), nothing)
    listener = listen("127.0.0.1", 0)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(sockets=[listener]), name="server")
        _, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(UPGRADE)
        sent = await push(writer, at_most=64 * KIB * KIB)
        writer.transport.abort()
        open_door.set()
        server.should_exit = True

    assert sent < 32 * KIB * KIB


async def nothing() -> None:
    """No rooms to save."""


async def push(writer: asyncio.StreamWriter, at_most: int) -> int:
    """Send until nothing more goes out for a second; returns how many bytes did."""
    sent = 0
    try:
        while sent < at_most:
            writer.write(b"x" * 64 * KIB)
            await asyncio.wait_for(writer.drain(), 1)
            sent += 64 * KIB
    except (TimeoutError, ConnectionError):
        pass
    return sent


# -- connections --


async def test_a_room_takes_so_many_connections_and_says_so(folder: Path) -> None:
    async with small(folder, connections_per_room=2) as server, AsyncExitStack() as sockets:
        for _ in range(2):
            await sockets.enter_async_context(server.join("room"))

        async with server.join("room") as refused:
            end = await closed(refused)

    assert (end.code, "(connections_per_room)" in end.reason) == (4413, True)


async def test_an_address_holds_so_many_sockets_and_gets_its_places_back(folder: Path) -> None:
    async with small(folder, connections_per_address=3) as server:
        async with AsyncExitStack() as sockets:
            for number in range(3):
                await sockets.enter_async_context(connect(f"{server.ws_url}/room{number}"))
            with pytest.raises(InvalidStatus) as caught:
                async with connect(f"{server.ws_url}/more"):
                    pass

    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "60"


async def test_unfinished_handshakes_are_held_up_to_their_number(folder: Path) -> None:
    async with small(folder, pending_handshakes=5) as server:
        sockets = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(25)]
        async with asyncio.timeout(PATIENCE_S):
            for reader, _ in sockets[:20]:
                assert await reader.read() == b""
        for _, writer in sockets:
            writer.close()


async def test_a_person_holds_so_many_rooms_and_is_told(folder: Path) -> None:
    async with small(folder, rooms_per_user=2) as server, AsyncExitStack() as sockets:
        for name in ("one", "two"):
            await sockets.enter_async_context(server.join(name))

        async with server.join("three") as refused:
            end = await closed(refused)

    assert (end.code, "(rooms_per_user)" in end.reason) == (4413, True)


async def test_a_stock_client_is_refused_a_name_that_is_too_long_at_the_upgrade(folder: Path) -> None:
    async with small(folder, scratch_name_length=20) as server:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(f"{server.ws_url}/{'x' * 21}"):
                pass

    assert caught.value.response.status_code == 413
    assert b"(scratch_name_length)" in (caught.value.response.body or b"")


# -- requests and files --


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_request_body_above_the_size_is_refused(folder: Path, chunked: bool) -> None:
    async with small(folder, request_body_size_bytes=4 * KIB) as server:
        content = b'{"path": "' + b"x" * 100 * KIB + b'"}'
        answer = await server.client().post(
            "/api/v1/folders",
            content=in_parts(content) if chunked else content,
            headers={"Content-Type": "application/json"},
        )

    check_limit(answer, "request_body_size_bytes")


@pytest.mark.parametrize("chunked", [False, True])
async def test_an_upload_above_the_size_is_refused_and_leaves_nothing(folder: Path, chunked: bool) -> None:
    async with small(folder, upload_size_bytes=64 * KIB) as server:
        content = b"x" * 128 * KIB
        answer = await server.client().put(
            "/api/v1/files/content?path=big.bin", content=in_parts(content) if chunked else content
        )

    check_limit(answer, "upload_size_bytes")
    assert sorted(os.listdir(folder)) == ["a.md", "page.html", "pic.png", "sub"]


async def in_parts(content: bytes) -> AsyncIterator[bytes]:
    """A body whose length is not announced."""
    for start in range(0, len(content), KIB):
        yield content[start : start + KIB]


async def test_a_file_above_the_upload_size_is_not_read_for_a_download(folder: Path) -> None:
    (folder / "big.bin").write_bytes(b"x" * 128 * KIB)
    async with small(folder, upload_size_bytes=64 * KIB) as server:
        answer = await server.client().get("/api/v1/files/content?path=big.bin")

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "limit_exceeded"


async def test_a_folder_of_too_many_entries_is_refused(folder: Path) -> None:
    crowded = folder / "crowded"
    crowded.mkdir()
    for number in range(21):
        (crowded / f"{number}.md").touch()
    async with small(folder, folder_entries=20) as server:
        answer = await server.client().get("/api/v1/folders?path=crowded")

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "limit_exceeded"


async def test_a_search_is_cut_at_its_entries_and_says_so(folder: Path) -> None:
    for number in range(10):
        (folder / f"found{number}.md").touch()
    async with small(folder, search_entries=5) as server:
        answer = (await server.client().get("/api/v1/search?q=found")).json()

    assert (len(answer["entries"]), answer["truncated"]) == (5, True)


async def test_a_file_above_the_size_is_not_opened(folder: Path) -> None:
    (folder / "big.md").write_bytes(b"x\n" * 64 * KIB)
    async with small(folder, file_size_bytes=64 * KIB) as server:
        answer = await server.client().post("/api/v1/documents/open", json={"path": "big.md"})

    assert answer.status_code == 415
    assert "larger than this server edits" in answer.json()["error"]["message"]
