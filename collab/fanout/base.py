"""Owns the contract of the fan-out: what rooms and nodes tell each other, and the bus below; knows no implementation.

A `Bus` carries bytes and promises nothing: they may be lost, come twice, late, or from strangers. `Fanout` is what
rooms use: it makes of them messages of known nodes, tells when something is missing and who is gone. It is never the
record: what counts is in the store, and whoever missed something finds it there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from collab.fanout.messages import Ask as Ask
from collab.fanout.messages import Author as Author
from collab.fanout.messages import Journal as Journal
from collab.fanout.messages import Left as Left
from collab.fanout.messages import NodeId as NodeId
from collab.fanout.messages import Part as Part
from collab.fanout.messages import Presence as Presence
from collab.fanout.messages import Said as Said
from collab.fanout.messages import State as State
from collab.fanout.messages import Updates as Updates


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of another node's room of the same history."""

    sender: NodeId
    parts: Sequence[Part]
    late: bool = False
    """Later messages of the sender came before it."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Messages of this node are missing before the one that comes next: what they said is to be asked for."""

    sender: NodeId


@dataclass(frozen=True, slots=True)
class Met:
    """A node is there that was not, or not to be heard: it may know things that we lack."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class Parted:
    """A node is gone, or has the room no more: nobody is present there."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether the other nodes can be reached at all."""

    there: bool


RoomEvent = Arrived | Missed | Met | Parted | Reach


class RoomLink(Protocol):
    """One room's end of the fan-out."""

    def publish(self, parts: Sequence[Part]) -> bool:
        """Tell the rooms of the other nodes, in one message; never waits. False: too large, nothing was sent.

        What cannot be delivered now is lost: the others are told `Met` or `Missed` later, and ask.
        """
        ...

    async def listeners(self) -> int | None:
        """How many other nodes have the room; None: nobody knows."""
        ...

    async def close(self) -> None:
        """Tell the others that the room is gone, and hear nothing more."""
        ...


class Fanout(Protocol):
    """The way to the other nodes."""

    @property
    def me(self) -> NodeId: ...

    @property
    def available(self) -> bool:
        """Whether the others can be reached."""
        ...

    @property
    def nodes(self) -> frozenset[NodeId]:
        """The other nodes that are alive."""
        ...

    async def join(self, room: str, history: str, receive: Callable[[RoomEvent], None]) -> RoomLink:
        """Hear what the others say of a room. Returns when it is heard, or when nobody can be reached."""
        ...

    @property
    def troubled(self) -> bool:
        """Whether some node may be alive that cannot be heard: the store is to be looked at often."""
        ...

    def tell(self, subject: str, fields: Mapping[str, object]) -> None:
        """Tell all other nodes something that is about no room."""
        ...


class BusEvents(Protocol):
    """What a bus tells."""

    def on_bytes(self, channel: str, payload: bytes) -> None:
        """Something came; our own comes back, too."""
        ...

    def on_reach(self, there: bool) -> None:
        """The bus came or went; when it came, all subscriptions stand again."""
        ...


class Bus(Protocol):
    """Carries bytes between nodes."""

    @property
    def available(self) -> bool: ...

    async def open(self, events: BusEvents) -> None:
        """Begin; returns before anything is reached."""
        ...

    async def close(self) -> None: ...

    def publish(self, channel: str, payload: bytes) -> None:
        """Send; never waits. What is sent in one turn of the event loop goes out together, and is lost while the bus
        is away."""
        ...

    async def subscribe(self, channel: str) -> None:
        """Returns when it stands, or when the bus is away: it will stand when that is back."""
        ...

    async def unsubscribe(self, channel: str) -> None: ...

    async def listeners(self, channel: str) -> int | None:
        """How many subscribers a channel has, ourselves included; None: unknown."""
        ...
