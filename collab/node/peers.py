"""Owns the asking side of the room channel: one line to each other worker, opened when it is needed.

A worker that died is asked again once, while its successor takes the seat: every question may be asked twice.
Knows no room.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

from collab.errors import MalformedMessage, StorageUnavailable
from collab.limits import Limits
from collab.node.calls import Call, dump_call, load_error
from collab.node.frames import Frame, encode_frame, read_frame
from collab.node.handover import CHANNEL_KIND
from collab.node.placement import Post, Seat

RESTARTING = "The server restarts. Please try again in a moment."


class LineLost(ConnectionError):
    """The other worker is gone, and with it the answer."""


class _Line:
    """One connection to another worker, with the questions that wait for their answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self._count = 0
        self.open = True

    async def ask(self, call: Call, payload: bytes) -> Frame:
        """Raises: LineLost, StorageUnavailable (room_channel_calls)."""
        if not self.open:
            raise LineLost
        if len(self._waiting) >= self._limits.room_channel_calls:
            raise StorageUnavailable("room_channel_calls", public=RESTARTING)
        self._count += 1
        number = self._count
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            frame = Frame({"number": number, **dump_call(call)}, payload)
            self._writer.write(encode_frame(frame, self._limits.room_channel_frame_size_bytes))
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def run(self) -> None:
        """Take answers until the line is lost."""
        try:
            while frame := await read_frame(self._reader, self._limits.room_channel_frame_size_bytes):
                waiting = self._waiting.get(_number(frame))
                if waiting is not None and not waiting.done():
                    waiting.set_result(frame)
        except (OSError, MalformedMessage):
            pass  # as if it had ended
        finally:
            self.close()

    def close(self) -> None:
        """May be called twice."""
        self.open = False
        self._writer.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(LineLost())


class Peers:
    """The other workers of the node; an asynchronous context manager."""

    def __init__(self, post: Post, limits: Limits) -> None:
        self.post = post
        self._limits = limits
        self._lines: dict[Seat, _Line] = {}
        self._opening: dict[Seat, asyncio.Lock] = {seat: asyncio.Lock() for seat in post.placement.seats}
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Peers:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await self._group.__aexit__(None, None, None)

    async def ask(self, seat: Seat, call: Call, timeout_s: float | None = None, payload: bytes = b"") -> Frame:
        """The answer of the worker in a seat.

        Raises: what the other worker raised; StorageUnavailable when it does not answer in time.
        """
        try:
            async with asyncio.timeout(timeout_s or self._limits.room_channel_timeout_s):
                frame = await self._ask(seat, call, payload)
        except (TimeoutError, OSError) as error:
            detail = f"{seat.name} does not answer {type(call).__name__} ({type(error).__name__})"
            raise StorageUnavailable(detail, public=RESTARTING) from None
        if "error" in frame.head:
            raise load_error(frame.head["error"])
        return frame

    async def _ask(self, seat: Seat, call: Call, payload: bytes) -> Frame:
        try:
            return await (await self._line(seat)).ask(call, payload)
        except LineLost:
            return await (await self._line(seat)).ask(call, payload)

    async def _line(self, seat: Seat) -> _Line:
        async with self._opening[seat]:
            line = self._lines.get(seat)
            if line is None or not line.open:
                reader, writer = await asyncio.open_unix_connection(self.post.address(seat))
                writer.write(CHANNEL_KIND)
                line = self._lines[seat] = _Line(reader, writer, self._limits)
                task = self._group.create_task(line.run(), name=f"channel to {seat.name}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            return line


def _number(frame: Frame) -> int:
    number = frame.head.get("number")
    return number if isinstance(number, int) else 0
