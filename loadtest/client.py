"""Owns one client of a room: what it has received, what it writes, and how it comes back after a break.

It keeps no document while the run lasts, only references to the messages; `evidence.py` replays them at the end.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from collab.protocol.codec import encode_json, encode_var_string, encode_var_uint
from loadtest.author import ROOT, Author, Written
from loadtest.dialects.base import Incoming, Kind
from loadtest.document import merge
from loadtest.reading import read_state_vector, read_update, write_state_vector
from loadtest.room import Edit, Message, Room
from loadtest.statistics import Statistics
from loadtest.typist import Typist
from loadtest.wire import Wire


@dataclass(frozen=True, slots=True)
class Sent:
    """One update that this client made."""

    author: int
    end: int | None
    """Clock behind its inserts; None: it only deletes."""
    update: bytes
    is_edit: bool = True


class Client:
    """One client; `wire` is its connection while it has one."""

    def __init__(self, index: int, place: int, room: Room, author: Author, seed: int, statistics: Statistics) -> None:
        self.name = f"client {index} of room {room.name}"
        self.place = place
        """Number in its room."""
        self.room = room
        self.author = author
        self.random = Random(f"client {seed} {index}")
        self.sampled = False
        """Measures the latency of presence."""
        self.history: list[Sent] = []
        self.log: list[Message] = []
        self.wire: Wire | None = None
        self.synced = False
        self.was_in = False
        self.on_synced: Callable[[], None] = _nothing
        self.on_denied: Callable[[str], None] = _ignored
        self.on_arrived: Callable[[Client, float], None] = _no_reaction
        """Everybody in this process has one of its edits."""
        self._typist = Typist(self.random)
        self._statistics = statistics
        self._counts = statistics.tally.counts["text"]
        self._seen: dict[int, int] = {}
        self._early: list[tuple[int, int, int]] = []
        self._unread: list[Message] = []
        self._unacknowledged: deque[float | None] = deque()
        self._acknowledged = 0
        self._presence_clock = 0

    def call_latencies(self, kind: str) -> None:
        """Measure what arrives here as another kind than `text`, and no presence."""
        self.sampled = False
        self._counts = self._statistics.tally.counts[kind]

    # -- writing --

    def write(self, due_s: float) -> None:
        """One edit of a person."""
        self._send_edit(self.author.write(self._typist.next_edit(self.author.length, self.author.cursor)), due_s)

    def type_on(self, due_s: float) -> float:
        """One keystroke as a person makes it; returns how long it takes until the next one."""
        keystroke = self._typist.next_edit(self.author.length, self.author.cursor)
        self._send_edit(self.author.write(keystroke), due_s)
        return keystroke.after_s

    def write_last(self, due_s: float) -> None:
        """After a deletion one more insert, so that its arrival shows that everything before it arrived."""
        if self.history and self.history[-1].is_edit and self.history[-1].end is None:
            self._send_edit(self.author.write_text("."), due_s)

    def send_update(self, update: bytes, due_s: float, is_edit: bool = True) -> None:
        """An update that somebody else made: a document to begin with, or a recorded edit."""
        contents = read_update(update)
        for author, _, end in contents.inserted:
            self._seen[author] = max(end, self._seen.get(author, 0))
        if is_edit:
            self._announce(contents.inserted, contents.deleted, due_s)
        ends: list[tuple[int, int | None]] = [(author, end) for author, _, end in contents.inserted]
        ends = ends or [(self.author.client_id, None)]
        self.history += [Sent(author, end, update, is_edit) for author, end in ends]
        self._send_update(update, due_s)

    def show(self, due_s: float) -> None:
        """Presence: the cursor, as editors show it."""
        self._presence_clock += 1
        client, clock = self.author.client_id, self._presence_clock
        place = {"type": None, "tname": ROOT, "item": {"client": client, "clock": self.author.clock}, "assoc": 0}
        state = {"user": {"name": f"Person {client}", "color": "#30bced"}, "cursor": {"anchor": place, "head": place}}
        self.room.note_presence(client, clock, due_s)
        parts = (b"\x01", encode_var_uint(client), encode_var_uint(clock), encode_var_string(encode_json(state)))
        self._send(self.room.dialect.encode_presence(b"".join(parts)))

    def _send_edit(self, written: Written, due_s: float) -> None:
        author = self.author
        waiting = self.room.joined - 1
        edit = Edit(author.client_id, written.clock, due_s, self, waiting)
        self.room.note_edit(edit, written.deletes)
        self._seen[author.client_id] = author.clock
        self.history.append(Sent(author.client_id, None if written.deletes else author.clock, written.update))
        self._send_update(written.update, due_s)

    def _announce(
        self, inserted: Sequence[tuple[int, int, int]], deleted: Sequence[tuple[int, int, int]], due_s: float
    ) -> None:
        waiting = self.room.joined - 1
        for author, _, end in inserted:
            self.room.note_edit(Edit(author, end - 1, due_s, self, waiting), False)
        if not inserted:
            for author, start, _ in deleted[:1]:
                self.room.note_edit(Edit(author, start, due_s, self, waiting), True)

    def _send_update(self, update: bytes, due_s: float) -> None:
        self._statistics.sent += 1
        if self.synced:
            self._unacknowledged.append(due_s)
            self._send(self.room.dialect.encode_update(update))

    def _send(self, message: bytes) -> None:
        if self.wire is not None:
            self._statistics.bytes_out += len(message)
            self.wire.send(message)

    # -- connection --

    def begin(self, wire: Wire) -> None:
        """The connection stands."""
        self.wire, self.synced = wire, False
        self._unacknowledged.clear()
        self._acknowledged = 0
        greeting = self.room.dialect.greeting
        if greeting is not None:
            self._send(greeting)
        else:
            self._ask()

    def lose(self) -> None:
        """The connection is gone."""
        self.wire, self.synced = None, False

    def clocks(self) -> dict[int, int]:
        """Client id -> next clock of what was written here."""
        clocks: dict[int, int] = {}
        for sent in self.history:
            if sent.end is not None:
                clocks[sent.author] = max(sent.end, clocks.get(sent.author, 0))
        return clocks

    def lacks(self, expected: Mapping[int, int]) -> bool:
        """Whether it has not got everything up to these clocks."""
        self._catch_up()
        return any(self._seen.get(author, 0) < clock for author, clock in expected.items())

    def _ask(self) -> None:
        self._catch_up()
        self._send(self.room.dialect.encode_step1(write_state_vector(self._seen)))

    # -- receiving --

    def receive(self, payload: bytes) -> None:
        """One message of the server. Raises: CollabError (it is none)."""
        self._statistics.bytes_in += len(payload)
        message = self.room.messages.get(payload) or self.room.take(payload)
        kind = message.incoming.kind
        if kind is Kind.UPDATE:
            self.log.append(message)
            self._integrate(message, self._counts)
        elif kind is Kind.PRESENCE:
            if self.sampled:
                self._look_at(message)
        else:
            self._react(kind, message)

    def _integrate(self, message: Message, counts: dict[int, int]) -> None:
        """Count what arrives here for the first time, and how long it took."""
        now_s, seen, delivered = time.monotonic(), self._seen, 0
        for author, start, end, edits in message.inserted:
            known = seen.get(author, 0)
            if end <= known:
                continue
            if start > known:
                self._early.append((author, start, end))
            else:
                seen[author] = end
            for edit in edits:
                if edit.clock >= known:
                    delivered += 1
                    counts[int((now_s - edit.due_s) * 1e6)] += 1
                    edit.remaining -= 1
                    if not edit.remaining:
                        self._arrived(edit, now_s, counts)
        for edit in message.deleted:
            if edit.author != self.author.client_id:
                delivered += 1
                counts[int((now_s - edit.due_s) * 1e6)] += 1
                edit.remaining -= 1
                if not edit.remaining:
                    self._arrived(edit, now_s, counts)
        self._statistics.deliveries += delivered
        if self._early:
            self._catch_up()

    def _arrived(self, edit: Edit, now_s: float, counts: dict[int, int]) -> None:
        """This client was the last one in this process."""
        self.room.arrived_everywhere(edit)
        if counts is self._statistics.tally.counts["text"]:
            self._statistics.tally.record("text_last", now_s - edit.due_s)
        if edit.writer is not None:
            edit.writer.on_arrived(edit.writer, now_s)

    def _catch_up(self) -> None:
        """Read the long answers to joins, and close gaps that they fill."""
        unread, self._unread = self._unread, []
        for message in unread:
            self.room.read(message)
            self._know([bounds[:3] for bounds in message.inserted])
        early, self._early = self._early, []
        self._early = self._know(sorted(early))

    def _know(self, ranges: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Note that these are here; returns those that come too early."""
        early = []
        for author, start, end in ranges:
            known = self._seen.get(author, 0)
            if start > known:
                early.append((author, start, end))
            else:
                self._seen[author] = max(known, end)
        return early

    def _look_at(self, message: Message) -> None:
        now_s, own = time.monotonic(), self.author.client_id
        for client, due_s in message.presence:
            if client != own:
                self._statistics.tally.record("presence", now_s - due_s)

    def _react(self, kind: Kind, message: Message) -> None:
        incoming = message.incoming
        if kind is Kind.ASKED:
            self._answer(incoming.body)
        elif kind is Kind.SYNCED:
            self._take_state(message)
        elif kind is Kind.ACKNOWLEDGED:
            self._take_acknowledgement(incoming)
        elif kind is Kind.ADMITTED:
            self._ask()
        elif kind is Kind.DENIED:
            self.on_denied(incoming.reason)
        elif kind is Kind.PINGED:
            self._send(self.room.dialect.encode_pong())

    def _answer(self, state_vector: bytes) -> None:
        """Give the server what it lacks of ours, deletions always: nobody can tell whether it has them."""
        theirs = read_state_vector(state_vector)
        lacking = [sent.update for sent in self.history if sent.end is None or sent.end > theirs.get(sent.author, 0)]
        self._unacknowledged.append(None)
        self._send(self.room.dialect.encode_step2(merge(lacking)))

    def _take_state(self, message: Message) -> None:
        body = message.incoming.body
        if self.room.base is None:
            self.room.base = body
        self.log.append(message)
        if not message.read:
            self._unread.append(message)
        elif self.was_in:
            self._integrate(message, self._statistics.tally.counts["text_after_return"])
        else:
            self._early += self._know([bounds[:3] for bounds in message.inserted])
            self._catch_up()
        if not self.was_in:
            self.was_in = True
            self.room.joined += 1
        if not self.synced:
            self.synced = True
            self.on_synced()

    def _take_acknowledgement(self, incoming: Incoming) -> None:
        count = incoming.count - self._acknowledged if incoming.cumulative else incoming.count
        self._acknowledged += count
        now_s = time.monotonic()
        for _ in range(min(count, len(self._unacknowledged))):
            due_s = self._unacknowledged.popleft()
            if due_s is not None:
                self._statistics.tally.record("acknowledgement", now_s - due_s)


def _nothing() -> None:
    """Nobody waits."""


def _ignored(reason: str) -> None:
    """Nobody waits."""


def _no_reaction(client: Client, now_s: float) -> None:
    """The scenario goes by the clock."""
