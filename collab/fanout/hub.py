"""Owns one node's end of the fan-out: seals, numbers and sorts messages, and keeps watch over the other nodes.

Knows no Redis and no room: bytes go to a bus and come from it, rooms get events. Whatever is no proper message of a
living node of the group is counted and has no other effect.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Protocol

import structlog

from collab.clock import Clock
from collab.config import RedisConfig
from collab.errors import MalformedMessage
from collab.fanout.base import Arrived, Bus, Met, Missed, Parted, Reach, RoomEvent
from collab.fanout.messages import (
    NODES,
    SEAL_BYTES,
    Beat,
    Gone,
    Left,
    Message,
    NodeId,
    OtherVersion,
    Part,
    RoomBeat,
    Said,
    Seal,
    Unsealed,
    decode,
    encode,
)
from collab.fanout.nodes import Nodes
from collab.fanout.sequence import Order
from collab.fanout.sequence import Sequence as Numbers
from collab.limits import Limits

_log = structlog.get_logger(__name__)

HELLO_S = 0.2
"""Strangers are answered with a sign of life at most so often."""
TOLD_BEATS = 5
"""A room's last number is in so many signs of life after its last message."""
TROUBLED_S = 600.0
"""A node that fell silent without a word may go on alone: the store is watched closely for so long."""
_OWN_REMEMBERED = 20_000


class Metrics(Protocol):
    """Where messages are counted."""

    def count(self, name: str, amount: int = 1) -> None: ...


class Hub:
    """An asynchronous context manager; `told` is called with what nodes say that is about no room."""

    def __init__(
        self, bus: Bus, me: NodeId, key: bytes, config: RedisConfig, limits: Limits, clock: Clock, metrics: Metrics
    ) -> None:
        self.me = me
        self.told: Callable[[str, Mapping[str, object]], None] = lambda subject, fields: None
        self._bus = bus
        self._config = config
        self._limits = limits
        self._clock = clock
        self._metrics = metrics
        self._seal = Seal(key, config.namespace)
        self._nodes = Nodes(me, limits.fanout_nodes, config.silent_s)
        self._links: dict[str, _Link] = {}
        self._streams = 1
        self._sent = 0
        self._numbers: dict[NodeId, Numbers] = {}
        """Of messages about no room."""
        self._own: deque[bytes] = deque()
        self._own_set: set[bytes] = set()
        """Seals of our own messages, which come back to us."""
        self._said_hello_at = float("-inf")
        self._hello_timer: asyncio.TimerHandle | None = None
        self._silent_since: dict[NodeId, float] = {}
        self._beaten: dict[str, int] = {}
        """Room -> how many signs of life still tell its last number."""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Hub:
        async with AsyncExitStack() as stack:
            await self._bus.open(self)
            stack.push_async_callback(self._bus.close)
            await self._bus.subscribe(self._channel(NODES))
            group = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(group.create_task(self._keep_beating(), name="fan-out: beat").cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send(NODES, "", 0, [Gone()])
        await self._stack.aclose()
        if self._hello_timer is not None:
            self._hello_timer.cancel()

    # -- for rooms and the node --

    @property
    def available(self) -> bool:
        return self._bus.available

    @property
    def nodes(self) -> frozenset[NodeId]:
        return self._nodes.alive

    @property
    def troubled(self) -> bool:
        return not self.available or bool(self._silent_since)

    async def join(self, room: str, history: str, receive: Callable[[RoomEvent], None]) -> _Link:
        self._streams += 1
        link = self._links[room] = _Link(self, room, history, receive, self._streams)
        await self._bus.subscribe(self._channel(room))
        return link

    def tell(self, subject: str, fields: Mapping[str, object]) -> None:
        self._sent += 1
        self._send(NODES, "", self._sent, [Said(subject, fields)])

    # -- for links --

    def publish(self, link: _Link, parts: Sequence[Part]) -> bool:
        """Send a room's message. False: it is too large."""
        link.sent += 1
        if not self._send(link.room, link.history, link.sent, parts, link.stream):
            link.sent -= 1
            return False
        self._beaten[link.room] = TOLD_BEATS
        return True

    async def listeners(self, link: _Link) -> int | None:
        """How many others have a room."""
        count = await self._bus.listeners(self._channel(link.room))
        return None if count is None else max(0, count - 1)

    async def leave(self, link: _Link) -> None:
        """A room is gone."""
        if self._links.get(link.room) is not link:
            return
        self.publish(link, [Left()])
        del self._links[link.room]
        self._beaten.pop(link.room, None)
        await self._bus.unsubscribe(self._channel(link.room))

    # -- for the bus --

    def on_bytes(self, channel: str, payload: bytes) -> None:
        if len(payload) > self._limits.fanout_message_size_bytes:
            return self._drop("oversize")
        if payload[1 : 1 + SEAL_BYTES] in self._own_set:
            return
        try:
            message = decode(self._seal.open(payload))
        except Unsealed:
            return self._drop("forged")
        except OtherVersion as error:
            _log.warning("fanout_other_version", detail=str(error))
            self._silent_since[NodeId("", 0)] = self._clock.monotonic()
            return self._drop("version")
        except MalformedMessage:
            return self._drop("malformed")
        self._metrics.count("fanout_received_total")
        if channel != self._channel(message.room) or message.sender == self.me:
            return self._drop("misplaced")
        if message.room == NODES:
            self._take_node_message(message)
        else:
            self._take_room_message(message)

    def on_reach(self, there: bool) -> None:
        if there:
            self._beat()
        for link in tuple(self._links.values()):
            link.receive(Reach(there))

    # -- messages of other nodes --

    def _take_room_message(self, message: Message) -> None:
        if not self._nodes.counts(message.sender):
            self._hello()
            return self._drop("stranger")
        link = self._links.get(message.room)
        if link is None or link.history != message.history:
            return self._drop("history")
        order = link.numbers_of(message.sender).take(message.stream, message.seq)
        if order is Order.KNOWN:
            return self._drop("repeated")
        self._nodes.heard(message.sender, self._clock.monotonic())
        if order is Order.AHEAD:
            self._metrics.count("fanout_gaps_total")
            link.receive(Missed(message.sender))
        if any(isinstance(part, Left) for part in message.parts):
            link.receive(Parted(message.sender))
        else:
            link.receive(Arrived(message.sender, message.parts, order is Order.LATE))

    def _take_node_message(self, message: Message) -> None:
        for part in message.parts:
            if isinstance(part, Beat):
                self._take_beat(message.sender, part)
            elif not self._nodes.counts(message.sender):
                self._drop("stranger")
            elif isinstance(part, Gone):
                self._nodes.gone(message.sender)
                self._part(message.sender)
            elif isinstance(part, Said):
                numbers = self._numbers.setdefault(message.sender, Numbers(self._limits.fanout_missing_messages))
                if numbers.take(message.stream, message.seq) is Order.KNOWN:
                    self._drop("repeated")
                else:
                    self.told(part.subject, part.fields)

    def _take_beat(self, sender: NodeId, beat: Beat) -> None:
        began = self._nodes.take(sender, beat, self._clock.monotonic())
        if began or not self._nodes.counts(sender):
            self._hello()
        if began:
            _log.info("node_met", node=str(sender))
            self._forget_silence(sender)
            for link in tuple(self._links.values()):
                link.receive(Met(sender))
        if not self._nodes.counts(sender):
            return
        for room in beat.rooms:
            beaten = self._links.get(room.room)
            if beaten is not None and beaten.numbers_of(sender).reached(room.stream, room.seq):
                self._metrics.count("fanout_gaps_total")
                beaten.receive(Missed(sender))

    def _forget_silence(self, node: NodeId) -> None:
        """It is back, or has begun a new life."""
        self._silent_since = {one: since for one, since in self._silent_since.items() if one.name != node.name}

    def _part(self, node: NodeId) -> None:
        self._numbers.pop(node, None)
        for link in tuple(self._links.values()):
            if link.forget(node):
                link.receive(Parted(node))

    def _drop(self, why: str) -> None:
        self._metrics.count("fanout_dropped_total")
        self._metrics.count(f"fanout_dropped_{why}_total")

    # -- sending --

    def _send(self, room: str, history: str, seq: int, parts: Sequence[Part], stream: int = 1) -> bool:
        sealed = self._seal.seal(encode(Message(self.me, room, history, stream, seq, tuple(parts))))
        if len(sealed) > self._limits.fanout_message_size_bytes:
            return False
        if self._bus.available:
            self._remember_own(sealed[1 : 1 + SEAL_BYTES])
            self._bus.publish(self._channel(room), sealed)
            self._metrics.count("fanout_published_total")
            self._metrics.count("fanout_published_bytes_total", len(sealed))
        return True

    def _remember_own(self, seal: bytes) -> None:
        self._own.append(seal)
        self._own_set.add(seal)
        if len(self._own) > _OWN_REMEMBERED:
            self._own_set.discard(self._own.popleft())

    def _channel(self, room: str) -> str:
        return f"{self._config.namespace}:room:{room}" if room else f"{self._config.namespace}:nodes"

    def _hello(self) -> None:
        """Somebody does not know us yet."""
        if self._hello_timer is None:
            delay_s = max(0.0, self._said_hello_at + HELLO_S - self._clock.monotonic())
            self._hello_timer = asyncio.get_running_loop().call_later(delay_s, self._beat)

    def _beat(self) -> None:
        if self._hello_timer is not None:
            self._hello_timer.cancel()
            self._hello_timer = None
        now = self._clock.monotonic()
        self._said_hello_at = now
        rooms = [self._links[room] for room in list(self._beaten)[: self._limits.fanout_rooms_in_beat]]
        told = tuple(RoomBeat(link.room, link.stream, link.sent) for link in rooms)
        self._send(NODES, "", 0, [self._nodes.beat(now, told)])

    async def _keep_beating(self) -> None:
        while True:
            self._beat()
            await asyncio.sleep(self._config.beat_s)
            self._beaten = {room: left - 1 for room, left in self._beaten.items() if left > 1}
            now = self._clock.monotonic()
            for node in self._nodes.expire(now):
                _log.warning("node_silent", node=str(node))
                self._silent_since[node] = now
                self._part(node)
            self._silent_since = {node: since for node, since in self._silent_since.items() if now - since < TROUBLED_S}


class _Link:
    """One room's end."""

    def __init__(self, hub: Hub, room: str, history: str, receive: Callable[[RoomEvent], None], stream: int) -> None:
        self.room = room
        self.history = history
        self.receive = receive
        self.stream = stream
        self.sent = 0
        self._hub = hub
        self._numbers: dict[NodeId, Numbers] = {}

    def publish(self, parts: Sequence[Part]) -> bool:
        return self._hub.publish(self, parts)

    async def listeners(self) -> int | None:
        return await self._hub.listeners(self)

    async def close(self) -> None:
        await self._hub.leave(self)

    def numbers_of(self, sender: NodeId) -> Numbers:
        """How far a sender's messages are known."""
        if sender not in self._numbers:
            self._numbers[sender] = Numbers(self._hub._limits.fanout_missing_messages)
        return self._numbers[sender]

    def forget(self, node: NodeId) -> bool:
        """False when nothing came from it."""
        return self._numbers.pop(node, None) is not None
