"""Owns how a client comes and goes: dialling, waiting until it is in sync, coming back after a break, leaving."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from loadtest.author import Author
from loadtest.client import Client
from loadtest.room import Room
from loadtest.statistics import Statistics
from loadtest.wire import Refused, Wire, dial

_FIRST_DELAY_S, _MOST_DELAY_S = 0.1, 2.5
"""Between attempts, as stock providers wait."""

Spawn = Callable[[Coroutine[Any, Any, object]], object]


class Participant(Client):
    """A client with somebody in front of it."""

    def __init__(
        self, index: int, place: int, room: Room, author: Author, seed: int, statistics: Statistics, spawn: Spawn
    ) -> None:
        super().__init__(index, place, room, author, seed, statistics)
        self.wanted = False
        """Is to be connected."""
        self.trouble = ""
        """Why the last attempt failed."""
        self.timeout_s = 30.0
        self.on_synced = self._be_in
        self.on_denied = self._be_denied
        self._spawn = spawn
        self._joining: asyncio.Future[None] | None = None
        self._broken_s: float | None = None

    @property
    def connected(self) -> bool:
        return self.wire is not None

    async def join(self, due_s: float, kind: str = "join", attempts: int | None = None) -> bool:
        """Connect and wait until in sync; tries again until it takes too long or `attempts` are used up."""
        if self.synced:
            return True
        self.wanted = True
        give_up_s, delay_s = time.monotonic() + self.timeout_s, _FIRST_DELAY_S
        while self.wanted:
            try:
                await self._connect(max(0.1, give_up_s - time.monotonic()))
            except Refused as error:
                self.trouble = str(error)
                self._statistics.errors[f"not joined: {error}"] += 1
            else:
                self._statistics.tally.record(kind, time.monotonic() - due_s)
                return True
            attempts = None if attempts is None else attempts - 1
            delay_s = min(delay_s * 2, _MOST_DELAY_S) * self.random.uniform(0.5, 1.0)
            if attempts == 0 or time.monotonic() + delay_s > give_up_s:
                self.wanted = False
                return False
            await asyncio.sleep(delay_s)
        return False

    # -- what scenarios tell it to do, with the time it was due --

    def come(self, due_s: float) -> None:
        """Join, for the first time or again."""
        if not self.wanted:
            self._spawn(self.join(due_s, "rejoin" if self.was_in else "join"))

    def leave(self, due_s: float) -> None:
        """Close the tab."""
        self.wanted = False
        if self.wire is not None:
            self.wire.close()

    def break_off(self, due_s: float) -> None:
        """The network goes, and the provider comes back at once."""
        if self.wire is not None:
            self._broken_s = due_s
            self.wire.abort()

    def stop_reading(self, due_s: float) -> None:
        if self.wire is not None:
            self.wire.pause()

    def read_on(self, due_s: float) -> None:
        if self.wire is not None:
            self.wire.resume()

    # -- the connection --

    async def _connect(self, timeout_s: float) -> None:
        """Raises: Refused."""
        joining = self._joining = asyncio.get_running_loop().create_future()
        wire = Wire(self._begin, self.receive, self._end)
        dialect = self.room.dialect
        try:
            async with asyncio.timeout(timeout_s):
                await dial(wire, dialect.url, dialect.headers, timeout_s)
                await joining
        except TimeoutError:
            raise Refused("connected, but not in sync in time") from None
        finally:
            self._joining = None
            if joining.done() and not joining.cancelled():
                joining.exception()
            if not self.synced:
                wire.abort()

    def _begin(self, wire: Wire) -> None:
        self._statistics.connections += 1
        self.begin(wire)

    def _end(self, wire: Wire, why: str) -> None:
        if wire is not self.wire:
            return
        self._statistics.connections -= 1
        self.lose()
        broken_s, self._broken_s = self._broken_s, None
        if self._joining is not None:
            if not self._joining.done():
                self._joining.set_exception(Refused(why))
        elif self.wanted:
            if broken_s is None:
                self._statistics.errors[why] += 1
            self._spawn(self.join(time.monotonic() if broken_s is None else broken_s, "rejoin"))

    def _be_in(self) -> None:
        if self._joining is not None and not self._joining.done():
            self._joining.set_result(None)

    def _be_denied(self, reason: str) -> None:
        self.wanted = False
        if self._joining is not None and not self._joining.done():
            self._joining.set_exception(Refused(f"denied: {reason}"))
        elif self.wire is not None:
            self._statistics.errors[f"denied: {reason}"] += 1
            self.wire.abort()
