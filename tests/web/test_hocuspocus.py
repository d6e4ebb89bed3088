"""The Hocuspocus socket against clients that do not behave: each ends at most its own socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from collab.protocol.codec import encode_var_bytes, encode_var_string
from collab.web.pages import Bundle
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running, make_config, running

FEW = 3


@pytest.fixture
async def site(folder: Path, bundle: Bundle) -> AsyncIterator[Running]:
    """An open server that takes few documents on a socket, and small messages."""
    config = make_config(folder)
    limits = replace(config.limits, documents_per_socket=FEW, message_size_bytes=20_000)
    async with running(replace(config, limits=limits), bundle) as site:
        yield site


def dial(site: Running) -> connect:
    return connect(f"{site.url.replace('http', 'ws', 1)}/hocuspocus", max_size=None)


def auth(name: str) -> bytes:
    return encode_var_string(name) + b"\x02\x00" + encode_var_string("") + encode_var_string("4.8.0")


async def until(socket: ClientConnection, wanted: bytes) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while wanted not in await socket.recv():
            pass


async def closed(socket: ClientConnection) -> int:
    async with asyncio.timeout(PATIENCE_S):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd is not None else 0


async def test_an_honest_client_is_let_in_and_pinged(site: Running) -> None:
    async with dial(site) as socket:
        await socket.send(auth("room"))
        await until(socket, b"\x09")
        await until(socket, b"\x04room\x02\x02\x0aread-write")


@pytest.mark.parametrize(
    "message",
    [b"", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x20short", encode_var_string("x" * 500) + b"\x00"],
    ids=["empty", "endless number", "cut off", "name too long"],
)
async def test_what_is_no_message_ends_this_socket_only(site: Running, message: bytes) -> None:
    async with dial(site) as honest, dial(site) as hostile:
        await honest.send(auth("room"))
        await until(honest, b"read-write")
        await hostile.send(message)

        assert await closed(hostile) in (4400, 4413)
        await honest.send(encode_var_string("room") + b"\x00\x00" + encode_var_bytes(b"\x00"))
        await until(honest, b"\x04room\x00\x01")


async def test_a_document_that_was_not_opened_is_denied_and_the_socket_stays(site: Running) -> None:
    async with dial(site) as socket:
        await socket.send(encode_var_string("room") + b"\x00\x00" + encode_var_bytes(b"\x00"))
        await until(socket, b"\x04room\x02\x01")
        await socket.send(auth("room"))
        await until(socket, b"read-write")


async def test_more_documents_than_allowed_end_the_socket(site: Running) -> None:
    async with dial(site) as socket:
        for number in range(FEW + 1):
            await socket.send(auth(f"room {number}"))

        assert await closed(socket) == 4413


async def test_a_flood_before_the_room_is_found_is_bounded(site: Running) -> None:
    async with dial(site) as socket:
        await socket.send(auth("room"))
        body = encode_var_string("room") + b"\x01" + encode_var_bytes(b"\x00" * 15_000)
        for _ in range(40):
            await socket.send(body)

        assert await closed(socket) in (4400, 4413, 1013)


async def test_a_message_above_the_limit_ends_its_document(site: Running) -> None:
    async with dial(site) as socket:
        await socket.send(auth("room"))
        await until(socket, b"read-write")
        await socket.send(encode_var_string("room") + b"\x00\x02" + encode_var_bytes(b"\x01" * 100_000))

        await until(socket, b"\x04room\x07")


async def test_a_stateless_message_is_refused_by_default(site: Running) -> None:
    async with dial(site) as first, dial(site) as second:
        for socket in (first, second):
            await socket.send(auth("room"))
            await until(socket, b"read-write")
        await first.send(encode_var_string("room") + b"\x05" + encode_var_string("hello"))
        await first.send(encode_var_string("room") + b"\x00\x00" + encode_var_bytes(b"\x00"))
        await until(first, b"\x04room\x00\x01")
        await second.send(encode_var_string("room") + b"\x00\x00" + encode_var_bytes(b"\x00"))

        async with asyncio.timeout(PATIENCE_S):
            while not (message := await second.recv()).startswith(b"\x04room\x00\x01"):
                assert not message.startswith(b"\x04room\x05")
