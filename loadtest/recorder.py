"""Owns the recorder: a client that writes down what happens in a room, so that it can be replayed as a load."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from loadtest.author import Author
from loadtest.dialects.base import Kind
from loadtest.dialects.table import dialect_for
from loadtest.participant import Participant
from loadtest.recording import Entry, encode_entry, encode_header
from loadtest.room import Room
from loadtest.settings import RunSettings, SettingsError
from loadtest.statistics import Statistics

_EMPTY_UPDATE = b"\x00\x00"


async def record_session(
    settings: RunSettings, path: Path, stop: asyncio.Event, progress: Callable[[str], None]
) -> int:
    """Watch the room `settings.document` until told to stop; returns the number of updates written.

    Raises: SettingsError (no room is named, or the file is there already), OSError (the room cannot be joined).
    """
    if not settings.document:
        raise SettingsError("a recording needs the name of the room")
    room = Room(settings.document, dialect_for(settings, settings.document), None)
    await room.dialect.prepare()
    with open_recording(path, room.name) as file:
        async with asyncio.TaskGroup() as tasks:
            listener = _Listener(room, lambda coroutine: tasks.create_task(coroutine, name="recorder"), file)
            listener.timeout_s = settings.deadlines.connect_s
            joined = await listener.join(time.monotonic())
            if joined:
                progress(f"recording {room.name}")
                await stop.wait()
            listener.leave(0)
    if not joined:
        _discard(path)
        raise OSError(f"the room cannot be joined: {listener.trouble}")
    return listener.written


def _discard(recording: Path) -> None:
    """There is nothing in it but its head."""
    recording.unlink()


def open_recording(path: Path, room: str) -> TextIO:
    """A new recording. Raises: SettingsError (the file is there already)."""
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        raise SettingsError(f"{path} is there already") from None
    file.write(encode_header(room))
    return file


class _Listener(Participant):
    """Only receives, and writes down at once. What came while it was away comes with the answer when it is back."""

    def __init__(self, room: Room, spawn: Callable[..., object], file: TextIO) -> None:
        super().__init__(0, 0, room, Author(1), 0, Statistics(0), spawn)
        self.written = 0
        self._file = file
        self._begin_s: float | None = None

    def receive(self, payload: bytes) -> None:
        before = len(self.log)
        super().receive(payload)
        for message in self.log[before:]:
            if message.incoming.kind is Kind.UPDATE or message.incoming.body != _EMPTY_UPDATE:
                self._write(message.incoming.body)

    def _write(self, update: bytes) -> None:
        now_s = time.monotonic()
        if self._begin_s is None:
            self._begin_s = now_s
        self._file.write(encode_entry(Entry((now_s - self._begin_s) * 1000, update)))
        self._file.flush()
        self.written += 1
