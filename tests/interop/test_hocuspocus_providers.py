"""The real Hocuspocus provider under Node, alone and beside y-websocket's, against one worker and against several."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.make_token import make_token
from tests.interop.stock_client import StockClient, install_providers
from tests.interop.test_r16_stock_providers import agreed, comes_true
from tests.patience import PATIENCE_S
from tests.serving import Server

pytestmark = [pytest.mark.slow, pytest.mark.interop]
RUNS = 6
SECRET = secrets.token_urlsafe(32)


@pytest.fixture(scope="module", params=[1, 3], ids=["one worker", "three workers"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    install_providers()
    top = tmp_path_factory.mktemp("hocuspocus")
    (top / "folder").mkdir()
    environ = {"COLLAB_ROOM_RELAY_STATELESS": "true"}
    server = Server(top / "folder", top / "data", count=request.param, environ=environ).start()
    yield server
    assert server.stop() == 0


def socket_of(server: Server) -> str:
    return f"{server.url.replace('http', 'ws', 1)}/hocuspocus"


async def provider(server: Server, room: str, seed: int, **params: Any) -> StockClient:
    client = await StockClient.start(socket_of(server), room, seed, params, dialect="hocuspocus")
    await client.do("connect")
    return client


async def shows(client: StockClient, seen: Callable[[dict[str, Any]], bool]) -> None:
    last: dict[str, Any] = {}

    async def true() -> bool:
        last.update(await client.do("report"))
        return seen(last)

    assert await comes_true(true), {key: str(value)[:300] for key, value in last.items()}


async def stopped(*clients: StockClient) -> None:
    await asyncio.gather(*(client.stop() for client in clients))


@pytest.mark.parametrize("seed", range(RUNS))
async def test_random_edits_of_both_kinds_of_providers_converge_and_are_acknowledged(server: Server, seed: int) -> None:
    rng = random.Random(seed)
    room = f"mixed-{seed}"
    clients = [await provider(server, room, seed * 100 + number) for number in range(2)]
    clients.append(await StockClient.start(server.ws_url, room, seed * 100 + 9))
    await clients[-1].do("connect")

    for _ in range(30):
        client = rng.choice(clients)
        action = rng.choices(["edit", "undo", "disconnect", "connect"], [8, 1, 1, 2])[0]
        await client.do(action, **({"count": rng.randint(1, 8)} if action == "edit" else {}))
    for client in clients:
        await client.do("connect")

    document = await agreed(clients)
    assert document["vector"], "nothing was edited: the run shows nothing"
    for client in clients[:2]:
        await shows(client, lambda report: report["synced"] and report["unsynced"] == 0)
    late = await provider(server, room, 0)
    assert await agreed([*clients, late]) == document
    await stopped(*clients, late)


@pytest.mark.parametrize("aware", [False, True], ids=["by name", "with a session of its own"])
async def test_several_documents_share_one_socket(server: Server, aware: bool) -> None:
    names = [f"shared-{aware}-{number}" for number in range(5)]
    first = await provider(server, names[0], 1, more=names[1:], sessionAwareness=aware)
    second = await provider(server, names[0], 2, more=names[1:], sessionAwareness=aware)

    await first.do("insert", at=0, text="own")
    for which in range(4):
        await first.do("insert_other", which=which, text=f"other {which}")

    await shows(second, lambda report: report["text"] == "own")
    await shows(
        second, lambda report: [other["text"] for other in report["others"]] == [f"other {n}" for n in range(4)]
    )
    await shows(first, lambda report: report["unsynced"] == 0 and not any(o["unsynced"] for o in report["others"]))
    await first.do("leave_other", which=0)
    await first.do("insert", at=0, text="still ")
    await shows(second, lambda report: report["text"] == "still own")
    await stopped(first, second)


async def test_presence_and_stateless_messages_reach_the_others(server: Server) -> None:
    first, second = await provider(server, "present", 1), await provider(server, "present", 2)
    await shows(first, lambda report: report["synced"])
    await shows(second, lambda report: report["synced"])

    await first.do("presence", name="Ada")
    await shows(second, lambda report: len(report["peers"]) >= 1)
    await first.do("say", words="a word")

    await shows(second, lambda report: "a word" in report["heard"])
    assert "a word" not in (await first.do("report"))["heard"]
    await stopped(first, second)


async def test_a_killed_worker_is_come_back_to_and_nothing_acknowledged_is_lost(server: Server) -> None:
    client = await provider(server, "killed", 1)
    await client.do("edit", count=20)
    await shows(client, lambda report: report["synced"] and report["unsynced"] == 0)
    before = await client.report()

    for worker in server.workers():
        worker.kill()
    server.wait_ready()
    await client.do("insert", at=0, text="again ")
    await shows(client, lambda report: report["synced"] and report["unsynced"] == 0)
    late = await provider(server, "killed", 2)

    after = await agreed([client, late])
    assert str(after["text"]) == f"again {before['text']}"
    await stopped(client, late)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Server]:
    install_providers()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.md").write_text("start\n", encoding="utf-8")
    with Server(tmp_path / "folder", tmp_path / "data", environ={"COLLAB_AUTH_SECRET": SECRET}) as server:
        yield server


async def test_a_file_is_opened_by_its_token_and_a_reader_changes_nothing(site: Server) -> None:
    editor = await a_provider(site, "editor")
    reader = await a_provider(site, "viewer")
    await shows(editor, lambda report: report["scope"] == "read-write" and report["text"] == "start\n")
    await shows(reader, lambda report: report["scope"] == "readonly" and report["text"] == "start\n")

    await reader.do("insert", at=0, text="not mine ")
    await editor.do("insert", at=0, text="mine ")

    await shows(reader, lambda report: "mine start" in report["text"])
    await shows(editor, lambda report: report["unsynced"] == 0)
    assert (await editor.do("report"))["text"] == "mine start\n"
    assert (await reader.do("report"))["unsynced"] > 0, "a refused edit must not count as kept"
    await stopped(editor, reader)


async def test_who_has_no_token_or_one_of_another_document_is_told_so(site: Server) -> None:
    name, seed, params = opened(site, "editor")
    for room, right in ((name, ""), (name, "rubbish"), ("another-document", params["token"])):
        client = await provider(site, room, seed, token=right)
        await shows(client, lambda report: bool(report["denied"]))
        assert (await client.do("report"))["text"] == ""
        await client.stop()


async def a_provider(site: Server, role: str) -> StockClient:
    name, seed, params = opened(site, role)
    return await provider(site, name, seed, **params)


def opened(site: Server, role: str) -> tuple[str, int, dict[str, str]]:
    """Document, a seed, parameters of a provider."""
    bearer = {"Authorization": f"Bearer {make_token(SECRET, f'{role}-person', role, 3600)}"}
    answer = httpx.post(f"{site.url}/api/v1/documents/open", json={"path": "a.md"}, headers=bearer, timeout=PATIENCE_S)
    assert answer.status_code == 200, answer.text
    return answer.json()["document_id"], 1, {"token": answer.json()["token"]}
