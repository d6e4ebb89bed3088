"""R16: stock Yjs providers under Node and the server hold one document, whatever they do."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.stock_client import StockClient, install_providers
from tests.patience import PATIENCE_S
from tests.serving import Server

pytestmark = [pytest.mark.slow, pytest.mark.interop]
RUNS = int(os.environ.get("COLLAB_TEST_R16_RUNS", "10"))
"""Of each kind."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    install_providers()
    top = tmp_path_factory.mktemp("interop")
    (top / "folder").mkdir()
    server = Server(top / "folder", top / "data").start()
    yield server
    assert server.stop() == 0


async def agreed(clients: list[StockClient]) -> dict[str, object]:
    """Wait until all clients report the same document."""
    reports: list[dict[str, object]] = []

    async def all_alike() -> bool:
        reports[:] = [await client.report() for client in clients]
        return all(report == reports[0] for report in reports)

    assert await comes_true(all_alike), f"no agreement: {[str(report)[:400] for report in reports]}"
    return reports[0]


async def comes_true(condition: Callable[[], Awaitable[bool]]) -> bool:
    """Ask again and again, as the clients are processes of their own."""
    deadline = time.monotonic() + PATIENCE_S
    while not (true := await condition()) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return true


@pytest.mark.parametrize("seed", range(RUNS))
@pytest.mark.parametrize("tear", [False, True], ids=["whole characters", "torn surrogate pairs"])
async def test_random_edits_of_stock_providers_converge(server: Server, seed: int, tear: bool) -> None:
    rng = random.Random(seed)
    room = f"interop-{seed}-{tear}"
    clients = [await StockClient.start(server.ws_url, room, seed * 100 + i) for i in range(rng.randint(2, 4))]

    try:
        for client in clients:
            await client.do("connect")
        for _ in range(30):
            client = rng.choice(clients)
            action = rng.choices(["edit", "undo", "disconnect", "connect"], [8, 1, 1, 2])[0]
            await client.do(action, **({"count": rng.randint(1, 8), "tear": tear} if action == "edit" else {}))
        for client in clients:
            await client.do("connect")
        document = await agreed(clients)

        late = await StockClient.start(server.ws_url, room, 0)
        clients.append(late)
        await late.do("connect")
        assert await agreed(clients) == document
        assert document["vector"], "nothing was edited: the run shows nothing"
    finally:
        await asyncio.gather(*(client.stop() for client in clients))


async def test_presence_reaches_the_others_and_goes_with_the_client(server: Server) -> None:
    ada, ben = [await StockClient.start(server.ws_url, "presence", i) for i in range(2)]

    try:
        for client, name in ((ada, "Ada"), (ben, "Ben")):
            await client.do("connect")
            await client.do("presence", name=name)
        await seen(ada, 2)
        await ben.do("disconnect")
        await seen(ada, 1)
    finally:
        await asyncio.gather(ada.stop(), ben.stop())


async def seen(client: StockClient, count: int) -> None:
    """Wait until the client sees so many participants."""

    async def so_many() -> bool:
        return len((await client.do("report"))["peers"]) == count

    assert await comes_true(so_many), (await client.do("report"))["peers"]


async def synced(client: StockClient) -> None:
    """Wait until the client has had the server's answer to its sync step 1."""

    async def answered() -> bool:
        return bool((await client.do("report"))["synced"])

    assert await comes_true(answered), "not synced"


async def test_a_room_without_a_file_survives_kill_9_of_everything(server: Server, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    own = Server(tmp_path / "folder", tmp_path / "data").start()
    client = await StockClient.start(own.ws_url, "durable", 1)
    try:
        await client.do("connect")
        await client.do("edit", count=50)
        second = await StockClient.start(own.ws_url, "durable", 2)
        await second.do("connect")
        await synced(second)
        before = await agreed([client, second])
        await asyncio.gather(client.stop(), second.stop())

        own.kill()
        own.start()
        late = await StockClient.start(own.ws_url, "durable", 3)
        await late.do("connect")
        await synced(late)
        after = await agreed([late])
        await late.stop()

        assert after == before
    finally:
        own.stop()
