"""Owns steady loads in open loop: everybody writes and shows presence at a rate, by the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from loadtest.scenarios.base import Parameter, Scenario, sizes

if TYPE_CHECKING:
    from loadtest.fleet import Fleet
    from loadtest.participant import Participant


def add_steady(fleet: Fleet, clients: Sequence[Participant], text_per_s: float, presence_per_s: float) -> None:
    """Each of the clients sends so many updates a second, evenly, in a phase of its own."""
    for client in clients:
        for rate, send in ((text_per_s, client.write), (presence_per_s, client.show)):
            if rate > 0:
                first = fleet.begin_s + client.random.random() / rate
                fleet.pacer.add(first, partial(_send_and_repeat, send, 1 / rate))


def _send_and_repeat(send: Callable[[float], None], interval_s: float, due_s: float) -> float:
    send(due_s)
    return due_s + interval_s


async def offices(fleet: Fleet) -> None:
    """Rooms of a few people who type."""
    share = 1 / fleet.count("clients")
    add_steady(fleet, fleet.clients, fleet.number("text_per_s") * share, fleet.number("presence_per_s") * share)
    await fleet.pacer.run(fleet.end_s)


async def lecture(fleet: Fleet) -> None:
    """One writes, all watch and are seen."""
    writers = fleet.writers(1)
    add_steady(fleet, writers, fleet.number("text_per_s"), 0)
    add_steady(fleet, fleet.clients, 0, fleet.number("presence_per_s"))
    await fleet.pacer.run(fleet.end_s)


async def classroom(fleet: Fleet) -> None:
    """Everybody types in one document."""
    add_steady(fleet, fleet.clients, fleet.number("text_per_s"), fleet.number("presence_per_s"))
    await fleet.pacer.run(fleet.end_s)


def _rates(text: float, presence: float, whose: str) -> dict[str, Parameter]:
    return {
        "text_per_s": Parameter(text, f"text updates a second {whose}"),
        "presence_per_s": Parameter(presence, f"awareness updates a second {whose}"),
    }


OFFICES = Scenario(
    "offices",
    "Typing offices: many rooms of five people, 5 text and 5 awareness updates a second and room (S2)",
    {**sizes(5, 100, 30, 3), **_rates(5.0, 5.0, "in each room")},
    offices,
)
OFFICES_X5 = Scenario(
    "offices-x5",
    "Typing offices at five times the rate (S2x5)",
    {**sizes(5, 100, 30, 3), **_rates(25.0, 25.0, "in each room")},
    offices,
)
BIG_ROOM = Scenario(
    "big-room",
    "One room of a hundred people, 100 text and 100 awareness updates a second (S2-big)",
    {**sizes(100, 1, 30, 3), **_rates(100.0, 100.0, "in each room")},
    offices,
)
LECTURE = Scenario(
    "lecture",
    "A lecture: one person writes, hundreds watch, and everybody's presence is shown",
    {
        **sizes(501, 1, 30, 3),
        "text_per_s": Parameter(5.0, "text updates a second of the one who writes"),
        "presence_per_s": Parameter(1.0, "awareness updates a second of each"),
    },
    lecture,
)
CLASS = Scenario(
    "class",
    "A class: everybody types in one document, 5 updates a second each",
    {**sizes(200, 1, 30, 3), **_rates(5.0, 0.0, "of each")},
    classroom,
)
