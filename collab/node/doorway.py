"""Owns the door of one worker for the other workers of its node: who may come in, and what they bring.

The folder of the sockets is readable by our user only, and the kernel tells who is at the other end; no token is
needed, and none is trusted. Whatever comes in is bounded in size, number and time, and can at worst end its own
connection. Knows no room.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping

import structlog

from collab.errors import CollabError, InternalError, MalformedMessage
from collab.limits import Limits
from collab.node.calls import Call, dump_error, load_call
from collab.node.frames import Frame, encode_frame, read_frame
from collab.node.handover import CHANNEL_KIND, HANDOVER_KIND, Arrivals, Handover

_log = structlog.get_logger(__name__)
_CREDENTIALS = struct.Struct("3i")
_ACCEPT_PAUSE_S = 0.5

Answer = Callable[[Call, bytes], Awaitable[tuple[object, bytes]]]
"""The value and the payload that answer a question and its payload. Raises: CollabError."""
Adopt = Callable[[Handover], Awaitable[None]]


class Doorway:
    """Lets the other workers in; `run` until cancelled."""

    def __init__(self, listener: socket.socket, limits: Limits, answer: Answer, adopt: Adopt) -> None:
        self._listener = listener
        self._limits = limits
        self._answer = answer
        self._adopt = adopt
        self._places = asyncio.Semaphore(limits.room_channel_connections)

    async def run(self) -> None:
        """Accept for ever. What waits while all places are taken waits in the kernel's queue."""
        loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        async with asyncio.TaskGroup() as group:
            while True:
                await self._places.acquire()
                try:
                    channel, _ = await loop.sock_accept(self._listener)
                except OSError as error:  # no descriptor left: those who wait, wait
                    _log.warning("door_accept_failed", error=str(error))
                    self._places.release()
                    await asyncio.sleep(_ACCEPT_PAUSE_S)
                    continue
                group.create_task(self._receive(channel), name="door")

    async def _receive(self, channel: socket.socket) -> None:
        arrivals = Arrivals(channel)
        try:
            if not is_ours(channel):
                _log.warning("door_stranger")
                return
            channel.setblocking(False)
            await self._dispatch(channel, arrivals)
        except (TimeoutError, OSError, CollabError) as error:
            _log.warning("door_refused", error=f"{type(error).__name__}: {error}")
        finally:
            arrivals.close()
            channel.close()
            self._places.release()

    async def _dispatch(self, channel: socket.socket, arrivals: Arrivals) -> None:
        async with asyncio.timeout(self._limits.room_channel_question_s):
            kind = await arrivals.kind()
            handover = await arrivals.handover(self._limits.handover_size_bytes) if kind == HANDOVER_KIND else None
        if handover is not None:
            await self._adopt(handover)
        elif kind == CHANNEL_KIND:
            reader, writer = await asyncio.open_unix_connection(sock=channel.dup())
            try:
                await self._converse(reader, writer)
            finally:
                writer.close()
        elif kind:
            raise MalformedMessage("unknown kind of connection")

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer questions, many at a time, until the other side hangs up."""
        most = self._limits.room_channel_frame_size_bytes
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            try:
                while frame := await read_frame(reader, most):
                    if len(running) >= self._limits.room_channel_calls:
                        raise MalformedMessage("room_channel_calls")
                    number, call = _number(frame.head), load_call(frame.head)
                    task = group.create_task(
                        self._reply(number, call, frame.payload, writer), name=f"answer {type(call).__name__}"
                    )
                    running.add(task)
                    task.add_done_callback(running.discard)
            except (CollabError, OSError) as error:
                _log.warning("channel_refused", error=str(error))
            for task in running:
                task.cancel()

    async def _reply(self, number: int, call: Call, asked: bytes, writer: asyncio.StreamWriter) -> None:
        payload = b""
        try:
            value, payload = await self._answer(call, asked)
            head: dict[str, object] = {"number": number, "answer": value}
        except CollabError as error:
            head = {"number": number, "error": dump_error(error)}
        except Exception:
            _log.exception("channel_bug", question=type(call).__name__)
            head = {"number": number, "error": dump_error(InternalError("channel"))}
        if not writer.is_closing():
            try:
                writer.write(encode_frame(Frame(head, payload), self._limits.room_channel_frame_size_bytes))
            except MalformedMessage as error:
                refused = Frame({"number": number, "error": dump_error(error)})
                writer.write(encode_frame(refused, self._limits.room_channel_frame_size_bytes))


def is_ours(channel: socket.socket) -> bool:
    """Whether the other end is a process of our own user; where the kernel does not tell, the folder's mode does."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, uid, _ = _CREDENTIALS.unpack(channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return bool(uid == os.getuid())


def _number(head: Mapping[str, object]) -> int:
    number = head.get("number")
    if not isinstance(number, int):
        raise MalformedMessage("a question without a number")
    return number
