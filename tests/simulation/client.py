"""A simulated client: a CRDT document, an honest provider, and a memory of what it did and what was acknowledged."""

from __future__ import annotations

import asyncio
import random
import re
from collections import deque
from dataclasses import dataclass, field

from collab.document import Document, Splice
from collab.errors import CollabError
from collab.limits import Limits
from collab.protocol.messages import (
    Acknowledgement,
    Hello,
    Message,
    Notice,
    SaveState,
    SyncStep1,
    SyncStep2,
    Update,
    decode_message,
    encode_sync_step1,
    encode_sync_step2,
    encode_update,
)
from collab.rooms.connection import Access, Connection
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId
from tests.simulation.wire import SimulatedWire, join

LIMITS = Limits()
MARKER = re.compile(r"<[^<>]*>\n?")


@dataclass
class Edits:
    """What one client did: marker -> the number of the message that carried it, and what of it is acknowledged."""

    inserted: dict[str, int | None] = field(default_factory=dict)
    deleted: dict[str, int | None] = field(default_factory=dict)
    last: str | None = None
    acknowledged: set[str] = field(default_factory=set)
    acknowledged_deletions: set[str] = field(default_factory=set)

    def carried_by(self, number: int, *, only_last: bool) -> None:
        """Message `number` carries the last edit, or (an answer to sync step 1) all that no message carried yet."""
        for made in (self.inserted, self.deleted):
            open_edits = [marker for marker, carrier in made.items() if carrier is None]
            carried = [marker for marker in open_edits if marker == self.last or not only_last]
            made.update(dict.fromkeys(carried, number))

    def acknowledge(self, count: int) -> None:
        """The first `count` messages of this connection are safe."""
        self.acknowledged |= _within(self.inserted, count)
        self.acknowledged_deletions |= _within(self.deleted, count)

    def disconnected(self) -> None:
        """What was not acknowledged has to be carried again."""
        for made, safe in ((self.inserted, self.acknowledged), (self.deleted, self.acknowledged_deletions)):
            made.update({marker: (0 if marker in safe else None) for marker in made})


def _within(made: dict[str, int | None], count: int) -> set[str]:
    return {marker for marker, number in made.items() if number is not None and number <= count}


class Client:
    """One person's editor. `manual`: messages are delivered one by one by the test, else as soon as they come."""

    def __init__(self, name: str, access: Access, client_id: int, *, manual: bool = False, lines: bool = False) -> None:
        self.name = name
        self.access = access
        self.document = Document(client_id)
        self.edits = Edits()
        self.incoming: deque[bytes] = deque()
        self.outgoing: deque[bytes] = deque()
        self.connection: Connection | None = None
        self.wire: SimulatedWire | None = None
        self.save_states: list[SaveState] = []
        self.notices: list[Notice] = []
        self.received: list[Message] = []
        self.hello: Hello | None = None
        self.sent = 0
        self.acknowledged = 0
        self.closed_with: list[int] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self._manual = manual
        self._end_of_marker = "\n" if lines else ""
        self._reader: asyncio.Task[None] | None = None
        self._made = 0

    @property
    def text(self) -> str:
        return self.document.text()

    async def connect(self, rooms: Rooms, document_id: DocumentId) -> None:
        """Join and ask for what is missing here."""
        self.wire = await join(rooms, document_id, self.access)
        self.connection = self.wire.connection
        self.sent = self.acknowledged = 0
        self._send(encode_sync_step1(self.document.state_vector()))
        self._reader = asyncio.create_task(self._read(self.wire), name=f"client {self.name}")

    async def disconnect(self) -> None:
        """Lose the connection and all that was under way."""
        connection, reader = self.connection, self._reader
        self._dropped()
        if connection is not None:
            connection.disconnected()
        if reader is not None:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
        self._reader = None

    def insert(self, rng: random.Random) -> str:
        """Put a unique marker between two others; returns it."""
        self._made += 1
        marker = f"<{self.name}.{self._made}>{self._end_of_marker}"
        places = [0, *(found.end() for found in MARKER.finditer(self.text))]
        self.edits.inserted[marker] = None
        self.edits.last = marker
        self.edit(Splice(rng.choice(places), 0, marker))
        return marker

    def delete(self, rng: random.Random) -> str | None:
        """Delete one marker; returns it."""
        found = list(MARKER.finditer(self.text))
        if not found:
            return None
        victim = rng.choice(found)
        self.edits.deleted[victim.group()] = None
        self.edits.last = victim.group()
        self.edit(Splice(victim.start(), victim.end() - victim.start(), ""))
        return victim.group()

    def edit(self, *splices: Splice) -> None:
        """Change the text, and send the update if connected."""
        update = self.document.changed_by(lambda: self.document.edit_text(splices))
        if update and self.connection is not None and self.synced:
            self._send_update(encode_update(update))

    @property
    def synced(self) -> bool:
        """A provider sends updates once it is connected; what came before is in its answer to sync step 1."""
        return self.connection is not None

    def deliver_incoming(self) -> None:
        """Take one message of the server."""
        if self.incoming:
            self._on_message(self.incoming.popleft())

    def deliver_outgoing(self) -> None:
        """Let one message reach the server."""
        if self.outgoing and self.connection is not None:
            self.connection.receive(self.outgoing.popleft())

    async def _read(self, wire: SimulatedWire) -> None:
        connection = wire.connection
        while True:
            await self.reading.wait()
            messages = await wire.next_messages()
            if messages is None:
                break
            self.incoming.extend(messages)
            while self.incoming and not self._manual:
                self.deliver_incoming()
        connection.disconnected()
        if connection.close_info is not None:
            self.closed_with.append(int(connection.close_info.code))
        if self.connection is connection:
            self._dropped()

    def _dropped(self) -> None:
        self.connection = None
        self.incoming.clear()
        self.outgoing.clear()
        self.edits.disconnected()

    def _on_message(self, frame: bytes) -> None:
        message = decode_message(frame, LIMITS)
        self.received.append(message)
        if isinstance(message, SyncStep2 | Update):
            self.document.apply(message.update)
        elif isinstance(message, SyncStep1):
            self._send_update(encode_sync_step2(self.document.diff(message.state_vector)), in_sync=True)
        elif isinstance(message, Acknowledgement):
            self.acknowledged = message.count
            self.edits.acknowledge(message.count)
        elif isinstance(message, SaveState):
            self.save_states.append(message)
        elif isinstance(message, Notice):
            self.notices.append(message)
        elif isinstance(message, Hello):
            self.hello = message

    def _send_update(self, frame: bytes, *, in_sync: bool = False) -> None:
        self.sent += 1
        self.edits.carried_by(self.sent, only_last=not in_sync)
        self._send(frame)

    def _send(self, frame: bytes) -> None:
        self.outgoing.append(frame)
        if not self._manual:
            self.deliver_outgoing()


async def join_again(client: Client, rooms: Rooms, document_id: DocumentId) -> bool:
    """Reconnect as a provider does; False when the server refuses now."""
    try:
        await client.connect(rooms, document_id)
    except CollabError:
        return False
    return True
