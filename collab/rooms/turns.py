"""Owns the turns of a room: what is queued is applied, sent on, and left with the journal writer.

One turn takes what the inbox holds, in order. It is a callback of the event loop and no task: whatever the sockets
brought in one turn of the loop is one turn of the room. Knows connections, document and journal, but no state of the
room and no storage; never waits for a client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from collab.document import Document
from collab.errors import CloseCode, CollabError, DocumentPoisoned, InternalError, JournalError, MalformedMessage
from collab.fanout.base import Fanout, RoomEvent
from collab.protocol.events import Event, UpdateReceived
from collab.protocol.roles import Role
from collab.protocol.update import Checked
from collab.rooms.alarm import Alarm
from collab.rooms.audience import Audience
from collab.rooms.catching_up import CatchingUp
from collab.rooms.connection import Access, Connection
from collab.rooms.fellows import FellowEvents, Fellows
from collab.rooms.inbox import Inbox
from collab.rooms.intake import Intake, Poison
from collab.rooms.jobs import Jobs
from collab.rooms.journal_writer import Applied, JournalWriter
from collab.rooms.live import LiveDocument
from collab.rooms.loading import Loaded
from collab.rooms.notices import NoticeCode, notice
from collab.rooms.outbox import BATCH_FRACTION
from collab.rooms.parts import Parts
from collab.rooms.positions import Positions
from collab.rooms.repair import repaired
from collab.rooms.requests import CheckedElsewhere, Drained, Heard, Job, Left, Message, Received, RoleChanged

TURN_MESSAGES = 256
"""So many messages are taken before what they changed is sent and others get a turn."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a room has to do, and to hold."""

    queued: int
    """Messages that wait in the inbox."""
    unjournalled: int
    """Messages that are applied and not journalled yet."""
    size_bytes: int
    """An upper estimate of the encoded document."""


class TurnEvents(Protocol):
    """What the turns tell their room."""

    def on_journalled(self, connections: Sequence[Connection]) -> None:
        """Something was journalled; these connections have a new count of acknowledged messages."""
        ...

    def on_left(self, connection: Connection) -> None: ...

    def on_empty(self) -> None:
        """The last connection left."""
        ...

    def on_poisoned(self) -> None:
        """The document must be repaired before anything else is taken."""
        ...

    def take_turn(self) -> None:
        """Call `turn`; the event loop does, once for all that was queued."""
        ...

    def save_for(self, connection: Connection, request_id: int) -> None: ...

    def spawn(self, work: Coroutine[object, object, None], role: str) -> None: ...


class Turns:
    """The document of one room and everything that changes it, in `turn` only."""

    def __init__(self, parts: Parts, loaded: Loaded, room: TurnEvents) -> None:
        self.connections = Audience(parts.limits, parts.metrics.count)
        self.over = False
        """Set when nothing is taken any more."""
        self._document_id = loaded.record.document_id
        self._parts = parts
        self._clock = parts.clock
        self._room = room
        self._turn_bytes = parts.limits.outbox_size_bytes // BATCH_FRACTION
        self._inbox: Inbox[Message] = Inbox(parts.limits.room_inbox_messages)
        self._live = LiveDocument(self._document_id, loaded.document, parts.slot, parts.limits, loaded.kind)
        self.large = parts.large
        self._journal = JournalWriter(parts, self._document_id, loaded.history_id, loaded.last_seq)
        self._intake = Intake(
            parts,
            self._live,
            self._journal,
            self.connections,
            self._start_check,
            room.save_for,
            loaded.suspect,
            loaded.past_clients,
        )
        self.fellows: Fellows | None = None
        """The rooms of other nodes, when there are any."""
        self.jobs = Jobs(parts, self._live, self._journal, self._intake, self.connections, self._post_job)
        self.store_side = CatchingUp(
            parts.store, self._document_id, loaded.history_id, self.positions, self._intake, self.jobs
        )
        self._loop = asyncio.get_running_loop()
        self._scheduled = False
        self._alarm = Alarm(self._loop, parts.clock, self.schedule)
        self._holding: dict[int, Connection] = {}
        """Connections that are not read from because the inbox was full."""

    @property
    def positions(self) -> Positions:
        """What the document has of the journal."""
        return self._journal.positions

    @property
    def load(self) -> Load:
        """What waits, and how large the document is."""
        return Load(len(self._inbox), self._journal.pending_count, self._live.size_bytes)

    @property
    def document(self) -> Document:
        return self._live.document

    @property
    def quiet(self) -> bool:
        """True when nothing is queued and all that was applied is journalled."""
        return self._journal.idle and not len(self._inbox) and not self.jobs.waiting

    def join(self, number: int, access: Access) -> Connection:
        """Take a connection in; the next turn asks it what we lack."""
        connection = Connection(number, access, self, self._parts.limits, self._clock)
        self.connections.add(connection)
        self._intake.ask_for_missing(connection)
        self.schedule()
        return connection

    def meet(self, fanout: Fanout, events: FellowEvents) -> Fellows:
        """From now on the rooms of other nodes are told what happens here, and heard."""
        self.fellows = Fellows(self._parts, fanout, self._live, self._intake, self._journal, events)
        return self.fellows

    def schedule(self) -> None:
        """Have a turn when the event loop has read what there is to read."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._room.take_turn)

    async def run_journal(self) -> None:
        """Append what is applied, for ever. Raises: HistoryChanged."""
        await self._journal.run(self, self._parts.limits.room_inbox_messages)

    def change_role(self, connection: Connection, role: Role, details: Mapping[str, object]) -> None:
        """Judge a connection by another role from now on, and say so."""
        connection.session.change_role(role)
        connection.notice(notice(NoticeCode.ROLE_CHANGED, {**details, "role": role.value}))
        self._post(RoleChanged(connection))

    # -- for connections --

    def post_event(self, connection: Connection, event: Event, size_bytes: int) -> None:
        inbox = self._inbox
        if inbox and inbox.overflowing:
            connection.close(CloseCode.TRY_AGAIN_LATER, "overload")
            return
        inbox.append(Received(connection, event, size_bytes))
        if inbox.full:
            self._holding[connection.number] = connection
            connection.hold_reading(room_is_full=True)
        if not self._scheduled:
            self.schedule()

    def post_leave(self, connection: Connection) -> None:
        self._post(Left(connection))

    def post_drained(self, connection: Connection) -> None:
        self._post(Drained(connection))

    def post_filled(self, connection: Connection) -> None:
        self.connections.fill(connection)
        self.schedule()

    def note_written(self, size_bytes: int) -> None:
        self._parts.metrics.count("sent_bytes_total", size_bytes)

    def post_heard(self, event: RoomEvent) -> None:
        """Other nodes said something."""
        if self._inbox.overflowing and self.fellows is not None:
            self.fellows.overflowed = True
        elif not self.over:
            self._post(Heard(event))

    def _post(self, message: Message) -> None:
        self._inbox.append(message)
        self.schedule()

    def _post_job(self, job: Job) -> None:
        if self.over:
            job.fail(InternalError("the room ended"))
        else:
            self._post(job)

    # -- for the journal writer --

    def on_settled(self, settled: Sequence[Applied]) -> None:
        """The one place from which acknowledgements follow: all of `settled` is journalled."""
        touched: dict[int, Connection] = {}
        noted = seq = self._journal.seq - sum(applied.entry is not None for applied in settled)
        for applied in settled:
            seq += applied.entry is not None
            if applied.journalled is not None:
                self.positions.note_own(noted + 1, seq)
                noted = seq
                self.schedule()  # before who waits for the change goes on: it is sent first
                self._fenced(partial(applied.journalled, seq))
            if applied.connection is not None:
                applied.connection.ledger.settle(applied.number, whole_sync=applied.whole_sync)
                touched[applied.connection.number] = applied.connection
                if applied.entry is not None:
                    applied.connection.note_edit()
        self.positions.note_own(noted + 1, seq)
        if self.fellows is not None:
            self.fellows.journalled(settled, seq)
            self.schedule()
        for connection in touched.values():
            connection.acknowledge()
        self._room.on_journalled(tuple(touched.values()))
        if self.jobs.waiting or len(self._inbox):
            self.schedule()

    def on_journal_away(self, error: JournalError) -> None:
        """From now on nothing is applied; clients keep what they type."""
        self._parts.metrics.count("journal_failures_total")
        self.connections.notice(NoticeCode.JOURNAL_UNAVAILABLE)
        self.jobs.fail_waiting(error)
        self.schedule()

    def on_journal_back(self) -> None:
        """Ask everybody for what was not taken meanwhile."""
        self.connections.notice(NoticeCode.JOURNAL_AVAILABLE)
        for connection in self.connections:
            self._intake.ask_for_missing(connection)
        self.schedule()

    # -- for the room --

    @property
    def poisoned(self) -> bool:
        """True while the document waits for `repair`, and nothing is taken."""
        return self._intake.poison is not None

    def turn(self) -> None:
        """Take what is queued."""
        self._scheduled = False
        if self.over:
            return
        now = self._intake.now = self._clock.monotonic()
        if self._inbox:
            self._fenced(self._take_messages)
        self._intake.send_turn(now)
        if self.jobs.waiting:
            self._fenced(self.jobs.serve_waiting)
        if self._journal.available and self._intake.asking:
            self._fenced(partial(self._intake.ask_due, self._clock.monotonic()))
        if self.connections.filled:
            self.connections.flush()
        self._come_back(now)
        if self._inbox and not self._held:
            self.schedule()

    def sweep(self) -> None:
        """Let time pass: for presence, and for silent, slow and expired connections."""
        now = self._clock.monotonic()
        self._intake.expire(now)
        if self.fellows is not None:
            self.fellows.sweep(now)
        slow = self.connections.sweep(now, self._clock.wall_ms(), self._parts.limits.outbox_stall_s)
        if slow:
            self._parts.metrics.count("slow_consumers_total", slow)
        self.schedule()

    async def repair(self) -> None:
        """Go on with a document rebuilt from the journal, in place: same history, connections stay.

        Raises: DocumentPoisoned (cannot be repaired), HistoryChanged, JournalError.
        """
        poison = self._intake.poison
        if poison is None:
            return
        if poison.connection is not None:
            poison.connection.fail(MalformedMessage("update poisoned the document"))
        self._live.replace(await repaired(self._parts, self._document_id, poison, self._journal.pending_updates))
        self._intake.poison = None
        if self.fellows is not None:
            self.fellows.ask_all()
        for connection in self.connections:
            self._intake.ask_for_missing(connection)
            self._fenced(partial(self._intake.take_deferred, connection))
        self.schedule()

    def end(self) -> None:
        """Nothing is taken any more: answer who waits for something."""
        self.over = True
        self._alarm.end()
        ended = InternalError("the room ended")
        while self._inbox:
            message = self._inbox.popleft()
            if isinstance(message, Job):
                message.fail(ended)
        self.jobs.fail_waiting(ended)

    @property
    def _held(self) -> bool:
        """True while nothing more may be applied: the document is to be repaired, or the journal is too far behind."""
        if self._intake.poison is not None:
            return True
        return self._journal.available and self._journal.pending_count >= self._parts.limits.room_inbox_messages

    def _take_messages(self) -> None:
        inbox, intake, received_bytes = self._inbox, self._intake, 0
        for _ in range(min(TURN_MESSAGES, len(inbox))):
            if self._held or intake.turn_bytes > self._turn_bytes:
                break
            message = inbox.popleft()
            if isinstance(message, Received):
                received_bytes += message.size_bytes
                intake.take(message)
            else:
                self._handle(message)
        if received_bytes:
            self._parts.metrics.count("received_bytes_total", received_bytes)
        if self._holding and not self._inbox.full:
            held, self._holding = self._holding, {}
            for connection in held.values():
                connection.hold_reading(room_is_full=False)

    def _fenced(self, act: Callable[[], None]) -> None:
        try:
            act()
        except DocumentPoisoned as error:
            self._intake.poison = Poison(None, b"", str(error))
        if self._intake.poison is not None:
            self._room.on_poisoned()

    def _come_back(self, now: float) -> None:
        """Have a turn when a question, presence, or something for other nodes is due."""
        intake = self._intake
        if intake.asking:
            self._alarm.at(intake.next_question if self._journal.available else None)
        self._alarm.at(intake.presence_due(now))
        if self.fellows is not None:
            self._alarm.at(self.fellows.due)

    def _handle(self, message: Heard | CheckedElsewhere | Left | RoleChanged | Drained | Job) -> None:
        if isinstance(message, CheckedElsewhere):
            self._intake.take_checked(message.received, message.outcome)
        elif isinstance(message, Left):
            self._leave(message.connection)
        elif isinstance(message, RoleChanged):
            self._intake.show_role(message.connection)
        elif isinstance(message, Drained):
            self._intake.resync(message.connection)
        elif isinstance(message, Heard):
            if self.fellows is not None:
                self.fellows.take(message.event)
        else:
            self.jobs.take(message)

    def _start_check(self, received: Received) -> None:
        """Check a large update in the sandbox, while others go on."""
        if not isinstance(received.event, UpdateReceived):
            raise InternalError("no update to check")
        role = f"check for connection {received.connection.number}"
        self._room.spawn(self._check(received, received.event.update), role)

    async def _check(self, received: Received, update: bytes) -> None:
        snapshot = self._live.document.diff() if self._intake.suspect else None
        try:
            outcome: Checked | CollabError = await self._parts.sandbox.check_update(
                update, self._live.clocks(), snapshot
            )
        except CollabError as error:
            outcome = error
        self._post(CheckedElsewhere(received, outcome))

    def _leave(self, connection: Connection) -> None:
        if self.connections.remove(connection):
            self._intake.leave(connection)
            self._room.on_left(connection)
            if not len(self.connections):
                self._room.on_empty()
