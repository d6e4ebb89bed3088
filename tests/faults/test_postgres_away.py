"""PostgreSQL killed, frozen and started again under a real server while people type: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import ask, http_client
from tests.faults.test_r02_kill import PATH, acknowledged, all_joined, check, eventually_read, settle
from tests.faults.typist import Typist
from tests.patience import PATIENCE_S
from tests.postgres import PASSWORD, PostgresServer, new_server
from tests.serving import Server

pytestmark = pytest.mark.slow

CLIENTS = 4
UNKNOWN = "unknown.md"


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    made = new_server(fsync="on", full_page_writes="on")
    yield made
    made.remove()


@pytest.fixture
def server(database: PostgresServer, tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in (PATH, UNKNOWN):
        (folder / name).write_text("", encoding="utf-8")
    own = database.config()
    environ = {
        "COLLAB_DATABASE": str(own.database),
        "COLLAB_STORE_DATABASE_PASSWORD": PASSWORD,
        "COLLAB_STORE_DATABASE_SCHEMA": own.database_schema,
        "COLLAB_STORE_DATABASE_TIMEOUT_S": "2",
    }
    server = Server(folder, tmp_path / "data", environ=environ).start()
    yield server
    server.stop()


async def until_ready(server: Server, ready: bool) -> None:
    async with asyncio.timeout(PATIENCE_S), http_client(server.url) as client:
        while (await client.get("/readyz")).is_success != ready:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.1)


async def code_of_opening(server: Server, path: str) -> str:
    """What a person is told who opens a document that is not live; empty when it opens."""
    async with http_client(server.url) as client:
        answer = await client.post("/api/v1/documents/open", json={"path": path})
        return "" if answer.is_success else str(answer.json()["error"]["code"])


async def test_edits_wait_while_the_database_is_away_and_are_all_there_afterwards(
    server: Server, database: PostgresServer
) -> None:
    typists = [Typist(number, server.url, PATH, number) for number in range(CLIENTS)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(typist.run(), name=f"typist {typist.number}") for typist in typists]
        await all_joined(typists)
        await typists[0].until(lambda: len(acknowledged(typists)) > 10)

        await asyncio.to_thread(database.kill)
        await until_ready(server, False)
        before = acknowledged(typists)
        await typists[0].until(lambda: bool(typists[0].pending))
        assert await code_of_opening(server, UNKNOWN) == "journal_unavailable"
        assert acknowledged(typists) == before
        await asyncio.to_thread(database.start)
        await until_ready(server, True)
        await typists[0].until(lambda: len(acknowledged(typists)) > len(before))
        assert await code_of_opening(server, UNKNOWN) == ""

        with database.frozen():
            await until_ready(server, False)
        await until_ready(server, True)

        known = acknowledged(typists)
        server.kill_worker()
        check(await eventually_read(typists[0]), known)
        await all_joined(typists)
        await settle(typists)
        for task in tasks:
            task.cancel()

    final = acknowledged(typists)
    check(await typists[0].read(), final)
    assert len(final) > len(before)


def test_a_server_says_who_keeps_its_journal_and_never_the_password(server: Server) -> None:
    assert ask("GET", f"{server.url}/readyz").json()["journal"] == "ok"
    assert server.log is not None
    assert PASSWORD not in server.log.read_text(errors="replace")
    assert server.process is not None
    for process in (
        Path("/proc") / str(server.process.pid),
        *(Path("/proc") / str(one.pid) for one in server.workers()),
    ):
        assert PASSWORD.encode() not in (process / "cmdline").read_bytes()
