"""Owns what a room and the rooms of the same document on other nodes tell each other; knows no Redis and no connection.

What happens here goes out once a turn, what comes in is dealt with in turns like the messages of clients. What others
send is applied and shown, never journalled here and never sent on. Which part of the journal is here follows from their
messages as long as none is missing, else from their answers or from the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from collab.errors import CollabError, MalformedMessage
from collab.fanout.base import (
    Arrived,
    Ask,
    Author,
    Fanout,
    Journal,
    Met,
    Missed,
    NodeId,
    Part,
    Parted,
    Presence,
    Reach,
    RoomEvent,
    RoomLink,
    Said,
    State,
    Updates,
)
from collab.protocol.codec import MAX_VAR_UINT, decode_state_vector
from collab.protocol.messages import Awareness, decode_message
from collab.protocol.roles import Identity
from collab.rooms.intake import Intake
from collab.rooms.journal_writer import Applied, JournalWriter
from collab.rooms.live import LiveDocument
from collab.rooms.parts import Parts
from collab.rooms.signal import Signal
from collab.store.base import DocumentId, HistoryId

_log = structlog.get_logger(__name__)

Authored = tuple[bytes, Author | None]
CLAIM_S = 0.3
"""So long what was journalled may wait for a message that takes it along."""
HASTY_CLAIM_S, LIVELY_S = 0.005, 2.0
"""And so long where others type, too, whose edits wait for it."""
NEVER = MAX_VAR_UINT
"""The number of what holds a third node's unconfirmed edits: the sender cannot confirm it."""
MOST_CLAIMS = 32
ASK_AGAIN_S = 1.0


class FellowEvents(Protocol):
    """What is told to the room; each is called in a turn."""

    def on_reach(self, there: bool) -> None:
        """Other nodes can be heard, or not."""
        ...

    def on_theirs_journalled(self) -> None:
        """Other nodes have journalled something."""
        ...

    def on_said(self, sender: NodeId, subject: str, fields: Mapping[str, object]) -> None:
        """Another node's room says something that people or savers should know."""
        ...

    def on_parted(self, node: NodeId) -> None:
        """A node has the room no more."""
        ...

    def on_behind(self) -> None:
        """The store has what cannot be heard: it is to be asked."""
        ...

    def greeting(self) -> Sequence[Said]:
        """What somebody who is new should be told at once."""
        ...


class Fellows:
    """The rooms of the same history on other nodes."""

    def __init__(
        self,
        parts: Parts,
        fanout: Fanout,
        live: LiveDocument,
        intake: Intake,
        journal: JournalWriter,
        room: FellowEvents,
    ) -> None:
        self._parts = parts
        self._fanout = fanout
        self._live = live
        self._intake = intake
        self._journal = journal
        self._positions = journal.positions
        self._room = room
        self._link: RoomLink | None = None
        self._numbers: dict[NodeId, int] = {}
        """The number below zero that stands for a node in the presence of the room."""
        self._current: set[NodeId] = set()
        """Nodes of which we have everything that they ever sent here."""
        self._asked_at: dict[NodeId | None, float] = {}
        self._answered = Signal()
        self._answers = 0
        self._updates: list[Authored] = []
        self._heard_at = float("-inf")
        """When others' edits came last."""
        self._sent = self._confirmed = 0
        """Updates of our own clients: sent, and journalled."""
        self._claims: list[tuple[int, int]] = []
        self._claims_due: float | None = None
        self._said: list[Said] = []
        self._look_due = False
        """Something could not be sent: the others are to look into the store once it is there."""
        self.overflowed = False
        """Something was heard that there was no room for."""
        intake.fellows = self
        intake.presence.tell_nodes()

    @property
    def present(self) -> bool:
        """Whether another node is known to have the room."""
        return bool(self._numbers)

    @property
    def due(self) -> float | None:
        """When a turn is needed for what waits to be sent (monotonic)."""
        if self._said or (self._look_due and self._journal.idle):
            return self._parts.clock.monotonic()
        return self._claims_due

    # -- the beginning and the end; in any task --

    async def open(self, document_id: DocumentId, history_id: HistoryId, receive: Callable[[RoomEvent], None]) -> None:
        """Hear the others, and get what they have that the store has not: before anybody joins here."""
        self._link = await self._fanout.join(document_id, history_id, receive)
        if not self._fanout.available:
            return
        expected = await self._link.listeners()
        if expected is None:
            expected = len(self._fanout.nodes)
        if expected:
            self._ask(None)
            try:
                async with asyncio.timeout(self._parts.redis.ask_s):
                    while self._answers < expected:
                        self._answered.clear()
                        await self._answered.wait()
            except TimeoutError:
                _log.info("nodes_silent", document_id=document_id, answers=self._answers, expected=expected)

    async def close(self) -> None:
        """Tell the others that the room is gone."""
        if self._link is not None:
            link, self._link = self._link, None
            await link.close()

    # -- what goes out; in turns --

    def changed(self, update: bytes, author: Identity | None) -> None:
        self._updates.append((update, None if author is None else Author(author.user_id, author.name)))
        self._sent += author is not None

    def journalled(self, settled: Sequence[Applied], last: int) -> None:
        """All of this is journalled, the last entry at that position."""
        entries = [applied for applied in settled if applied.entry is not None]
        if not entries:
            return
        self._confirmed += sum(applied.connection is not None for applied in entries)
        if self._claims_due is None:
            now = self._parts.clock.monotonic()
            self._claims_due = now + (HASTY_CLAIM_S if now - self._heard_at < LIVELY_S else CLAIM_S)
        for seq, applied in enumerate(entries, last - len(entries) + 1):
            if not self._look_due and not applied.adopted:  # those were in no message of ours
                self._claim(seq)

    def _claim(self, seq: int) -> None:
        """Say with the next message that this entry is in our messages."""
        if self._claims and self._claims[-1][1] == seq - 1:
            self._claims[-1] = (self._claims[-1][0], seq)
        else:
            self._claims.append((seq, seq))
            del self._claims[:-MOST_CLAIMS]

    def say(self, subject: str, fields: Mapping[str, object]) -> None:
        """Tell the other rooms something with the next message."""
        self._said.append(Said(subject, fields))

    def send_turn(self, presence: bytes | None) -> None:
        """Send what this turn brought, as one message."""
        due = self._claims_due is not None and self._parts.clock.monotonic() >= self._claims_due
        if self._updates or presence or self._said or due:
            updates, said = self._updates, self._said
            self._updates, self._said = [], []
            self._send(updates, presence, said)
        if self._look_due and self._journal.idle:
            self._look_due = False
            self._publish([Journal(0, self._positions.known, self._confirmed)])

    def _send(self, updates: Sequence[Authored], presence: bytes | None, said: Sequence[Said]) -> None:
        claims, self._claims, self._claims_due = self._claims, [], None
        parts: list[Part] = [self._part(updates)] if updates else []
        if presence:
            parts.append(Presence(presence))
        parts += said
        parts += [Journal(first, last, self._confirmed) for first, last in claims]
        if self._publish(parts):
            return
        lost = [update for update in updates if not self._publish([self._part([update])])]
        self._publish([part for part in parts if not isinstance(part, Updates | Journal)])
        if lost:
            self._look_due = True
        else:
            self._publish([part for part in parts if isinstance(part, Journal)])

    def _part(self, updates: Sequence[Authored]) -> Updates:
        return Updates(tuple(update for update, _ in updates), self._sent, tuple(author for _, author in updates))

    def _publish(self, parts: Sequence[Part]) -> bool:
        return self._link is None or not parts or self._link.publish(parts)

    def ask_all(self) -> None:
        """Ask everybody for what we lack."""
        self._current.clear()
        self._ask(None)

    def _ask(self, of: NodeId | None) -> None:
        now = self._parts.clock.monotonic()
        if now - self._asked_at.get(of, float("-inf")) >= ASK_AGAIN_S or of is None:
            self._asked_at[of] = now
            self._publish([Ask(self._live.document.state_vector(), of)])

    # -- what comes in; in turns --

    def take(self, event: RoomEvent) -> None:
        """Deal with what was heard. Raises: DocumentPoisoned."""
        if isinstance(event, Arrived):
            self._take_message(event)
        elif isinstance(event, Missed):
            self._current.discard(event.sender)
            self._ask(event.sender)
        elif isinstance(event, Met):
            self._current.discard(event.node)
            self._ask(event.node)
        elif isinstance(event, Parted):
            self._forget(event.node)
        else:
            self._take_reach(event)

    def sweep(self, now: float) -> None:
        """Let time pass: ask again where an answer is missing."""
        if self.overflowed:
            self.overflowed = False
            self.ask_all()
        if self._link is not None and self._fanout.available:
            for node in self._numbers:
                late = now - self._asked_at.get(node, 0.0) >= ASK_AGAIN_S
                if late and node not in self._current and node in self._fanout.nodes:
                    self._ask(node)

    def _take_reach(self, event: Reach) -> None:
        self._current.clear()
        if event.there:
            self.ask_all()
        self._room.on_reach(event.there)

    def _forget(self, node: NodeId) -> None:
        self._current.discard(node)
        self._asked_at.pop(node, None)
        number = self._numbers.pop(node, None)
        if number is not None:
            self._intake.presence.leave(number, self._parts.clock.monotonic())
        self._room.on_parted(node)

    def _take_message(self, event: Arrived) -> None:
        sender = event.sender
        if sender not in self._numbers:
            self._numbers[sender] = min(self._numbers.values(), default=0) - 1
        for part in event.parts:
            if isinstance(part, Updates):
                self._take_updates(sender, part)
            elif isinstance(part, Journal):
                self._take_journal(sender, part)
            elif isinstance(part, Presence):
                self._take_presence(sender, part)
            elif isinstance(part, Ask):
                self._take_question(sender, part)
            elif isinstance(part, State):
                self._take_state(event, part)
            elif isinstance(part, Said):
                self._room.on_said(sender, part.subject, part.fields)
        if sender not in self._current:
            self._ask(sender)

    def _take_updates(self, sender: NodeId, part: Updates) -> None:
        for update in part.updates:
            if not self._intake.take_theirs(update, in_sync=False):
                self._current.discard(sender)
        self._wait_for(sender, part.number, part)

    def _wait_for(self, sender: NodeId, number: int, updates: Updates) -> None:
        now = self._parts.clock.monotonic()
        self._heard_at = now
        self._journal.wait_for(self._journal.confirming.heard(sender, number, updates, now))

    def _confirm(self, sender: NodeId, number: int) -> None:
        if self._journal.confirming.confirmed(sender, number):
            self._journal.look_again()

    def _take_journal(self, sender: NodeId, part: Journal) -> None:
        if part.first and sender in self._current:
            self._positions.note_theirs(part.first, part.seq)
        self._positions.heard_of(part.seq)
        self._confirm(sender, part.confirmed)
        if not part.first:
            self._room.on_behind()
        self._room.on_theirs_journalled()

    def _take_presence(self, sender: NodeId, part: Presence) -> None:
        try:
            message = decode_message(part.entries, self._parts.limits)
        except MalformedMessage:
            return
        if isinstance(message, Awareness):
            now = self._parts.clock.monotonic()
            self._intake.presence.receive_theirs(self._numbers[sender], message.entries, now)

    def _take_question(self, sender: NodeId, part: Ask) -> None:
        if part.of not in (None, self._fanout.me):
            return
        try:
            decode_state_vector(part.state_vector, self._parts.limits)
        except CollabError:
            return
        number = self._sent if self._journal.confirming.settled else NEVER
        state = State(self._live.document.diff(part.state_vector), sender, number, self._journal.idle)
        ours = self._intake.presence.ours()
        rest: list[Part] = [*([Presence(ours)] if ours else []), *self._room.greeting()]
        if sender not in self._current:
            self._asked_at[sender] = self._parts.clock.monotonic()
            rest.append(Ask(self._live.document.state_vector(), sender))
        if not self._publish([state, *rest]):
            self._publish(rest)
            self._look_due = True

    def _take_state(self, event: Arrived, part: State) -> None:
        if part.to != self._fanout.me:
            return
        if self._intake.take_theirs(part.update, in_sync=True) and not event.late:
            self._current.add(event.sender)
        if part.settled:
            self._confirm(event.sender, part.number)
        else:
            self._wait_for(event.sender, part.number, Updates((part.update,)))
        self._answers += 1
        self._answered.set()
