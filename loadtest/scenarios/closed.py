"""Owns closed loops: a writer sends its next update when everybody has the last one; they measure throughput."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadtest.scenarios.base import Parameter, Scenario, sizes

if TYPE_CHECKING:
    from loadtest.fleet import Fleet


async def closed_loop(fleet: Fleet) -> None:
    """Writers keep their number of updates in flight."""
    in_flight = fleet.count("in_flight")
    for client in fleet.writers(fleet.count("writers")):
        client.on_arrived = fleet.write_until_end
        fleet.pacer.add(fleet.begin_s, fleet.once(*[client.write] * in_flight))
    await fleet.pacer.run(fleet.end_s)


def _loop(writers: int, in_flight: int) -> dict[str, Parameter]:
    return {
        "writers": Parameter(writers, "clients in each room that write", 1),
        "in_flight": Parameter(in_flight, "updates of a writer that not everybody has yet", 1),
    }


FAN_OUT = Scenario(
    "fan-out",
    "One room in closed loop: 10 writers with 4 updates in flight each, all others read (S1)",
    {**sizes(100, 1, 20, 3), **_loop(10, 4)},
    closed_loop,
)
LOCK_STEP = Scenario(
    "lock-step",
    "One writer, one update in flight: nothing can be merged (S1-lock)",
    {**sizes(100, 1, 20, 3), **_loop(1, 1)},
    closed_loop,
)
