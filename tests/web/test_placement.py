"""A WebSocket is given to another process before its handshake goes on, and served there as if it had come there."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from collab.config import Config
from collab.protocol.roles import Role
from collab.web.pages import Bundle
from collab.web.placement import SocketRoute, SocketRoutes
from tests.clients import connect
from tests.web.edge_server import Running, bearer, first_json, make_config, running, with_secret

HELLO = 112


class GivenAway:
    """Keeps what `placement` gives away, as the other end of an AF_UNIX socket would get it."""

    def __init__(self, *, wanted: str) -> None:
        self.asked: list[str] = []
        self.taken: asyncio.Queue[tuple[socket.socket, bytes]] = asyncio.Queue()
        self._wanted = wanted

    def __call__(self, path: str, head: bytes, connection: socket.socket) -> bool:
        self.asked.append(path)
        if path != self._wanted:
            return False
        self.taken.put_nowait((socket.socket(fileno=os.dup(connection.fileno())), head))
        return True


def with_rooms(folder: Path) -> Config:
    """A server with a secret on which every name is a room."""
    config = with_secret(make_config(folder))
    return replace(config, server=replace(config.server, scratch=True))


async def test_a_connection_is_handed_over_and_adopted(folder: Path, tmp_path: Path, bundle: Bundle) -> None:
    (tmp_path / "other" / "docs").mkdir(parents=True)
    away = GivenAway(wanted="/ws/room")
    async with (
        running(with_rooms(tmp_path / "other" / "docs"), bundle) as front,
        running(with_rooms(folder), bundle) as owner,
    ):
        front.application.sockets.placement = away
        owner.application.sockets.placement = GivenAway(wanted="/ws/room")
        token = bearer(front, Role.EDITOR)["Authorization"].split()[1]

        async with asyncio.TaskGroup() as group:
            joining = group.create_task(hello_of(front, "room", token))
            group.create_task(owner.server.adopt(*await away.taken.get()))

        assert joining.result()["role"] == "editor"
        rooms = [server.application.edge.rooms.total(lambda _: 1) for server in (front, owner)]
        assert rooms == [0, 1]
        assert not front.application.edge.admission.sockets


async def hello_of(server: Running, room: str, token: str) -> dict[str, object]:
    """Join a room and wait until it says hello."""
    async with server.join(room, token) as joined:
        return await first_json(joined, HELLO)


async def test_what_placement_does_not_want_is_served_here(server: Running) -> None:
    away = GivenAway(wanted="/ws/another")
    server.application.sockets.placement = away

    async with server.join("room") as joined:
        assert await first_json(joined, HELLO)

    assert away.asked == ["/ws/room"]


async def test_there_is_no_websocket_at_other_addresses(server: Running) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with connect(server.ws_url.removesuffix("/ws") + "/nowhere"):
            pass

    assert caught.value.response.status_code == 404


@pytest.mark.parametrize(
    ("path", "found"),
    [("/ws/a/b", ("/ws/", "a/b")), ("/ws/", ("/ws/", "")), ("/one", ("/one", "")), ("/one/", None), ("/ws", None)],
)
def test_a_prefix_with_a_slash_takes_what_follows_and_any_other_one_stands_alone(
    path: str, found: tuple[str, str] | None
) -> None:
    async def nowhere(wire: object, upgrade: object, rest: str) -> None: ...

    routes = SocketRoutes([SocketRoute("/ws/", nowhere), SocketRoute("/one", nowhere)])

    route = routes.find(path)

    assert (None if route is None else (route[0].prefix, route[1])) == found
