"""Owns which WebSocket goes where: the table of paths.

A route is one line of the table and one coroutine in a module of its own: it gets the wire and the request, decides
who comes in, and then does one of three things: `wire.refuse`; `wire.accept` and `wire.attach` with a peer that takes
the messages; or `wire.hand_over`, when another worker of this machine has the room. From then on there is no task.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collab.web.upgrade import Upgrade
    from collab.web.wire import WebSocketWire


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
