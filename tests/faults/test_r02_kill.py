"""R2: kill -9 of the worker while eight people type loses no acknowledged edit and doubles none."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.document import Document
from tests.faults.typist import FAILURES, Typist
from tests.patience import PATIENCE_S
from tests.serving import Server

pytestmark = pytest.mark.slow

CLIENTS = 8
PATH = "notes.md"
MARK = re.compile(r"\[\d+:\d+\]")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / PATH).write_text("", encoding="utf-8")
    server = Server(folder, tmp_path / "data").start()
    yield server
    server.stop()


async def kill_and_compare(server: Server, kills: int, seed: int) -> list[float]:
    """Kill so often; returns how long each time the room was away, in seconds."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    typists = [Typist(number, server.url, PATH, seed + number) for number in range(CLIENTS)]
    away = []
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(typist.run(), name=f"typist {typist.number}") for typist in typists]
        await all_joined(typists)
        for number in range(kills):
            await asyncio.sleep(chance.uniform(0.2, 1.5))
            known = acknowledged(typists)
            server.kill_worker()
            began = time.monotonic()
            if number % 2 == 0:
                close_all_browsers(typists)
            document = await eventually_read(typists[0])
            away.append(time.monotonic() - began)
            check(document, known)
            await all_joined(typists)
        await settle(typists)
        for task in tasks:
            task.cancel()
    final = acknowledged(typists)
    check(await typists[0].read(), final)
    assert len(final) > kills * CLIENTS
    middle = sorted(away)[len(away) // 2]
    print(f"{kills} kills, {len(final)} acknowledged edits; room back: {middle:.2f} s median, {max(away):.2f} s worst")
    return away


def close_all_browsers(typists: list[Typist]) -> None:
    """Only the server's journal can know now what was acknowledged."""
    for typist in typists:
        typist.joined.clear()
        typist.forget()


async def all_joined(typists: list[Typist]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        for typist in typists:
            await typist.joined.wait()


async def eventually_read(typist: Typist) -> Document:
    """What the first newcomer gets after the server is back."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await typist.read()
            except FAILURES:
                await asyncio.sleep(0.02)


async def settle(typists: list[Typist]) -> None:
    """Nobody types any more; everything is acknowledged, and all see the same."""
    for typist in typists:
        typist.typing = False
    await asyncio.gather(*(typist.until(lambda typist=typist: not typist.pending) for typist in typists))
    first = typists[0]
    for typist in typists:
        await typist.until(lambda typist=typist: typist.replica.text() == first.replica.text())


def acknowledged(typists: list[Typist]) -> set[str]:
    return set().union(*(typist.acknowledged for typist in typists))


def check(document: Document, known: set[str]) -> None:
    """Each acknowledged edit is there exactly once, and no other twice."""
    found = Counter(MARK.findall(document.text()))
    lost = known - found.keys()
    doubled = [mark for mark, count in found.items() if count > 1]
    assert not lost, f"{len(lost)} acknowledged edits are lost"
    assert not doubled, f"{len(doubled)} edits are there twice"


async def test_a_killed_worker_comes_back_with_every_acknowledged_edit_once(server: Server) -> None:
    await kill_and_compare(server, kills=20, seed=2)


@pytest.mark.soak
async def test_the_room_is_back_in_two_seconds(server: Server) -> None:
    away = sorted(await kill_and_compare(server, kills=200, seed=3))

    assert away[int(len(away) * 0.95)] < 2.0
