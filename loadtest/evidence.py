"""Owns what a generator process brings to the proof: what its clients hold, and what the server gives a newcomer."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

from loadtest.client import Client
from loadtest.document import DocumentError, merge, replay
from loadtest.fleet import Fleet
from loadtest.orders import Evidence, Holding
from loadtest.room import Room

_NEWCOMERS_TOGETHER = 20
_TEXT_KEPT = 2_000_000
"""Characters of a differing text that are handed on."""


async def gather(fleet: Fleet) -> Evidence:
    """Everything of this process."""
    joiners = await _send_newcomers(fleet)
    by_room: defaultdict[str, list[Client]] = defaultdict(list)
    for client in fleet.clients:
        by_room[client.room.name].append(client)
    holdings: list[Holding] = []
    for name, clients in by_room.items():
        holdings += _holdings(name, clients)
        await asyncio.sleep(0)
    return Evidence(
        process=fleet.plan.process,
        sent={
            name: [sent.update for client in clients for sent in client.history] for name, clients in by_room.items()
        },
        base={name: room.base or b"" for name, room in fleet.rooms.items()},
        edits={name: _edit_ends(clients) for name, clients in by_room.items()},
        holdings=holdings,
        joiners=joiners,
    )


def _edit_ends(clients: Iterable[Client]) -> dict[int, list[int]]:
    ends: defaultdict[int, list[int]] = defaultdict(list)
    for client in clients:
        for sent in client.history:
            if sent.is_edit and sent.end is not None:
                ends[sent.author].append(sent.end)
    return dict(ends)


def _holdings(room: str, clients: Sequence[Client]) -> list[Holding]:
    """What clients hold follows from what they received and wrote; who has the same of both is worked out once."""
    groups: defaultdict[tuple[frozenset[int], int], list[Client]] = defaultdict(list)
    for client in clients:
        writer = client.author.client_id if client.history else -1
        groups[frozenset(map(id, client.log)), writer].append(client)
    return [_holding(room, group) for group in groups.values()]


def _holding(room: str, group: Sequence[Client]) -> Holding:
    client = group[0]
    if not client.was_in:
        return Holding(room, "", len(group), client.name, problem="never came in")
    if not client.synced:
        return Holding(room, "", len(group), client.name, problem="is not connected at the end")
    received = [message.incoming.body for message in client.log]
    try:
        content = replay([*received, *(sent.update for sent in client.history)])
    except DocumentError as error:
        return Holding(room, "", len(group), client.name, problem=str(error))
    return Holding(room, content.digest, len(group), client.name, text=content.text[:_TEXT_KEPT])


async def _send_newcomers(fleet: Fleet) -> dict[str, bytes | str]:
    """One fresh client into each room of this process: what it gets is what the server holds."""
    plan = fleet.plan
    gate = asyncio.Semaphore(_NEWCOMERS_TOGETHER)
    found: dict[str, bytes | str] = {}

    async def visit(number: int, room: Room) -> None:
        async with gate:
            newcomer = fleet.newcomer(number, room)
            if await newcomer.join(time.monotonic(), "newcomer"):
                found[room.name] = merge([message.incoming.body for message in newcomer.log])
            else:
                found[room.name] = newcomer.trouble or "could not join"
            newcomer.leave(0)

    async with asyncio.TaskGroup() as visits:
        for number, name in enumerate(plan.rooms):
            if number % plan.processes == plan.process:
                visits.create_task(visit(number, fleet.rooms[name]), name=f"newcomer in {name}")
    return found
