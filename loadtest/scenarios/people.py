"""Owns loads of people who differ: slow readers, recorded sessions, and a whole day of comings and goings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from loadtest.recording import read_recording, synthetic_recording
from loadtest.scenarios.base import Parameter, Scenario, sizes
from loadtest.scenarios.steady import add_steady

if TYPE_CHECKING:
    from loadtest.fleet import Fleet
    from loadtest.participant import Participant

_BEHIND_THE_LAST_S = 0.001


async def slow_readers(fleet: Fleet) -> None:
    """Some stop reading for a while; the others must not notice."""
    slow_from = fleet.count("clients") - round(fleet.count("clients") * fleet.number("slow_share"))
    slow = [client for client in fleet.clients if client.place >= slow_from]
    typing = [client for client in fleet.clients if client.place < slow_from]
    add_steady(fleet, typing, fleet.number("text_per_s"), fleet.number("presence_per_s"))
    pause_s = fleet.number("pause_s")
    at_s = fleet.begin_s + pause_s / 4
    for client in slow:
        client.call_latencies("text_slow")
    while at_s < fleet.end_s:
        fleet.pacer.add(at_s, fleet.once(*[client.stop_reading for client in slow]))
        fleet.pacer.add(min(at_s + pause_s, fleet.end_s), fleet.once(*[client.read_on for client in slow]))
        at_s += pause_s * 1.25
    await fleet.pacer.run(fleet.end_s)
    for client in slow:
        client.read_on(fleet.end_s)


async def replay(fleet: Fleet) -> None:
    """The first client of each room sends a session as it was recorded; the others watch."""
    recording = (
        read_recording(fleet.recording)
        if fleet.recording
        else synthetic_recording(fleet.seed, fleet.count("edits"), fleet.count("authors"))
    )
    speed = fleet.number("speed")
    for client in fleet.writers(1):
        for entry in recording.entries:
            at_s = fleet.begin_s + entry.at_ms / 1000 / speed
            if at_s < fleet.end_s:
                fleet.pacer.add(at_s, fleet.once(partial(client.send_update, entry.update)))
    last_ms = recording.entries[-1].at_ms if recording.entries else 0.0
    await fleet.pacer.run(min(fleet.end_s, fleet.begin_s + last_ms / 1000 / speed + _BEHIND_THE_LAST_S))


async def mixed_day(fleet: Fleet) -> None:
    """People come, type in bursts with pauses, look on, lose their connection, leave for lunch and return."""
    for client in fleet.clients:
        fleet.pacer.add(fleet.begin_s + client.random.random() * 2, partial(_live, fleet, client))
    await fleet.pacer.run(fleet.end_s)


def _live(fleet: Fleet, client: Participant, due_s: float) -> float:
    """One moment of a person's day; returns when the next one is due."""
    if not client.connected:
        client.come(due_s)
        return due_s + 1.0
    chance = client.random.random()
    if chance < fleet.number("away_share") / 100:
        client.leave(due_s)
        return due_s + client.random.uniform(2.0, 10.0)
    if chance < 0.001:
        client.break_off(due_s)
        return due_s + 0.5
    return due_s + client.type_on(due_s)


SLOW_READERS = Scenario(
    "slow-readers",
    "Some clients stop reading for seconds while the others type: nobody else may notice, all end with the same text",
    {
        **sizes(50, 1, 30),
        "slow_share": Parameter(0.2, "share of the clients that stop reading"),
        "pause_s": Parameter(8.0, "seconds without reading", 0.1),
        "text_per_s": Parameter(2.0, "text updates a second of each other client"),
        "presence_per_s": Parameter(1.0, "awareness updates a second of each other client"),
    },
    slow_readers,
)
REPLAY = Scenario(
    "replay",
    "A recorded editing session, update by update at its own pace; without a recording a synthesised one",
    {
        **sizes(10, 10, 60),
        "speed": Parameter(1.0, "how much faster than it was recorded", 0.01),
        "edits": Parameter(2_000, "edits of the synthesised session", 1),
        "authors": Parameter(3, "people in the synthesised session", 1),
    },
    replay,
)
MIXED_DAY = Scenario(
    "mixed-day",
    "A day in a minute: people join, type in bursts, make pauses, drop out, leave and return",
    {**sizes(5, 40, 60), "away_share": Parameter(0.3, "chance per keystroke of leaving for a while, in per cent")},
    mixed_day,
)
