"""A WebSocket comes to its room, or is told why not."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from collab.protocol.roles import Role
from tests.clients import connect
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running, bearer, first_json, make_config, running

HELLO = 112
SYNC_STEP_1 = b"\x00\x00\x01\x00"


async def test_our_client_gets_hello_first_and_the_selected_subprotocol(server: Running) -> None:
    opened = await server.open("a.md", name="Anna")

    async with server.join(str(opened["document_id"]), str(opened["token"])) as socket:
        hello = await first_json(socket, HELLO)

    assert socket.subprotocol == "collab.v1"
    assert hello["history_id"] == opened["history_id"]
    assert hello["user"]["name"] == "Anna"  # type: ignore[index]  # checked by the comparison


async def test_a_stock_provider_makes_a_room_without_a_file_by_any_name(server: Running) -> None:
    async with connect(f"{server.ws_url}/my-room") as socket:
        await socket.send(SYNC_STEP_1)
        answer = await asyncio.wait_for(socket.recv(), PATIENCE_S)

    assert answer[:2] in (b"\x00\x00", b"\x00\x01")


async def test_a_token_in_the_query_is_taken_as_well(site: Running) -> None:
    client = site.client(headers=bearer(site, Role.EDITOR))
    opened = await site.open("a.md", client)

    async with connect(str(opened["websocket_url"])) as socket:
        await socket.send(SYNC_STEP_1)
        assert await asyncio.wait_for(socket.recv(), PATIENCE_S)


@pytest.mark.parametrize(
    ("room", "token", "status"),
    [("nothing", "", 401), ("nothing", "eyJhbGciOiJIUzI1NiJ9.x.y", 401)],
)
async def test_a_stock_provider_is_refused_at_the_upgrade(site: Running, room: str, token: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with connect(f"{site.ws_url}/{room}?token={token}"):
            pass

    assert caught.value.response.status_code == status


async def test_our_client_is_told_by_a_close_code(site: Running) -> None:
    async with site.join("nothing", "no-token") as socket:
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(socket.recv(), PATIENCE_S)

    assert caught.value.rcvd is not None and caught.value.rcvd.code == 4401


async def test_a_token_of_another_document_opens_nothing(site: Running) -> None:
    client = site.client(headers=bearer(site, Role.EDITOR))
    first, second = await site.open("a.md", client), await site.open("sub/b.tex", client)

    with pytest.raises(InvalidStatus) as caught:
        async with connect(f"{site.ws_url}/{second['document_id']}?token={first['token']}"):
            pass

    assert caught.value.response.status_code == 403


async def test_an_access_token_is_no_room_token(site: Running) -> None:
    opened = await site.open("a.md", site.client(headers=bearer(site, Role.EDITOR)))
    access = bearer(site, Role.EDITOR)["Authorization"].split()[1]

    with pytest.raises(InvalidStatus) as caught:
        async with connect(f"{site.ws_url}/{opened['document_id']}?token={access}"):
            pass

    assert caught.value.response.status_code == 401


async def test_another_history_closes_before_any_sync(server: Running) -> None:
    opened = await server.open("a.md")

    async with server.join(str(opened["document_id"]), str(opened["token"]), "v=1&history=older") as socket:
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(socket.recv(), PATIENCE_S)

    assert caught.value.rcvd is not None and caught.value.rcvd.code == 4409


async def test_a_text_message_ends_the_connection(server: Running) -> None:
    async with server.join("scratch-room") as socket:
        await socket.send("hello")
        with pytest.raises(ConnectionClosed) as caught:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    await socket.recv()

    assert caught.value.rcvd is not None and caught.value.rcvd.code == 4400


async def test_one_address_holds_so_many_sockets_and_no_more(server: Running) -> None:
    config = make_config(server.folder, limits=replace(server.config.limits, connections_per_address=2))
    config = replace(config, store=replace(config.store, data=server.folder.parent / "other"))
    async with running(config) as small, connect(f"{small.ws_url}/a"), connect(f"{small.ws_url}/b"):
        with pytest.raises(InvalidStatus) as caught:
            async with connect(f"{small.ws_url}/c"):
                pass

    assert caught.value.response.status_code == 429


async def test_who_is_refused_too_often_is_told_to_wait_and_the_honest_still_come_in(site: Running) -> None:
    statuses = []
    for _ in range(site.config.limits.refused_handshakes_per_minute + 1):
        with pytest.raises(InvalidStatus) as caught:
            async with connect(f"{site.ws_url}/x?token=bad"):
                pass
        statuses.append(caught.value.response.status_code)

    assert statuses[0] == 401 and statuses[-1] == 429
    opened = await site.open("a.md", site.client(headers=bearer(site, Role.EDITOR)))
    async with site.join(str(opened["document_id"]), str(opened["token"])) as socket:
        assert await first_json(socket, HELLO)


async def test_a_scratch_room_needs_a_token_once_there_is_a_secret(site: Running) -> None:
    config = replace(site.config, server=replace(site.config.server, scratch=True))
    config = replace(config, store=replace(config.store, data=site.folder.parent / "other"))
    async with running(config) as with_scratch:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(f"{with_scratch.ws_url}/my-room"):
                pass
        token = bearer(with_scratch, Role.EDITOR)["Authorization"].split()[1]
        async with connect(f"{with_scratch.ws_url}/my-room?token={token}") as socket:
            await socket.send(SYNC_STEP_1)
            assert await asyncio.wait_for(socket.recv(), PATIENCE_S)

    assert caught.value.response.status_code == 401
