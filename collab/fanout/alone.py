"""Owns the fan-out of a node that hears no others: where there are any, they meet through the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from collab.fanout.base import NodeId, Part, RoomEvent


class Alone:
    """A fan-out to nobody. The store is looked at often, for others may write to it."""

    available = True
    troubled = True
    nodes: frozenset[NodeId] = frozenset()

    def __init__(self, me: NodeId) -> None:
        self.me = me

    async def join(self, room: str, history: str, receive: Callable[[RoomEvent], None]) -> AloneLink:
        return AloneLink()

    def tell(self, subject: str, fields: Mapping[str, object]) -> None:
        pass


class AloneLink:
    """A room's end that leads nowhere."""

    def publish(self, parts: Sequence[Part]) -> bool:
        return True

    async def listeners(self) -> int | None:
        return 0

    async def close(self) -> None:
        pass
