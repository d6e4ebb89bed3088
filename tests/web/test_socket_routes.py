"""The table of WebSocket paths: which route takes which address."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from collab.web.socket_routes import SocketRoute, SocketRoutes
from tests.web.edge_server import Running


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
