"""The door of a worker: who belongs to us is answered, whatever else comes in ends its own connection only."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from collab.errors import NotFound, StorageUnavailable
from collab.limits import Limits
from collab.node.calls import AskReady, Call, ContentNow, Live, Ready, SaveNow
from collab.node.doorway import Doorway
from collab.node.frames import Frame, encode_frame
from collab.node.handover import Handover, send_handover
from collab.node.peers import Peers
from collab.node.placement import Placement, Post, Seat
from collab.node.plain import from_plain, to_plain
from collab.store.base import DocumentId

LIMITS = replace(Limits(), room_channel_question_s=1.0, room_channel_connections=20)
OTHER = Seat(1)
DOCUMENT = DocumentId("d1")


@dataclass
class Door:
    """A worker's door, with somebody behind it who answers."""

    post: Post
    answer: Callable[[Call, bytes], Awaitable[tuple[object, bytes]]]
    adopted: asyncio.Queue[Handover] = field(default_factory=asyncio.Queue)

    @property
    def address(self) -> str:
        return self.post.address(OTHER)

    async def ask_ready(self) -> None:
        """An honest question is answered."""
        async with Peers(self.post, LIMITS) as peers:
            frame = await peers.ask(OTHER, AskReady(), 30)
            assert from_plain(Ready, frame.head["answer"]) == Ready(journal=True, draining=False)


@asynccontextmanager
async def door(folder: Path, answer: Callable[[Call, bytes], Awaitable[tuple[object, bytes]]]) -> AsyncIterator[Door]:
    opened = Door(Post(Seat(0), Placement(2), folder), answer)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(opened.address)
    listener.listen()
    async with asyncio.TaskGroup() as group:
        doorway = Doorway(listener, LIMITS, answer, opened.adopted.put)
        running = group.create_task(doorway.run(), name="door")
        try:
            yield opened
        finally:
            running.cancel()
            listener.close()


async def answer(call: Call, _payload: bytes) -> tuple[object, bytes]:
    if isinstance(call, ContentNow):
        return None, b"\x00content" * 500_000
    if isinstance(call, SaveNow):
        raise NotFound("no document", public="There is none.")
    if isinstance(call, Live):
        raise ValueError("a bug of ours")
    return to_plain(Ready(journal=True, draining=False)), b""


async def test_questions_are_answered_beside_each_other(tmp_path: Path) -> None:
    async with door(tmp_path, answer) as opened, Peers(opened.post, LIMITS) as peers:
        frames = await asyncio.gather(*(peers.ask(OTHER, ContentNow(DOCUMENT), 60) for _ in range(5)))
        assert {frame.payload for frame in frames} == {b"\x00content" * 500_000}
        await opened.ask_ready()


async def test_errors_come_back_as_what_they_are_and_bugs_as_bugs(tmp_path: Path) -> None:
    async with door(tmp_path, answer) as opened, Peers(opened.post, LIMITS) as peers:
        with pytest.raises(NotFound) as refused:
            await peers.ask(OTHER, SaveNow(DOCUMENT), 30)
        assert refused.value.public == "There is none."
        with pytest.raises(Exception, match="channel"):
            await peers.ask(OTHER, Live(), 30)


async def test_a_worker_that_hangs_or_is_not_there_costs_a_bounded_wait(tmp_path: Path) -> None:
    stuck = asyncio.Event()

    async def never(_call: Call, _payload: bytes) -> tuple[object, bytes]:
        await stuck.wait()
        return None, b""

    async with door(tmp_path, never) as opened, Peers(opened.post, LIMITS) as peers:
        with pytest.raises(StorageUnavailable):
            await peers.ask(OTHER, AskReady(), 0.2)
    async with Peers(opened.post, LIMITS) as peers:
        with pytest.raises(StorageUnavailable):
            await peers.ask(OTHER, AskReady(), 30)


def frame_of(head: object, payload: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return b"C" + struct.pack(">II", len(text), len(payload)) + text + payload


HOSTILE = [
    b"",
    b"X",
    b"GET / HTTP/1.1\r\n\r\n",
    b"C" + b"\xff" * 64,
    b"C" + struct.pack(">II", 2**31, 2**31),
    b"C" + struct.pack(">II", 5, 0) + b"[1,2]",
    b"C" + struct.pack(">II", 4, 0) + b"nope",
    b"C" + struct.pack(">II", 60_000, 0) + b"[" * 60_000,
    frame_of({"number": "1", "ask": "Live", "with": {}}),
    frame_of({"number": 1, "ask": "Live", "with": {"x": 1}}),
    frame_of({"ask": "Live", "with": {}}),
    frame_of({"number": 1, "ask": "__class__", "with": {}}),
    b"H",
    b"H\x00" + struct.pack(">I", 2**32 - 1),
    b"H\x00" + struct.pack(">I", 3) + b"GET",
    b"H\x00" + struct.pack(">I", 100) + b"GET",
]


@pytest.mark.parametrize("sent", HOSTILE, ids=lambda sent: repr(sent[:24]))
async def test_hostile_bytes_end_their_own_connection_and_nothing_else(tmp_path: Path, sent: bytes) -> None:
    async with door(tmp_path, answer) as opened:
        reader, writer = await asyncio.open_unix_connection(opened.address)
        writer.write(sent)
        if sent.startswith(b"H") and len(sent) < 100:
            writer.write_eof()
        async with asyncio.timeout(30):
            with contextlib.suppress(ConnectionResetError):  # as good an end as any
                assert await reader.read() == b""
        writer.close()
        await opened.ask_ready()
        assert opened.adopted.empty()


async def test_random_bytes_have_no_effect(tmp_path: Path) -> None:
    chance = random.Random(7)
    async with door(tmp_path, answer) as opened:
        for _ in range(300):
            _, writer = await asyncio.open_unix_connection(opened.address)
            writer.write(chance.choice([b"", b"C", b"H"]) + chance.randbytes(chance.randrange(200)))
            writer.close()
        await opened.ask_ready()
        assert opened.adopted.empty()


async def test_who_says_nothing_gives_its_place_back(tmp_path: Path) -> None:
    async with door(tmp_path, answer) as opened:
        silent = [
            await asyncio.open_unix_connection(opened.address) for _ in range(2 * LIMITS.room_channel_connections)
        ]
        await opened.ask_ready()
        for _, writer in silent:
            writer.close()


async def test_only_a_clients_socket_can_be_handed_over(tmp_path: Path) -> None:
    async with door(tmp_path, answer) as opened:
        reading, writing = os.pipe()
        ours, theirs = socket.socketpair()
        for descriptors in ([reading], [ours.fileno()], [reading, writing, ours.fileno()]):
            with socket.socket(socket.AF_UNIX) as channel:
                channel.connect(opened.address)
                socket.send_fds(channel, [b"H\x00" + struct.pack(">I", 3) + b"GET"], descriptors)
                assert await asyncio.to_thread(channel.recv, 1) == b""
        await opened.ask_ready()
        assert opened.adopted.empty()
        for descriptor in (reading, writing):
            os.close(descriptor)
        ours.close()
        theirs.close()


async def test_a_socket_and_all_that_was_read_of_it_arrive(tmp_path: Path) -> None:
    request = b"GET /ws/x HTTP/1.1\r\n\r\n" + bytes(range(256)) * 300
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        async with door(tmp_path, answer) as opened:
            with accepted:
                await send_handover(opened.address, Handover(accepted, request, 2))
            async with asyncio.timeout(30):
                arrived = await opened.adopted.get()
            assert (arrived.request, arrived.hops) == (request, 2)
            client.sendall(b"more")
            assert await asyncio.get_running_loop().sock_recv(arrived.socket, 10) == b"more"
            arrived.socket.close()
            assert client.recv(1) == b""


KNOCK = """
import os, socket, sys
os.setuid(65534)
channel = socket.socket(socket.AF_UNIX)
channel.settimeout(20)
channel.connect(sys.argv[1])
try:
    channel.sendall(bytes.fromhex(sys.argv[2]))
    print(channel.recv(100))
except ConnectionError:
    print(b"")
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_another_user_is_not_answered() -> None:
    question = b"C" + encode_frame(Frame({"number": 1, "ask": "AskReady", "with": {}}), 1000)
    with tempfile.TemporaryDirectory() as folder:  # everybody may reach it, which pytest's own folders forbid
        await _a_stranger_knocks(Path(folder), question)


async def _a_stranger_knocks(folder: Path, question: bytes) -> None:
    async with door(folder, answer) as opened:
        for path in (opened.address, folder):
            os.chmod(path, 0o777)  # noqa: S103  # the folder's mode is no help here
        stranger = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KNOCK, opened.address, question.hex(), stdout=subprocess.PIPE
        )
        output, _ = await stranger.communicate()
        assert stranger.returncode == 0
        assert output.strip() == b"b''"
