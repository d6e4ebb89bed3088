"""Large documents live in a worker of their own, which is there only while it is needed."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from collab.document import Splice
from collab.protocol.messages import encode_update
from tests.faults.typist import Typist
from tests.serving import Server

pytestmark = pytest.mark.slow

MARK = re.compile(r"\[\d+:\d+\]")
HEAVY = "heavy-0"
LIMIT = 50_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "small.md").write_text("", encoding="utf-8")
    (folder / "large.md").write_text("x" * (LIMIT + 1) + "\n", encoding="utf-8")
    environ = {
        "COLLAB_LIMITS_HEAVY_DOCUMENT_SIZE_BYTES": str(LIMIT),
        "COLLAB_STORE_SNAPSHOT_UPDATES": "30",
        "COLLAB_ROOM_IDLE_UNLOAD_S": "0.5",
        "COLLAB_SERVER_HEAVY_IDLE_S": "2",
    }
    server = Server(folder, tmp_path / "data", environ=environ).start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()


def numbers(server: Server) -> dict[str, float]:
    text = httpx.get(f"{server.url}/metrics", timeout=30).text
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def until(done: Callable[[], bool], timeout_s: float = 60) -> None:
    async with asyncio.timeout(timeout_s):
        while not await asyncio.to_thread(done):  # noqa: ASYNC110  # what it looks at is other processes
            await asyncio.sleep(0.05)


async def type_together(server: Server, path: str, done: Callable[[list[Typist]], bool], first: int) -> list[Typist]:
    """Three people type in a document until that is so; all they made is acknowledged and the same for all."""
    people = [Typist(number, server.url, path, number) for number in range(first, first + 3)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(person.run(), name=f"typist {person.number}") for person in people]
        await until(lambda: done(people), 120)
        for person in people:
            person.typing = False
        for person in people:
            await person.until(lambda person=person: not person.pending)
            await person.until(lambda person=person: person.replica.text() == people[0].replica.text())
        for task in tasks:
            task.cancel()
    return people


def check(people: list[Typist]) -> None:
    found = Counter(MARK.findall(people[0].replica.text()))
    assert set(found) == set().union(*(person.acknowledged for person in people))
    assert max(found.values()) == 1


def enough(people: list[Typist]) -> bool:
    return all(len(person.acknowledged) >= 5 for person in people)


def test_a_large_document_lives_apart_and_its_worker_goes_when_it_is_idle(server: Server) -> None:
    assert server.in_seat(HEAVY) is None
    check(asyncio.run(type_together(server, "small.md", enough, 0)))
    assert server.in_seat(HEAVY) is None

    before = asyncio.run(type_together(server, "large.md", enough, 10))
    check(before)

    worker = server.in_seat(HEAVY)
    assert worker is not None
    assert worker.nice() > 0
    assert not psutil.wait_procs([worker], timeout=60)[1]
    assert numbers(server)["collab_workers"] == 1
    check([*asyncio.run(type_together(server, "large.md", enough, 20)), *before])
    log = server.log.read_text() if server.log else ""
    assert "worker_died" not in log


def test_a_document_that_grows_too_large_moves_with_its_people_and_loses_nothing(server: Server) -> None:
    opened = httpx.post(f"{server.url}/api/v1/documents/open", json={"path": "small.md"}, timeout=60).json()

    async def run() -> list[Typist]:
        people = [Typist(number, server.url, "small.md", number) for number in range(3)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(person.run(), name=f"typist {person.number}") for person in people]
            await until(lambda: enough(people))
            await paste(people[0], "y" * LIMIT)
            await until(lambda: all(len(person.acknowledged) >= 40 for person in people), 120)
            for person in people:  # a quiet moment
                person.typing = False
            await until(lambda: server.in_seat(HEAVY) is not None, 120)
            for person in people:
                await person.joined.wait()
                person.typing = True
            known = [len(person.acknowledged) for person in people]
            await until(lambda: all(len(p.acknowledged) > count for p, count in zip(people, known, strict=True)))
            for person in people:
                person.typing = False
            for person in people:
                await person.until(lambda person=person: not person.pending)
                await person.until(lambda person=person: person.replica.text() == people[0].replica.text())
            for task in tasks:
                task.cancel()
        return people

    check(asyncio.run(run()))
    again = httpx.post(f"{server.url}/api/v1/documents/open", json={"path": "small.md"}, timeout=60).json()
    assert again["history_id"] == opened["history_id"]
    saved = httpx.post(f"{server.url}/api/v1/documents/{opened['document_id']}/save", json={}, timeout=60)
    assert saved.json()["state"] == "stored"
    content = httpx.get(f"{server.url}/api/v1/documents/{opened['document_id']}/content", timeout=60)
    assert content.content == (server.folder / "small.md").read_bytes()


async def paste(person: Typist, text: str) -> None:
    update = person.replica.changed_by(lambda: person.replica.edit_text([Splice(0, 0, text)]))
    await person._send(encode_update, update, set())
