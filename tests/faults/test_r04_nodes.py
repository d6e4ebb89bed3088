"""R4: three real servers with PostgreSQL and Redis; whatever happens to Redis, editing goes on, and soon after healing
all nodes have the same. No acknowledged edit is lost, none is doubled.

One cycle of faults by default; soak: `COLLAB_TEST_CYCLES` of them (20), resumable by `COLLAB_TEST_SEED`.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.group import Group, Way, group, ways
from tests.faults.typist import Typist
from tests.patience import PATIENCE_S

MARK = re.compile(r"\[\d+:\d+\]")
TYPISTS = 6
FAULT_S = 2.5

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Group]:
    with group() as made:
        yield made


@asynccontextmanager
async def typing(nodes: Group, path: str, seed: int) -> AsyncIterator[list[Typist]]:
    """People who type at all nodes into one document."""
    urls = [server.url for server in nodes.servers]
    typists = [Typist(number, urls[number % len(urls)], path, seed + number) for number in range(TYPISTS)]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(typist.run(), name=f"typist {typist.number}") for typist in typists]
        async with asyncio.timeout(PATIENCE_S):
            for typist in typists:
                await typist.joined.wait()
        yield typists
        for task in running:
            task.cancel()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  # it looks at other processes, too
            await asyncio.sleep(0.1)


async def alike(typists: list[Typist]) -> float:
    """Stop typing; seconds until all replicas are the same, and everything is acknowledged."""
    for typist in typists:
        typist.typing = False
    began = time.monotonic()
    await until(lambda: len({one.replica.text() for one in typists}) == 1)
    same = time.monotonic() - began
    await until(lambda: not any(one.pending for one in typists))
    print(f"the same after {same:.2f} s, acknowledged after {time.monotonic() - began:.2f} s")
    assert len({one.replica.text() for one in typists}) == 1
    return time.monotonic() - began


def check(text: str, typists: list[Typist]) -> None:
    """Everything is there, once."""
    found = Counter(MARK.findall(text))
    doubled = {mark: count for mark, count in found.items() if count > 1}
    assert not doubled
    for typist in typists:
        assert typist.acknowledged <= found.keys()
        assert typist.made <= found.keys()


async def edits_go_on(typists: list[Typist]) -> None:
    """At every node something more is acknowledged."""
    before = [len(typist.acknowledged) for typist in typists]
    await until(lambda: all(len(one.acknowledged) > count for one, count in zip(typists, before, strict=True)))


async def killed(nodes: Group, open_ways: list[Way]) -> None:
    """Redis is killed, and comes back empty."""
    nodes.redis.kill()
    await asyncio.sleep(FAULT_S)


async def stopped(nodes: Group, open_ways: list[Way]) -> None:
    """Redis stands still."""
    nodes.redis.pause()
    await asyncio.sleep(FAULT_S)


async def flushed(nodes: Group, open_ways: list[Way]) -> None:
    nodes.redis.command("FLUSHALL")


async def full(nodes: Group, open_ways: list[Way]) -> None:
    nodes.redis.command("CONFIG", "SET", "maxmemory", "1")
    nodes.redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    await asyncio.sleep(FAULT_S / 2)


async def slow(nodes: Group, open_ways: list[Way]) -> None:
    """Every message takes half a second more."""
    for way in open_ways:
        way.delay_s = 0.25
    await asyncio.sleep(FAULT_S)


async def apart(nodes: Group, open_ways: list[Way]) -> None:
    """One node cannot reach Redis."""
    await open_ways[1].cut()
    await asyncio.sleep(FAULT_S)


Fault = Callable[[Group, list[Way]], Coroutine[None, None, None]]
FAULTS: tuple[Fault, ...] = (killed, stopped, flushed, full, slow, apart)


async def heal(nodes: Group, open_ways: list[Way], fault: Fault) -> None:
    if fault is killed:
        nodes.redis.start()
    elif fault is stopped:
        nodes.redis.resume()
    elif fault is full:
        nodes.redis.command("CONFIG", "SET", "maxmemory", "0")
    elif fault is apart:
        await open_ways[1].open()
    for way in open_ways:
        way.delay_s = 0.0


async def go_through(nodes: Group, path: str, fault: Fault, seed: int) -> float:
    """One fault while people type; seconds from the healing until all nodes have the same."""
    async with ways(nodes) as open_ways:
        async with typing(nodes, path, seed) as typists:
            await edits_go_on(typists)
            await fault(nodes, open_ways)
            try:
                await edits_go_on(typists)
            finally:
                await heal(nodes, open_ways, fault)
            took = await alike(typists)
            check(typists[0].replica.text(), typists)
            for typist in typists[: len(nodes.servers)]:
                check((await typist.read()).text(), typists)
            expected = typists[0].replica.text()
        await until(lambda: nodes.text(path) == expected)
    print(f"{fault.__name__}: {took:.2f} s, {sum(len(typist.made) for typist in typists)} edits")
    return took


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_r04_redis(nodes: Group, fault: Fault) -> None:
    await go_through(nodes, nodes.new_file(f"{fault.__name__}.md"), fault, seed=4)


async def test_r04_a_node_that_is_killed_loses_nothing_and_the_others_go_on(nodes: Group) -> None:
    path = nodes.new_file("killed-node.md")
    async with ways(nodes), typing(nodes, path, 5) as typists:
        await edits_go_on(typists)
        nodes.servers[0].kill()
        await edits_go_on([typist for typist in typists if typist.number % 3])
        await asyncio.to_thread(nodes.servers[0].start)
        await edits_go_on(typists)
        await alike(typists)
        check(typists[0].replica.text(), typists)
        expected = typists[0].replica.text()
        await until(lambda: nodes.text(path) == expected)


@pytest.fixture(scope="module")
def nodes_of_two_workers() -> Iterator[Group]:
    with group(2, COLLAB_SERVER_WORKERS="2") as made:
        yield made


@pytest.mark.parametrize("fault", [killed, apart], ids=lambda fault: fault.__name__)
async def test_r04_redis_with_several_workers_in_each_node(nodes_of_two_workers: Group, fault: Fault) -> None:
    path = nodes_of_two_workers.new_file(f"{fault.__name__}.md")
    await go_through(nodes_of_two_workers, path, fault, seed=6)


@pytest.mark.soak
async def test_r04_soak(nodes: Group) -> None:
    first = int(os.environ.get("COLLAB_TEST_SEED", "0"))
    took: list[float] = []
    for seed in range(first, int(os.environ.get("COLLAB_TEST_CYCLES", "20"))):
        print(f"cycle and seed {seed}")
        faults = list(FAULTS)
        random.Random(seed).shuffle(faults)
        for fault in faults:
            took.append(await go_through(nodes, nodes.new_file(f"{fault.__name__}-{seed}.md"), fault, seed))
    print(f"{len(took)} faults; converged after {sorted(took)[len(took) // 2]:.2f} s median, {max(took):.2f} s worst")
    assert max(took) <= 5.0
