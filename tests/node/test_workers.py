"""Several workers serve one folder as one server: rooms are spread, sockets find them, and a death stays at home."""

from __future__ import annotations

import asyncio
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from collab.document import Document
from collab.node.placement import Placement, Seat
from collab.protocol.messages import MessageType, encode_sync_step1, encode_sync_step2
from collab.store.base import DocumentId
from tests.faults.typist import FAILURES, Typist
from tests.serving import Server
from tests.web.edge_server import first_json

WORKERS = 4
MARK = re.compile(r"\[\d+:\d+\]")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("workers")
    folder = place / "docs"
    folder.mkdir()
    for number in range(50):
        (folder / f"{number}.md").write_text("", encoding="utf-8")
    environ = {"COLLAB_ROOM_IDLE_UNLOAD_S": "600", "COLLAB_AUTH_RECHECK_S": "3600"}
    server = Server(folder, place / "data", count=WORKERS, environ=environ).start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()


def open_document(server: Server, path: str) -> dict[str, str]:
    answer = httpx.post(f"{server.url}/api/v1/documents/open", json={"path": path}, timeout=60)
    assert answer.status_code == 200, answer.text
    opened: dict[str, str] = answer.json()
    return opened


def post(url: str, **body: str) -> dict[str, str]:
    answer = httpx.post(url, json=body, timeout=60)
    assert answer.is_success, answer.text
    content: dict[str, str] = answer.json()
    return content


def withdraw(url: str) -> None:
    assert httpx.delete(url, timeout=60).status_code == 204


def home_of(server: Server, path: str) -> Seat:
    return Placement(WORKERS).home(DocumentId(open_document(server, path)["document_id"]))


def numbers(server: Server) -> dict[str, float]:
    text = httpx.get(f"{server.url}/metrics", timeout=30).text
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def until(done: Callable[[], bool], timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not await asyncio.to_thread(done):  # noqa: ASYNC110  # what it looks at is other processes
            await asyncio.sleep(0.05)


async def typed(server: Server, path: str, typists: int, marks: int) -> list[Typist]:
    """People who typed in one document until each has that many marks acknowledged, and who see the same now."""
    people = [Typist(number, server.url, path, number) for number in range(typists)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(person.run(), name=f"typist {person.number}") for person in people]
        for person in people:
            await person.until(lambda person=person: len(person.acknowledged) >= marks)
        await settled(people)
        for task in tasks:
            task.cancel()
    return people


async def settled(people: list[Typist]) -> None:
    for person in people:
        person.typing = False
    for person in people:
        await person.until(lambda person=person: not person.pending)
        await person.until(lambda person=person: person.replica.text() == people[0].replica.text())


def test_people_of_one_room_meet_wherever_their_sockets_arrive(server: Server) -> None:
    before = numbers(server)

    people = asyncio.run(typed(server, "1.md", typists=12, marks=5))

    known = set().union(*(person.acknowledged for person in people))
    found = Counter(MARK.findall(people[0].replica.text()))
    assert set(found) == known
    assert max(found.values()) == 1
    after = numbers(server)
    assert after["collab_rooms_loaded_total"] - before.get("collab_rooms_loaded_total", 0) == 1
    assert after["collab_handovers_total"] > before.get("collab_handovers_total", 0)


def test_frames_behind_the_request_in_the_same_packet_survive_the_hand_over(server: Server) -> None:
    before = numbers(server).get("collab_handovers_total", 0)

    for number in range(20, 40):
        opened = open_document(server, f"{number}.md")
        assert first_answer(server, opened, encode_sync_step1(b"\x00")) == encode_sync_step2(b"\x00\x00")

    assert numbers(server)["collab_handovers_total"] > before


def first_answer(server: Server, opened: dict[str, str], message: bytes) -> bytes:
    """Send the upgrade and a message in one write, as no honest client does; the first sync step 2 that comes back."""
    target = opened["websocket_url"].removeprefix(server.ws_url.removesuffix("/ws"))
    request = (
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    frame = bytes([0x82, 0x80 | len(message), 0, 0, 0, 0]) + message
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(request.encode() + frame)
        received = b""
        wanted = encode_sync_step2(b"\x00\x00")
        while wanted not in received:
            part = client.recv(65536)
            assert part, received
            received += part
    assert received.startswith(b"HTTP/1.1 101 ")
    return wanted


def test_rooms_are_spread_and_counted_together(server: Server) -> None:
    homes = Counter(home_of(server, f"{number}.md") for number in range(50))

    assert set(homes) == set(Placement(WORKERS).regular)
    assert max(homes.values()) <= 25
    assert numbers(server)["collab_rooms_in_memory"] == 50
    assert numbers(server)["collab_workers"] == WORKERS


def test_a_dead_worker_costs_its_own_rooms_a_moment_and_others_nothing(server: Server) -> None:
    seat = home_of(server, "0.md")
    other = next(f"{number}.md" for number in range(1, 50) if home_of(server, f"{number}.md") != seat)

    async def run() -> None:
        here, there = Typist(1, server.url, "0.md", 1), Typist(2, server.url, other, 2)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(person.run(), name=f"typist {person.number}") for person in (here, there)]
            for person in (here, there):
                await person.until(lambda person=person: len(person.acknowledged) > 5)
            untouched, known = there.socket, set(here.acknowledged)
            worker = server.in_seat(seat.name)
            assert worker is not None
            worker.kill()
            document = await eventually_read(here)
            assert known <= set(MARK.findall(document.text()))
            count = len(there.acknowledged)
            await there.until(lambda: len(there.acknowledged) > count)
            assert there.socket is untouched
            for person in (here, there):
                await settled([person])
            for task in tasks:
                task.cancel()
            found = Counter(MARK.findall(here.replica.text()))
            assert set(found) == here.acknowledged
            assert max(found.values()) == 1

    asyncio.run(run())


async def eventually_read(person: Typist) -> Document:
    async with asyncio.timeout(30):
        while True:
            try:
                return await person.read()
            except FAILURES:
                await asyncio.sleep(0.02)


def test_readyz_names_the_worker_that_is_missing(server: Server) -> None:
    worker = server.in_seat("worker-2")
    assert worker is not None

    worker.suspend()
    try:
        answers = [httpx.get(f"{server.url}/readyz", timeout=30) for _ in range(2)]
    finally:
        worker.resume()

    silent = [answer.json() for answer in answers if answer.status_code == 503]
    assert silent and silent[0]["missing"] == ["worker-2"]
    server.wait_ready()


def test_a_withdrawn_share_closes_its_sockets_at_every_worker(server: Server) -> None:
    async def run() -> list[int]:
        codes = []
        for number in range(41, 45):
            opened = open_document(server, f"{number}.md")
            shares = f"{server.url}/api/v1/documents/{opened['document_id']}/shares"
            share = post(shares, role="editor")
            redeemed = post(f"{server.url}/api/v1/shares/redeem", secret=share["url"].partition("#")[2])
            async with connect(
                redeemed["websocket_url"].partition("?")[0] + "?v=1",
                subprotocols=[Subprotocol("collab.v1"), Subprotocol(f"token.{redeemed['token']}")],
            ) as client:
                await client.recv()
                withdraw(f"{shares}/{share['share_id']}")
                async with asyncio.timeout(30):
                    await client.wait_closed()
            codes.append(client.close_code or 0)
        return codes

    assert asyncio.run(run()) == [4403] * 4


def test_a_socket_for_a_worker_that_dies_before_it_took_it_is_served_by_the_successor(server: Server) -> None:
    async def run() -> None:
        opened = open_document(server, "3.md")
        seat = home_of(server, "3.md")
        worker = server.in_seat(seat.name)
        assert worker is not None
        worker.suspend()
        before = numbers(server).get("collab_handovers_total", 0)  # of those who answer
        async with asyncio.TaskGroup() as group:
            joining = group.create_task(first_message(opened), name="joins")
            await until(lambda: numbers(server)["collab_handovers_total"] > before)
            assert not joining.done()
            worker.kill()
        assert joining.result()

    asyncio.run(run())


def test_a_request_to_edit_finds_the_owner_and_its_answer_the_reader_at_every_worker(server: Server) -> None:
    async def run() -> None:
        for number in range(36, 40):  # at their home, or not: requests arrive anywhere
            opened = open_document(server, f"{number}.md")
            requests = f"{server.url}/api/v1/documents/{opened['document_id']}/access-requests"
            share = post(f"{server.url}/api/v1/documents/{opened['document_id']}/shares", role="viewer")
            reader = post(f"{server.url}/api/v1/shares/redeem", secret=share["url"].partition("#")[2])
            bearer = {"Authorization": f"Bearer {reader['token']}"}
            async with joined(opened) as owner, joined(reader) as guest:
                told = await asyncio.to_thread(httpx.post, requests, json={}, headers=bearer, timeout=60)
                assert told.json() == {"told": 1}, told.text
                asked = await notice_of(owner, "access_asked")
                answer = {"json": {"answer": "once"}, "timeout": 60}
                given = await asyncio.to_thread(httpx.post, f"{requests}/{asked['request_id']}", **answer)
                assert given.status_code == 204, given.text
                assert (await notice_of(guest, "role_changed"))["token"]
                again = await asyncio.to_thread(httpx.post, f"{requests}/{asked['request_id']}", **answer)
                assert again.status_code == 404

    asyncio.run(run())


def joined(opened: dict[str, str]) -> connect:
    offered = [Subprotocol("collab.v1"), Subprotocol(f"token.{opened['token']}")]
    return connect(opened["websocket_url"].partition("?")[0] + "?v=1", subprotocols=offered, open_timeout=60)


async def notice_of(socket: ClientConnection, code: str) -> dict[str, object]:
    while (payload := await first_json(socket, MessageType.NOTICE, 60))["code"] != code:
        pass
    return payload


async def first_message(opened: dict[str, str]) -> bytes:
    offered = [Subprotocol("collab.v1"), Subprotocol(f"token.{opened['token']}")]
    address = opened["websocket_url"].partition("?")[0] + "?v=1"
    async with connect(address, subprotocols=offered, compression=None, open_timeout=60) as client:
        data = await client.recv()
        assert isinstance(data, bytes)
        return data


def test_draining_one_worker_drains_all(server: Server) -> None:
    async def run() -> list[int | None]:
        opened = [open_document(server, f"{number}.md") for number in range(4)]
        clients = [
            await connect(
                one["websocket_url"].partition("?")[0] + "?v=1",
                subprotocols=[Subprotocol("collab.v1"), Subprotocol(f"token.{one['token']}")],
            )
            for one in opened
        ]
        assert post(f"{server.url}/api/v1/admin/drain")["draining"]
        async with asyncio.timeout(30):
            for client in clients:
                await client.wait_closed()
        return [client.close_code for client in clients]

    assert asyncio.run(run()) == [1012] * 4
    answers = [httpx.get(f"{server.url}/readyz", timeout=30) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {503}
    assert server.stop() == 0
