"""An operator sees what is live and ends it; nobody else does."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from collab.protocol.messages import MessageType
from collab.protocol.roles import Role
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running, bearer, first_json


def operator(site: Running) -> httpx.AsyncClient:
    return site.client(headers=bearer(site, Role.OWNER, "root"))


async def open_as(site: Running, user: str, role: Role = Role.EDITOR) -> dict[str, object]:
    return await site.open("a.md", site.client(headers=bearer(site, role, user)))


def socket_of(site: Running, opened: dict[str, object]) -> object:
    return site.join(str(opened["document_id"]), str(opened["token"]))


async def closed(socket: ClientConnection) -> int | None:
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code


async def listed(client: httpx.AsyncClient, what: str, **query: str) -> list[dict[str, object]]:
    answer = await client.get(f"/api/v1/admin/{what}", params=query)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, object]] = answer.json()[what]
    return rows


async def test_rooms_and_connections_are_listed_with_what_they_are(site: Running) -> None:
    opened = await open_as(site, "anna")
    async with site.join(str(opened["document_id"]), str(opened["token"])) as socket:
        await first_json(socket, MessageType.HELLO)
        client = operator(site)

        answer = (await client.get("/api/v1/admin/rooms")).json()
        (connection,) = await listed(client, "connections")

        (room,) = answer["rooms"]
        assert answer["node"].endswith(f":{site.port}")
        assert (answer["workers"], answer["missing"], answer["truncated"]) == (["worker-0"], [], False)
        assert (room["document_id"], room["root"], room["path"]) == (opened["document_id"], "docs", "a.md")
        assert (room["people"], room["connections"], room["dirty"]) == (1, 1, False)
        assert room["size_bytes"] > 0
        assert (connection["user_id"], connection["role"], connection["dialect"]) == ("anna", "editor", "y-websocket")
        assert connection["since_ms"] > 0
        assert "127.0.0.1" not in str(connection)
        assert len(str(connection["address"])) == 8


async def test_connections_are_listed_of_one_person(site: Running) -> None:
    for_anna, for_ben = await open_as(site, "anna"), await open_as(site, "ben", Role.VIEWER)
    async with socket_of(site, for_anna) as one, socket_of(site, for_ben) as other:  # type: ignore[attr-defined]
        await first_json(one, MessageType.HELLO)
        await first_json(other, MessageType.HELLO)

        found = await listed(operator(site), "connections", user_id="ben")

        assert [(row["user_id"], row["role"]) for row in found] == [("ben", "viewer")]


async def test_a_kicked_connection_is_closed_and_no_other(site: Running) -> None:
    for_anna, for_ben = await open_as(site, "anna"), await open_as(site, "ben")
    async with socket_of(site, for_anna) as one, socket_of(site, for_ben) as other:  # type: ignore[attr-defined]
        await first_json(one, MessageType.HELLO)
        await first_json(other, MessageType.HELLO)
        client = operator(site)
        (row,) = await listed(client, "connections", user_id="anna")

        answer = await client.post("/api/v1/admin/kick", json={"connection": row["connection"]})

        assert answer.json()["closed"] == 1
        assert await closed(one) == 4403
        assert [row["user_id"] for row in await listed(client, "connections")] == ["ben"]


async def test_a_kicked_person_is_closed_everywhere(site: Running) -> None:
    opened = await open_as(site, "anna")
    async with socket_of(site, opened) as one, socket_of(site, opened) as other:  # type: ignore[attr-defined]
        await first_json(one, MessageType.HELLO)
        await first_json(other, MessageType.HELLO)

        answer = await operator(site).post("/api/v1/admin/kick", json={"user_id": "anna"})

        assert answer.json()["closed"] == 2
        assert (await closed(one), await closed(other)) == (4403, 4403)


async def test_an_unloaded_room_is_gone_and_its_people_are_told_to_come_back(site: Running) -> None:
    opened = await open_as(site, "anna")
    client = operator(site)
    async with site.join(str(opened["document_id"]), str(opened["token"])) as socket:
        await first_json(socket, MessageType.HELLO)

        answer = await client.post(f"/api/v1/admin/rooms/{opened['document_id']}/unload", json={})

        assert answer.json()["unloaded"] is True
        assert await closed(socket) == 1012
    assert await listed(client, "rooms") == []
    again = await client.post(f"/api/v1/admin/rooms/{opened['document_id']}/unload", json={})
    assert again.status_code == 404


async def test_a_document_is_stored_at_once(site: Running) -> None:
    opened = await open_as(site, "anna")

    answer = await operator(site).post(f"/api/v1/admin/rooms/{opened['document_id']}/save", json={})

    assert answer.json()["state"] == "stored"
    assert answer.json()["node"]


@pytest.mark.parametrize("body", [{}, {"connection": "x", "user_id": "y"}, {"connection": "worker-0"}])
async def test_a_kick_that_names_nobody_is_refused(site: Running, body: dict[str, str]) -> None:
    assert (await operator(site).post("/api/v1/admin/kick", json=body)).status_code == 400


ROUTES = [
    ("GET", "rooms"),
    ("GET", "connections"),
    ("POST", "kick"),
    ("POST", "rooms/x/unload"),
    ("POST", "rooms/x/save"),
    ("POST", "drain"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_the_owner_of_a_part_is_no_operator(site: Running, method: str, path: str) -> None:
    client = site.client(headers=bearer(site, Role.OWNER, scope=("docs", "sub")))

    answer = await client.request(method, f"/api/v1/admin/{path}", json={} if method == "POST" else None)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
    assert not site.application.edge.draining
