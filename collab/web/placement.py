"""Owns which WebSocket goes where: the table of paths, and the hook by which a connection goes to another process.

A route is one line of the table and one coroutine in a module of its own: it gets the wire and the request, decides
who comes in, and either raises a `CollabError` after `wire.refuse`, or lets in: `wire.accept`, then `wire.attach` with
a peer that takes the messages. From then on there is no task.

**The hook.** `SocketRoutes.placement` is asked once for every request for a WebSocket, as soon as its head is complete
and before anything else of the handshake is done: `placement(path, head, connection)`.

- `path` is the path without the query, percent-decoded; `head` the request's head, byte for byte what `adopt` on the
  other side needs; `connection` the socket, still non-blocking and owned by the transport of this process.
- It returns False to let the handshake go on here. It returns True when it has given the connection away: it must have
  duplicated the descriptor (`os.dup(connection.fileno())`) and sent that with `head` (`socket.send_fds`), all without
  waiting. The transport here is then aborted in the next turn of the loop, which leaves the duplicate open. Nothing has
  been written to the client, nothing is counted (admission, metrics) and no more than `head` was read from it.
- It must not raise.

**The other end.** `EdgeServer.adopt(connection, head)` takes such a socket with the bytes that were read: it is served
from there as if it had been accepted here, and its `placement` is not asked again.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collab.web.upgrade import Upgrade
    from collab.web.wire import WebSocketWire

Placement = Callable[[str, bytes, socket.socket], bool]
"""(path, head, connection) -> whether the connection was given away."""


@dataclass(frozen=True, slots=True)
class SocketRoute:
    """One line of the table. A prefix that ends in a slash takes what follows as `rest`, any other one stands alone."""

    prefix: str
    open: Callable[[WebSocketWire, Upgrade, str], Awaitable[None]]
    """(wire, request, rest of the path)"""

    def rest_of(self, path: str) -> str | None:
        """What the path says behind the prefix; None when it is not one of this route's."""
        if self.prefix.endswith("/"):
            return path.removeprefix(self.prefix) if path.startswith(self.prefix) else None
        return "" if path == self.prefix else None


class SocketRoutes:
    """The WebSockets of one server."""

    def __init__(self, routes: Sequence[SocketRoute]) -> None:
        self._routes = tuple(routes)
        self.placement: Placement | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What there is, in the order in which it is looked through."""
        return tuple(route.prefix for route in self._routes)

    def find(self, path: str) -> tuple[SocketRoute, str] | None:
        """The route of a path and what follows its prefix."""
        for route in self._routes:
            rest = route.rest_of(path)
            if rest is not None:
                return route, rest
        return None
