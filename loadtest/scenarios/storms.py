"""Owns what happens all at once: joins of a large document, reconnects, and connections that only stay."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from loadtest.scenarios.base import Parameter, Scenario, sizes
from loadtest.scenarios.steady import add_steady
from loadtest.synthetic import DOCUMENTS, large_document

if TYPE_CHECKING:
    from loadtest.fleet import Fleet


async def seed_document(fleet: Fleet) -> None:
    """The first client of each room joins alone and brings the large document."""
    size = fleet.count("edits" if fleet.text("document") == "b4" else "cells")
    first = fleet.writers(1)
    if not first:
        return
    updates = large_document(fleet.text("document"), size, fleet.seed, fleet.plan.first_client_id - 1)
    await fleet.join(first)
    for client in first:
        for update in updates:
            client.send_update(update, fleet.now_s(), is_edit=False)
    for client in first:
        await fleet.until_stored(client)


async def join_storm(fleet: Fleet) -> None:
    """Everybody else joins at once; over when all are in."""
    outside = [client for client in fleet.clients if client.place]
    await fleet.join(outside, at_once=True, due_s=fleet.begin_s, must=False)


async def idle(fleet: Fleet) -> None:
    """Nobody does anything; at the end one word in each room, so that it shows whether the connections live."""
    await asyncio.sleep(max(0.0, fleet.end_s - fleet.now_s()))
    for client in fleet.writers(1):
        client.write(fleet.now_s())


async def reconnect_storm(fleet: Fleet) -> None:
    """Every so often all connections break at once, people type on, and all come back."""
    add_steady(fleet, fleet.writers(fleet.count("writers")), fleet.number("text_per_s"), 0)
    storm_s = fleet.begin_s + fleet.number("interval_s") / 2
    while storm_s < fleet.end_s:
        fleet.pacer.add(storm_s, fleet.once(*[client.break_off for client in fleet.clients]))
        storm_s += fleet.number("interval_s")
    await fleet.pacer.run(fleet.end_s)


JOIN_STORM = Scenario(
    "join-storm",
    "200 join a large document at once: a text of 260,000 single-character edits, or a 10,000-cell notebook (S3)",
    {
        **sizes(201, 1, 0),
        "document": Parameter("b4", "what is joined", choices=DOCUMENTS),
        "edits": Parameter(260_000, "edits of the text", 1),
        "cells": Parameter(10_000, "cells of the notebook", 1),
    },
    join_storm,
    seed_document,
)
IDLE = Scenario(
    "idle",
    "Connections that do nothing for a while: memory per connection and room, and none dropped (S4)",
    sizes(1_000, 1, 60),
    idle,
)
RECONNECT_STORM = Scenario(
    "reconnect-storm",
    "All connections break at once again and again while people type; everybody returns and nothing is lost or doubled",
    {
        **sizes(100, 1, 30),
        "writers": Parameter(10, "clients in each room that write", 1),
        "text_per_s": Parameter(2.0, "text updates a second of each writer"),
        "interval_s": Parameter(5.0, "seconds between two storms", 0.1),
    },
    reconnect_storm,
)
