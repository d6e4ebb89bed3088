"""Owns what happens to the messages of connections: check, apply, collect for the broadcast, hand to the journal.

Runs in the room's owner task. Knows no storage and no socket; never waits: large updates are checked elsewhere, and
what the same connection sends meanwhile stays in order behind them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Protocol

import structlog

from collab.errors import CloseCode, CollabError, DocumentPoisoned, HistoryChanged, ProtocolError
from collab.protocol.codec import decode_state_vector, encode_var_string
from collab.protocol.events import (
    AwarenessReceived,
    AwarenessRequested,
    Event,
    Rejected,
    SaveRequested,
    StatelessReceived,
    SyncRequested,
    UpdateReceived,
)
from collab.protocol.frames import encode_frame
from collab.protocol.messages import encode_stateless
from collab.protocol.roles import Identity
from collab.protocol.update import Checked
from collab.rooms.answers import Answers
from collab.rooms.audience import Audience, Update
from collab.rooms.connection import Connection
from collab.rooms.journal_writer import Applied, JournalWriter
from collab.rooms.live import LiveDocument, Taken
from collab.rooms.notices import NoticeCode, notice
from collab.rooms.parts import Parts
from collab.rooms.presence import Presence
from collab.rooms.requests import Received
from collab.store.base import JournalEntry

_log = structlog.get_logger(__name__)

THEIRS = 0
"""The connection that stands for other nodes in the slot."""
BARREN_ANSWERS = 2
"""One may have been under way while the document was rebuilt; the second one answers what we lack now."""


@dataclass(frozen=True, slots=True)
class Poison:
    """An update that the document refused after it had passed the checker; no connection: the server's own."""

    connection: Connection | None
    update: bytes
    reason: str


class Outgoing(Protocol):
    """What the intake needs of the rooms of other nodes."""

    def changed(self, update: bytes, author: Identity | None) -> None:
        """Something was changed here, by a client or by the server: it goes out at the end of the turn."""
        ...

    def send_turn(self, presence: bytes | None) -> None:
        """The turn is over; `presence`: what is new of our people."""
        ...


class Intake:
    """Takes events of connections in order and turns them into applied updates."""

    def __init__(
        self,
        parts: Parts,
        live: LiveDocument,
        journal: JournalWriter,
        audience: Audience,
        check_elsewhere: Callable[[Received], None],
        save_for: Callable[[Connection, int], None],
        suspect: bool,
        past_clients: Set[int],
    ) -> None:
        self._parts = parts
        self._count = parts.metrics.count
        self._live = live
        self._journal = journal
        self._audience = audience
        self._check_elsewhere = check_elsewhere
        self._save_for = save_for
        self.suspect = suspect
        """Every update is tried in the sandbox first: one of this document ended a worker or broke the document."""
        self.presence = Presence(parts.limits, parts.presence)
        self._answers = Answers(live, parts.limits)
        self._past_clients = past_clients
        self.now = parts.clock.monotonic()
        """When the turn under way began."""
        self._turn: list[Update] = []
        self.fellows: Outgoing | None = None
        """The rooms of other nodes, which are told what happens here."""
        self.turn_bytes = 0
        """What the updates of this turn amount to."""
        self._asking: dict[int, Connection] = {}
        self.poison: Poison | None = None
        """Set when the document must be rebuilt; nothing more may be taken then."""

    def take(self, received: Received) -> None:
        """Deal with one event, or put it behind the update that is being checked."""
        connection, event = received.connection, received.event
        if connection.checking or (self.poison is not None and isinstance(event, UpdateReceived | SyncRequested)):
            if connection.deferred is None:
                connection.deferred = deque()
            connection.deferred.append(received)
        elif isinstance(event, UpdateReceived) and (self.suspect or self._is_large(event.update)):
            connection.checking = True
            self._check_elsewhere(received)
        else:
            self._deal_with(connection, event)
            connection.dealt_with(received.size_bytes)

    def _is_large(self, update: bytes) -> bool:
        return len(update) > self._parts.limits.inline_check_size_bytes

    def take_checked(self, received: Received, outcome: Checked | CollabError) -> None:
        """A large update was checked elsewhere: apply it, then what waits behind it."""
        connection, event = received.connection, received.event
        connection.checking = False
        connection.dealt_with(received.size_bytes)
        if isinstance(outcome, CollabError):
            self._refuse(connection, outcome)
        elif connection in self._audience and isinstance(event, UpdateReceived):
            self._apply(connection, event, outcome)
        self.take_deferred(connection)

    def take_deferred(self, connection: Connection) -> None:
        """Deal with what waited, up to the next large update."""
        while connection.deferred and not connection.checking and self.poison is None:
            self.take(connection.deferred.popleft())

    def take_theirs(self, update: bytes, *, in_sync: bool) -> bool:
        """Apply what another node has journalled or will; it is neither journalled here nor told to nodes again.

        False: not all of it could be applied.
        """
        if self.poison is not None:
            return False
        applied = b""
        try:
            checked = self._live.check(update)
            applied = checked.update or b""
            taken = self._live.take(checked, THEIRS, in_sync=in_sync)
        except DocumentPoisoned as error:
            self.poison = Poison(None, applied, str(error))
            return False
        except ProtocolError as error:
            _log.warning("node_update_refused", code=error.code, reason=str(error))
            self._parts.metrics.count("node_updates_refused_total")
            return False
        if taken.update is not None:
            self._parts.metrics.count("node_updates_total")
            self._turn.append((None, taken.update))
            self.turn_bytes += len(taken.update)
        return taken.complete

    def changed(self, update: bytes) -> None:
        """The server itself changed the document."""
        self._add_to_turn(None, update, None)

    def send_turn(self, now: float) -> None:
        """Hand what was applied in this turn, and the presence that is due, to the outboxes."""
        turn = self._turn
        if turn:
            self._turn, self.turn_bytes = [], 0
        presence = None
        if self.presence.waits:
            presence = self.presence.take(now, len(self._audience), with_text=bool(turn))
        if self.fellows is not None:
            self.fellows.send_turn(self.presence.take_outgoing())
        if turn or presence:
            self._audience.send_turn(
                turn, encode_frame(presence) if presence else b"", self._live.document.state_vector
            )

    def resync(self, connection: Connection) -> None:
        """Send what a client lacks that did not read fast enough."""
        if not connection.outbox.ready_for_resync or connection.close_info is not None:
            return
        self._answer_sync(connection, connection.outbox.known_vector)
        self.send_all_presence(connection)

    def send_all_presence(self, connection: Connection) -> None:
        """Tell one connection of everybody who is there."""
        everybody = self.presence.everybody()
        if everybody is not None:
            connection.outbox.put_broadcast(encode_frame(everybody))

    def leave(self, connection: Connection) -> None:
        """The connection is gone: so are the people it showed."""
        self._asking.pop(connection.number, None)
        self.presence.leave(connection.number, self._parts.clock.monotonic())

    def show_role(self, connection: Connection) -> None:
        """The role of a connection changed: all see it."""
        self.presence.change_role(connection.number, connection.role, self._parts.clock.monotonic())

    def expire(self, now: float) -> None:
        """Let time pass for presence, and for what is kept for those who join."""
        self.presence.expire(now)
        self._answers.sweep()

    def presence_due(self, now: float) -> float | None:
        """When `send_turn` has presence to send; None: nobody waits to be shown."""
        return self.presence.due(now, len(self._audience)) if self.presence.waits else None

    def ask_for_missing(self, connection: Connection) -> None:
        """Ask with sync step 1 for what we lack, soon: at most once in an interval."""
        if connection.resync_due is None:
            interval_s = self._parts.limits.resync_interval_s
            connection.resync_due = max(self._parts.clock.monotonic(), connection.asked_at + interval_s)
            self._asking[connection.number] = connection

    @property
    def asking(self) -> bool:
        """Whether somebody is to be asked."""
        return bool(self._asking)

    @property
    def next_question(self) -> float | None:
        """When `ask_due` has something to ask."""
        dues = [connection.resync_due for connection in self._asking.values() if connection.resync_due is not None]
        return min(dues, default=None)

    def ask_due(self, now: float) -> None:
        """Send the questions that are due."""
        due = [connection for connection in self._asking.values() if (connection.resync_due or now) <= now]
        if not due:
            return
        vector = self._live.document.state_vector()
        for connection in due:
            del self._asking[connection.number]
            connection.ask(vector, now)

    def _deal_with(self, connection: Connection, event: Event) -> None:
        closing = connection.close_info
        if closing is not None and (closing.code is CloseCode.HISTORY_CHANGED or not isinstance(event, UpdateReceived)):
            return
        if isinstance(event, UpdateReceived):
            self._on_update(connection, event)
        elif isinstance(event, SyncRequested):
            self._on_sync_request(connection, event)
        elif isinstance(event, AwarenessReceived):
            number, identity, role = connection.number, connection.access.identity, connection.session.role
            self.presence.receive(number, identity, role, event.entries, self.now)
        elif isinstance(event, AwarenessRequested):
            self.send_all_presence(connection)
        elif isinstance(event, SaveRequested):
            self._save_for(connection, event.request_id)
        elif isinstance(event, StatelessReceived):
            self._on_stateless(connection, event)
        else:
            self._on_rejected(connection, event)

    def _on_stateless(self, connection: Connection, event: StatelessReceived) -> None:
        """Pass it on to those who are there, or say that it is not."""
        if not self._parts.room.relay_stateless:
            connection.notice(notice(NoticeCode.STATELESS_REFUSED))
            return
        frame = encode_frame(encode_stateless(encode_var_string(event.text)))
        for other in self._audience:
            if other is not connection and other.access.extended:
                other.outbox.put_broadcast(frame)

    # -- updates --

    def _on_update(self, connection: Connection, event: UpdateReceived) -> None:
        try:
            checked = self._live.check(event.update)
        except ProtocolError as error:
            self._refuse(connection, error)
        else:
            self._apply(connection, event, checked)

    def _apply(self, connection: Connection, event: UpdateReceived, checked: Checked) -> None:
        if self._past_clients and not self._past_clients.isdisjoint(checked.clocks):
            return self._refuse(connection, HistoryChanged("an update of a retired history"))
        number = connection.ledger.receive()
        if not self._journal.available:
            connection.ledger.drop(number)
            self.ask_for_missing(connection)
            return
        try:
            taken = self._live.take(checked, connection.number, in_sync=event.in_sync)
        except DocumentPoisoned as error:
            self.poison = Poison(connection, checked.update or b"", str(error))
            return
        except ProtocolError as error:
            self._refuse(connection, error)
            return
        if event.in_sync is taken.complete:
            connection.holds_back = not taken.complete
        complete = taken.complete or (event.in_sync and _gave_all(connection, taken))
        if not complete:
            connection.ledger.drop(number)
            self.ask_for_missing(connection)
            self._parts.metrics.count("update_gaps_total")
        entry = None
        if taken.update is not None:
            entry = self._entry(connection, taken.update)
            self._count("updates_total")
            self._count("update_bytes_total", len(taken.update))
            self._add_to_turn(None if taken.altered else connection, taken.update, connection.access.identity)
            if connection in self._audience:
                self.presence.typed(connection.number, self.now)
        self._journal.add(Applied(connection, number, entry, whole_sync=event.in_sync and complete))

    def _entry(self, connection: Connection, update: bytes) -> JournalEntry:
        identity, parts = connection.access.identity, self._parts
        return JournalEntry(
            update, identity.user_id, identity.name, parts.clock.wall_ms(), parts.node, connection.number
        )

    def _refuse(self, connection: Connection, error: CollabError) -> None:
        _log.warning("update_refused", connection=connection.number, code=error.code, reason=str(error))
        self._parts.metrics.count("updates_refused_total")
        connection.fail(error)

    def _on_rejected(self, connection: Connection, event: Rejected) -> None:
        """The session closes by itself what is fatal; a refused update still counts as dealt with."""
        self._parts.metrics.count("messages_rejected_total")
        for _ in range(event.updates):
            number = connection.ledger.receive()
            if self._journal.available:
                self._journal.add(Applied(connection, number, None))
            else:
                connection.ledger.drop(number)
        if event.updates:
            connection.notice(notice(NoticeCode.UPDATE_REFUSED))

    # -- sync and presence --

    def _on_sync_request(self, connection: Connection, event: SyncRequested) -> None:
        if self._is_stale(event.state_vector):
            return connection.fail(HistoryChanged("its state vector is one of a retired history"))
        if connection.outbox.begin_sync(event.state_vector):
            self._answer_sync(connection, event.state_vector)
        self.send_all_presence(connection)

    def _is_stale(self, state_vector: bytes) -> bool:
        """Whether a client holds the document of a retired history: a stock provider does not say which one it has."""
        if not self._past_clients:
            return False
        return not self._past_clients.isdisjoint(decode_state_vector(state_vector, self._parts.limits))

    def _answer_sync(self, connection: Connection, known: bytes | None) -> None:
        frame, vector = self._answers.answer(known)
        connection.outbox.put_sync(frame, vector)

    def _add_to_turn(self, knows: Connection | None, update: bytes, author: Identity | None) -> None:
        """`knows`: who has it and is not told again, where the document took it as it came."""
        self._turn.append((knows, update))
        self.turn_bytes += len(update)
        if self.fellows is not None:
            self.fellows.changed(update, author)


def _gave_all(connection: Connection, taken: Taken) -> bool:
    """Whether a client whose answers have gaps has nothing more to give.

    It may wait itself for an edit of somebody who is gone and whose edit was never acknowledged. What it has made of
    its own then came whole. As long as an edit of its own did not, nothing is given up and nothing acknowledged.
    """
    connection.barren_answers = 0 if taken.update is not None else connection.barren_answers + 1
    return connection.barren_answers >= BARREN_ANSWERS and not connection.holds_back
