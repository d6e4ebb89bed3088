"""What one update costs on Redis between two nodes: messages, commands and bytes, as Redis counts them.

    python -m benchmarks.fanout_traffic --rooms 50 --seconds 10

Two nodes in one process over a store in memory and a real Redis that the benchmark starts; on both nodes one person a
room types five short updates a second (`--one-sided`: on one node only). So it shows traffic, and how long an update
takes from one node's client to the other's, not what a machine can do.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import time
from contextlib import AsyncExitStack
from dataclasses import replace

from collab.clock import SystemClock
from collab.config import Config, RedisConfig
from collab.document import Splice
from collab.fanout.base import NodeId
from collab.fanout.hub import Hub
from collab.fanout.redis import RedisBus
from collab.rooms.rooms import Rooms
from tests.fanout.redis_process import RedisProcess, redis_process
from tests.simulation.client import Client
from tests.simulation.world import World, access

PER_SECOND = 5


def counted(server: RedisProcess) -> tuple[int, int, int]:
    """PUBLISH commands, bytes in, bytes out."""
    told = server.command("INFO", "all").decode(errors="replace")

    def number(pattern: str) -> int:
        found = re.search(pattern, told)
        return int(found[1]) if found else 0

    return (
        number(r"cmdstat_publish:calls=(\d+)"),
        number(r"total_net_input_bytes:(\d+)"),
        number(r"total_net_output_bytes:(\d+)"),
    )


async def node(stack: AsyncExitStack, world: World, url: str, name: str) -> Rooms:
    config = Config(redis=RedisConfig(url=url))
    clock = SystemClock()
    me = NodeId(name, random.getrandbits(64))
    bus = RedisBus(config.redis, config.limits, clock)
    hub = await stack.enter_async_context(Hub(bus, me, b"key", config.redis, config.limits, clock, world.metrics))
    parts = replace(world.parts(name), fanout=hub, saver=str(me), clock=clock)
    return await stack.enter_async_context(Rooms(parts, [], 10.0))


async def measure(server: RedisProcess, rooms: int, seconds: float, *, one_sided: bool) -> None:
    world = World(SystemClock())  # type: ignore[arg-type]
    await world.store.open()
    async with AsyncExitStack() as stack:
        nodes = [await node(stack, world, server.url, name) for name in ("a", "b")]
        await asyncio.sleep(1)
        people = []
        for number in range(rooms):
            opened = await nodes[0].open_scratch(f"room-{number}")
            for index, rooms_of in enumerate(nodes):
                client = Client(f"p{index}", access(f"p{index}"), 10 * number + index + 1)
                await client.connect(rooms_of, opened.document_id)
                people.append(client)
        await asyncio.sleep(2)
        before, sent = counted(server), 0
        ages: list[float] = []
        ends = time.monotonic() + seconds
        used = time.process_time()
        while time.monotonic() < ends:
            began = time.monotonic()
            writers = people[::2] if one_sided else people
            for client in writers:
                client.edit(Splice(0, 0, "ab"))
                sent += 1
            first, other = people[0], people[1]
            mine = first.document.client_id
            while other.document.clocks().get(mine) != first.document.clocks()[mine]:  # noqa: ASYNC110
                await asyncio.sleep(0)
            ages.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, 1 / PER_SECOND - (time.monotonic() - began)))
        used = time.process_time() - used
        await asyncio.sleep(1)
        after = counted(server)
        for client in people:
            await client.disconnect()
    publishes, bytes_in, bytes_out = (late - early for late, early in zip(after, before, strict=True))
    ages.sort()
    print(
        f"{sent} updates in {rooms} rooms: {publishes / sent:.2f} PUBLISH, {bytes_in / sent:.0f} bytes in and "
        f"{bytes_out / sent:.0f} bytes out for each; CPU of both nodes and all clients {used / sent * 1e6:.0f} µs; "
        f"all updates of a moment at the other node after {ages[len(ages) // 2] * 1000:.1f} ms (median)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--one-sided", action="store_true")
    options = parser.parse_args()
    with redis_process() as server:
        asyncio.run(measure(server, options.rooms, options.seconds, one_sided=options.one_sided))


if __name__ == "__main__":
    main()
