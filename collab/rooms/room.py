"""Owns one live document with its connections: the state table and the one task that changes the document.

Everything reaches the room through its inbox. A turn of the owner task takes what is queued, applies it, hands it to the
outboxes of the other connections, and leaves it with the journal writer. Knows no socket, no SQL and no storage.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import TypeVar

import structlog

from collab.document import Document
from collab.errors import (
    CloseCode,
    CollabError,
    DocumentPoisoned,
    HistoryChanged,
    InternalError,
    JournalError,
    LimitExceeded,
    MalformedMessage,
)
from collab.protocol.events import Event, UpdateReceived
from collab.protocol.payloads import Hello, SaveState, StorageState
from collab.protocol.update import Checked
from collab.rooms.audience import Audience
from collab.rooms.connection import Access, Connection
from collab.rooms.inbox import Inbox
from collab.rooms.intake import Intake, Poison
from collab.rooms.jobs import Jobs
from collab.rooms.journal_writer import Applied, JournalWriter
from collab.rooms.live import LiveDocument
from collab.rooms.loading import Loaded, has_person_deleted
from collab.rooms.notices import NoticeCode
from collab.rooms.parts import Parts
from collab.rooms.requests import Captured, CheckedElsewhere, Drained, Job, Left, Message, Received
from collab.rooms.repair import repaired
from collab.rooms.saver import Saver
from collab.rooms.snapshots import Snapshots

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


class State(StrEnum):
    """The life of a room."""

    LOADING = "loading"
    ACTIVE = "active"
    SAVING = "saving"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.LOADING: frozenset({State.ACTIVE, State.CLOSING, State.FAILED}),
    State.ACTIVE: frozenset({State.SAVING, State.CLOSING, State.FAILED}),
    State.SAVING: frozenset({State.ACTIVE, State.FAILED}),
    State.CLOSING: frozenset({State.CLOSED, State.FAILED}),
    State.CLOSED: frozenset(),
    State.FAILED: frozenset(),
}
"""Which state may follow which. LOADING lasts until storage and history agree; nobody joins before."""

JOINABLE = frozenset({State.ACTIVE, State.SAVING})
OVER = frozenset({State.CLOSED, State.FAILED})
TURN_MESSAGES = 256
"""So many messages are taken before what they changed is sent and other rooms get a turn."""
SWEEP_S = 1.0
"""How often a room looks at its silent, slow and expired connections."""


class Room:
    """One live document. `run` is its owner task; everything else may be called from any task of the event loop."""

    def __init__(self, parts: Parts, loaded: Loaded) -> None:
        self.document_id = loaded.record.document_id
        self.history_id = loaded.history_id
        self.kind = loaded.kind
        self.facts = loaded.facts
        self.state = State.LOADING
        self.over = asyncio.Event()
        """Set when the room is closed or failed, and nothing of it runs any more."""
        self.connections = Audience()
        self.save_state = SaveState(StorageState.NONE)
        self._parts = parts
        self._clock = parts.clock
        self._inbox: Inbox[Message] = Inbox(parts.limits.room_inbox_messages)
        self._live = LiveDocument(self.document_id, loaded.document, parts.slot, parts.limits)
        self._journal = JournalWriter(
            parts.store, self.document_id, self.history_id, loaded.last_seq, parts.room.journal_retry_s
        )
        self._intake = Intake(parts, self._live, self._journal, self.connections, self._start_check)
        self._jobs = Jobs(parts, self._live, self._journal, self._intake, self.connections, self._post_job)
        self._snapshots = Snapshots(
            parts.store,
            parts.clock,
            self.document_id,
            self.history_id,
            loaded.snapshot_seq,
            parts.journal.snapshot_updates,
        )
        self._activated = asyncio.Event()
        self._idle_since: float | None = parts.clock.monotonic()
        self._sweep_at = 0.0
        self._stop_wanted = False
        self._tasks: asyncio.TaskGroup | None = None
        self.saver = Saver.of(parts, self, loaded)
        """None for a room without a file."""

    # -- for Rooms --

    @property
    def joinable(self) -> bool:
        return self.state in JOINABLE and not self._stop_wanted

    @property
    def seq(self) -> int:
        """The last journalled position."""
        return self._journal.seq

    def join(self, number: int, access: Access) -> Connection:
        """Let a client in. Raises: HistoryChanged, LimitExceeded (connections_per_room)."""
        if access.history is not None and access.history != self.history_id:
            raise HistoryChanged(f"client knows {access.history}")
        if len(self.connections) >= self._parts.limits.connections_per_room:
            raise LimitExceeded("connections_per_room")
        connection = Connection(number, access, self, self._parts.limits, self._clock)
        self.connections.add(connection)
        self._idle_since = None
        if self.saver is not None and access.role.may_write:
            self.saver.file.credentials = access.credentials
        connection.session.send_hello(Hello(self.history_id, access.role, self.kind, access.identity, self.facts))
        connection.pump()
        connection.publish(self.save_state)
        self._intake.ask_for_missing(connection)
        self._inbox.wake()
        return connection

    def activate(self) -> None:
        """Storage and history agree: let people in."""
        self._enter(State.ACTIVE)
        self._idle_since = self._clock.monotonic()
        self._activated.set()
        self._inbox.wake()

    async def stop(self) -> None:
        """Tell the clients to come back later, save, and end; what cannot be saved stays in the journal."""
        self.notice(NoticeCode.SERVER_RESTARTING)
        self.connections.close(CloseCode.SERVICE_RESTART, "server restarts")
        if self.saver is not None and self.state in JOINABLE:
            await self.saver.save_now()
        self._stop_wanted = True
        self._inbox.wake()
        await self.over.wait()

    async def look(self, look: Callable[[Document], _Result]) -> _Result:
        """Ask the document something, as it is now. Raises: what `look` raises, InternalError (the room ended)."""
        return await self._jobs.look(look)

    # -- for the saver --

    async def capture(self, look: Callable[[Document], _Result]) -> Captured[_Result]:
        """Make something of the document while all of it is journalled. Raises: JournalError, what `look` raises."""
        return await self._jobs.capture(look)

    async def change(self, change: Callable[[Document], _Result], author_id: str, author_name: str) -> _Result:
        """Edit as the server; returns when it is journalled. Raises: FormatError, JournalError, DocumentPoisoned."""
        return await self._jobs.change(change, author_id, author_name)

    async def person_deleted(self) -> bool:
        """Whether a person's journalled edit of this history deleted something. Raises: JournalError."""
        return await has_person_deleted(self._parts.store, self.document_id, self.history_id)

    def set_saving(self, saving: bool) -> None:
        if saving != (self.state is State.SAVING):
            self._enter(State.SAVING if saving else State.ACTIVE)

    def publish(self, state: SaveState, covers: Mapping[int, int] | None = None) -> None:
        """Tell all what the storage has; `covers`: messages of each connection that the stored file now contains."""
        self.save_state = state
        for connection in self.connections:
            connection.covers = (covers or {}).get(connection.number, connection.covers)
        self._publish_to(self.connections, state)

    def _publish_to(self, connections: Iterable[Connection], state: SaveState) -> None:
        """Where the storage has all that is journalled, it has all that was acknowledged."""
        for connection in connections:
            if state.state is StorageState.STORED:
                connection.covers = connection.ledger.acknowledged
            connection.publish(state)

    def notice(self, code: NoticeCode, details: Mapping[str, object] | None = None) -> None:
        """Tell all that announced our extensions."""
        self.connections.notice(code, details)

    # -- for connections --

    def post_event(self, connection: Connection, event: Event, size_bytes: int) -> None:
        if self._inbox.overflowing:
            connection.close(CloseCode.TRY_AGAIN_LATER, "overload")
            return
        self._inbox.post(Received(connection, event, size_bytes))

    def post_leave(self, connection: Connection) -> None:
        self._inbox.post(Left(connection))

    def post_drained(self, connection: Connection) -> None:
        self._inbox.post(Drained(connection))

    async def ready(self) -> None:
        await self._inbox.ready()

    def _post_job(self, job: Job) -> None:
        if self.state in OVER:
            job.fail(InternalError("the room ended"))
        else:
            self._inbox.post(job)

    # -- for the journal writer --

    def on_settled(self, settled: Sequence[Applied]) -> None:
        """The one place from which acknowledgements follow: all of `settled` is journalled."""
        touched: dict[int, Connection] = {}
        for applied in settled:
            if applied.journalled is not None:
                applied.journalled()
            if applied.connection is not None:
                applied.connection.ledger.settle(applied.number, whole_sync=applied.whole_sync)
                touched[applied.connection.number] = applied.connection
        for connection in touched.values():
            connection.acknowledge()
        if self.saver is not None:
            self.saver.note_journalled()
            if self.saver.clean:
                self._publish_to(touched.values(), self.save_state)
        if self._snapshots.due(self.seq) and self._tasks is not None:
            self._tasks.create_task(self._snapshots.take(self.capture), name=f"room {self.document_id}: snapshot")
        self._inbox.wake()

    def on_journal_away(self, error: JournalError) -> None:
        """From now on nothing is applied; clients keep what they type."""
        self._parts.metrics.count("journal_failures_total")
        self.notice(NoticeCode.JOURNAL_UNAVAILABLE)
        self._inbox.wake()

    def on_journal_back(self) -> None:
        """Ask everybody for what was not taken meanwhile."""
        self.notice(NoticeCode.JOURNAL_AVAILABLE)
        for connection in self.connections:
            self._intake.ask_for_missing(connection)
        self._inbox.wake()

    # -- the owner task --

    async def run(self) -> None:
        """Live until unloaded, stopped or failed; never raises."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                journal = tasks.create_task(self._run_journal(), name=f"room {self.document_id}: journal")
                saver = tasks.create_task(self._run_saver(), name=f"room {self.document_id}: saver")
                await self._own()
                journal.cancel()
                saver.cancel()
        except* HistoryChanged:
            self._fail(HistoryChanged("another history was made for this document"))
        except* Exception as errors:
            _log.error("room_failed", document_id=self.document_id, exc_info=errors)
            self._fail(InternalError("room failed"))
        finally:
            self._end()

    async def _run_journal(self) -> None:
        await self._journal.run(self, self._parts.limits.room_inbox_messages)

    async def _run_saver(self) -> None:
        """Our own bugs in the saver cost a save, not the room."""
        await self._activated.wait()
        while self.saver is not None:
            try:
                await self.saver.run()
            except Exception:
                _log.exception("saver_failed", document_id=self.document_id)
                self._parts.metrics.count("saver_bugs_total")
                self.saver.note_bug(InternalError("saver failed"))

    async def _own(self) -> None:
        while not self._may_end():
            await self._inbox.wait(self._due_in())
            await self._turn()
        await self._close()

    async def _turn(self) -> None:
        for _ in range(TURN_MESSAGES):
            message = None if self._held else self._inbox.take()
            if message is None:
                break
            self._fenced(partial(self._handle, message))
        self._intake.send_turn()
        if self._intake.poison is not None:
            await self._repair(self._intake.poison)
        self._fenced(self._jobs.serve_waiting)
        self._attend(self._clock.monotonic())
        if len(self._inbox) and not self._held:
            self._inbox.wake()
            await asyncio.sleep(0)

    @property
    def _held(self) -> bool:
        """True while nothing more may be applied: a job waits for the journal, or that is too far behind."""
        if self._intake.poison is not None:
            return True
        behind = self._journal.pending_count >= self._parts.limits.room_inbox_messages
        return self._journal.available and not self._journal.idle and (behind or self._jobs.waiting)

    def _fenced(self, act: Callable[[], None]) -> None:
        try:
            act()
        except DocumentPoisoned as error:
            self._intake.poison = Poison(None, b"", str(error))
            self._inbox.wake()

    def _handle(self, message: Message) -> None:
        if isinstance(message, Received):
            self._intake.take(message)
        elif isinstance(message, CheckedElsewhere):
            self._intake.take_checked(message.received, message.outcome)
        elif isinstance(message, Left):
            self._leave(message.connection)
        elif isinstance(message, Drained):
            self._intake.resync(message.connection)
        else:
            self._jobs.take(message)

    def _start_check(self, received: Received) -> None:
        """Check a large update in the sandbox, while others go on."""
        if self._tasks is None or not isinstance(received.event, UpdateReceived):
            raise InternalError("no update to check, or no room to check it for")
        name = f"room {self.document_id}: check for connection {received.connection.number}"
        self._tasks.create_task(self._check(received, received.event.update), name=name)

    async def _check(self, received: Received, update: bytes) -> None:
        try:
            outcome: Checked | CollabError = await self._parts.sandbox.check_update(update, self._live.clocks())
        except CollabError as error:
            outcome = error
        self._inbox.post(CheckedElsewhere(received, outcome))

    async def _repair(self, poison: Poison) -> None:
        """Go on with a document rebuilt from the journal, in place: same history, connections stay."""
        if poison.connection is not None:
            poison.connection.fail(MalformedMessage("update poisoned the document"))
        self._live.replace(await repaired(self._parts, self.document_id, poison, self._journal.pending_updates))
        self._intake.poison = None
        for connection in self.connections:
            self._intake.ask_for_missing(connection)
            self._fenced(partial(self._intake.take_deferred, connection))
        self._inbox.wake()

    def _leave(self, connection: Connection) -> None:
        if not self.connections.remove(connection):
            return
        self._intake.leave(connection)
        if not len(self.connections):
            self._idle_since = self._clock.monotonic()
            if self.saver is not None:
                self.saver.hurry()

    def _attend(self, now: float) -> None:
        """What is due by time: questions to clients, and a look at silent, slow and expired connections."""
        if self._journal.available:
            self._intake.ask_due(now)
        if now < self._sweep_at:
            return
        self._sweep_at = now + SWEEP_S
        self._intake.expire(now)
        slow = self.connections.sweep(now, self._clock.wall_ms(), self._parts.limits.outbox_stall_s)
        self._parts.metrics.count("slow_consumers_total", slow)

    def _due_in(self) -> float | None:
        now = self._clock.monotonic()
        dues = [self._intake.next_question] if self._journal.available else []
        if len(self.connections):
            dues.append(self._sweep_at)
        elif self._idle_since is not None and self._quiet:
            dues.append(self._idle_since + self._parts.room.idle_unload_s)
        known = [due for due in dues if due is not None]
        return max(0.0, min(known) - now) if known else None

    # -- the end --

    @property
    def _quiet(self) -> bool:
        """True when nothing is under way, and storage or at least the journal has everything."""
        settled = self.saver is None or self.saver.settled
        return settled and self._journal.idle and not len(self._inbox) and not self._jobs.waiting

    def _may_end(self) -> bool:
        """True when the room may be unloaded: it was asked to stop, or nobody has been here for a while."""
        if self._stop_wanted:
            busy = self.saver is not None and self.saver.busy
            return self._journal.idle and not len(self._inbox) and not busy
        if self.state is not State.ACTIVE or len(self.connections) or self._idle_since is None:
            return False
        idle_s = self._clock.monotonic() - self._idle_since
        return idle_s >= self._parts.room.idle_unload_s and self._quiet

    async def _close(self) -> None:
        self._enter(State.CLOSING)
        try:
            await self._snapshots.write(self._live.document.diff(), self.seq)
        except JournalError as error:
            _log.warning("snapshot_failed", document_id=self.document_id, reason=str(error))
        if self.saver is not None:
            await self.saver.release()
        self._enter(State.CLOSED)

    def _fail(self, error: CollabError) -> None:
        self._parts.metrics.count("rooms_failed_total")
        if self.state not in OVER:
            self._enter(State.FAILED)
        self.connections.close(error.close_code, error.public)

    def _end(self) -> None:
        if self.state not in OVER:
            self._fail(InternalError("room task was cancelled"))
        while (message := self._inbox.take()) is not None:
            if isinstance(message, Job):
                message.fail(InternalError("the room ended"))
        self._jobs.fail_waiting(InternalError("the room ended"))
        if self.saver is not None:
            self.saver.end()
        self.over.set()

    def _enter(self, state: State) -> None:
        """The only place where the state changes. Raises: InternalError (no such transition)."""
        if state not in TRANSITIONS[self.state]:
            raise InternalError(f"room {self.document_id}: {self.state} -> {state}")
        self.state = state
