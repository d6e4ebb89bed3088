"""Owns the clients of one generator process and the tools that scenarios play with."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from loadtest.author import Author
from loadtest.board import Board
from loadtest.client import Client
from loadtest.dialects.table import dialect_for
from loadtest.orders import Plan
from loadtest.pacer import Deed, Pacer
from loadtest.participant import Participant, Spawn
from loadtest.room import Room
from loadtest.statistics import LATE_SEND, Statistics

_JOINING_TOGETHER = 50
"""So many handshakes at a time where a scenario does not want a storm."""
_SAMPLED_FOR_PRESENCE = 64
_POLL_S = 0.1


class Unreachable(Exception):
    """The clients cannot get in; the text says what was seen."""


class Fleet:
    """This process' share of the clients."""

    def __init__(self, plan: Plan, statistics: Statistics, board: Board | None, spawn: Spawn) -> None:
        self.plan = plan
        self.statistics = statistics
        self.pacer = Pacer(partial(statistics.tally.record, LATE_SEND))
        self.begin_s = 0.0
        self.end_s = 0.0
        self.rooms: dict[str, Room] = {}
        self.clients: list[Participant] = []
        self._spawn = spawn
        for number, name in enumerate(plan.rooms):
            places = shared_out(plan, number)
            if not places:
                continue
            room = self.rooms[name] = Room(name, dialect_for(plan.settings, name), board)
            self.clients += [self.participant(number, place, room) for place in places]
        every = max(1, len(self.clients) // _SAMPLED_FOR_PRESENCE)
        for client in self.clients[::every]:
            client.sampled = True

    def participant(self, room_number: int, place: int, room: Room) -> Participant:
        """One client; its id follows from its place, so that all processes know all ids."""
        index = room_number * (self.plan.clients + 1) + place
        author = Author(self.plan.first_client_id + index)
        client = Participant(index, place, room, author, self.seed, self.statistics, self._spawn)
        client.timeout_s = self.plan.settings.deadlines.connect_s
        return client

    def newcomer(self, room_number: int, room: Room) -> Participant:
        """A client beside the others, with a room of its own: nothing that they received stands in for what it gets."""
        return self.participant(room_number, self.plan.clients, Room(room.name, room.dialect, None))

    # -- parameters --

    @property
    def seed(self) -> int:
        return self.plan.settings.seed

    @property
    def recording(self) -> Path | None:
        name = self.plan.settings.recording
        return Path(name) if name else None

    def number(self, name: str) -> float:
        return float(self.plan.parameters[name])

    def count(self, name: str) -> int:
        return int(self.plan.parameters[name])

    def text(self, name: str) -> str:
        return str(self.plan.parameters[name])

    def now_s(self) -> float:
        return time.monotonic()

    # -- tools of scenarios --

    def writers(self, in_each_room: int) -> list[Participant]:
        """The first so many clients of each room, as far as they are in this process."""
        return [client for client in self.clients if client.place < in_each_room]

    def once(self, *acts: Callable[[float], None]) -> Deed:
        """A deed of the pacer that does these and is over."""

        def deed(due_s: float) -> None:
            for act in acts:
                act(due_s)

        return deed

    def write_until_end(self, client: Client, now_s: float) -> None:
        """The next update of a closed loop."""
        if now_s < self.end_s:
            client.write(now_s)

    async def join(
        self, clients: Sequence[Participant], at_once: bool = False, due_s: float | None = None, must: bool = True
    ) -> None:
        """All of them; `due_s`: when each should have dialled. Raises: Unreachable (not all came in, and they must)."""
        gate = asyncio.Semaphore(len(clients) + 1 if at_once else _JOINING_TOGETHER)

        async def enter(client: Participant) -> None:
            async with gate:
                await client.join(time.monotonic() if due_s is None else due_s)

        async with asyncio.TaskGroup() as joining:
            for client in clients:
                joining.create_task(enter(client), name=f"join {client.name}")
        outside = [client for client in clients if not client.synced]
        if outside and must:
            why = Counter(client.trouble or "dropped" for client in outside)
            reasons = ", ".join(f"{reason} ({count})" for reason, count in why.most_common(5))
            raise Unreachable(f"{len(outside)} of {len(clients)} clients are not in: {reasons}")

    async def until_stored(self, client: Participant) -> None:
        """Wait until the server gives a newcomer everything that this client wrote. Raises: Unreachable."""
        clocks = client.clocks()
        give_up_s = time.monotonic() + client.timeout_s
        while time.monotonic() < give_up_s:
            newcomer = self.newcomer(list(self.plan.rooms).index(client.room.name), client.room)
            if await newcomer.join(time.monotonic(), "join_alone") and not newcomer.lacks(clocks):
                newcomer.leave(0)
                return
            newcomer.leave(0)
            await asyncio.sleep(_POLL_S)
        raise Unreachable(f"the server does not give back the document that was brought into {client.room.name}")

    # -- steps --

    async def open(self) -> None:
        """Rooms are prepared, and one client tries the door. Raises: Unreachable."""
        gate = asyncio.Semaphore(_JOINING_TOGETHER)

        async def prepare(room: Room) -> None:
            async with gate:
                await room.dialect.prepare()

        try:
            async with asyncio.TaskGroup() as preparing:
                for room in self.rooms.values():
                    preparing.create_task(prepare(room), name=f"prepare {room.name}")
        except* OSError as group:
            raise Unreachable(f"the room cannot be opened: {group.exceptions[0]}") from None
        number, room = next(
            (number, self.rooms[name]) for number, name in enumerate(self.plan.rooms) if name in self.rooms
        )
        first = self.newcomer(number, room)
        if not await first.join(time.monotonic(), "newcomer", attempts=1):
            raise Unreachable(f"nobody can join: {first.trouble}")
        first.leave(0)

    def finish(self) -> None:
        """The last words of everybody who ended with a deletion; whoever is away comes back."""
        now_s = time.monotonic()
        for client in self.clients:
            client.write_last(now_s)
            client.come(now_s)

    def clocks(self) -> dict[str, dict[int, int]]:
        """Room -> client id -> next clock of what was written here."""
        found: dict[str, dict[int, int]] = {}
        for client in self.clients:
            found.setdefault(client.room.name, {}).update(client.clocks())
        return found

    async def settle(self, expected: Mapping[str, Mapping[int, int]], timeout_s: float) -> int:
        """Wait until everybody has everything; returns how many have not."""
        give_up_s = time.monotonic() + timeout_s
        waiting = list(self.clients)
        while waiting:
            waiting = [client for client in waiting if self._waits(client, expected)]
            if not waiting or time.monotonic() > give_up_s:
                break
            await asyncio.sleep(_POLL_S)
        return len(waiting)

    def _waits(self, client: Participant, expected: Mapping[str, Mapping[int, int]]) -> bool:
        return not client.synced or client.lacks(expected.get(client.room.name, {}))


def shared_out(plan: Plan, room_number: int) -> Sequence[int]:
    """Which places of a room this process has: whole rooms where there are enough of them, else every n-th client."""
    if len(plan.rooms) >= plan.processes:
        return range(plan.clients) if room_number % plan.processes == plan.process else ()
    return range(plan.process, plan.clients, plan.processes)
