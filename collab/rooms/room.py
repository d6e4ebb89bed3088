"""Owns the life of one live document: its state table, its tasks, who may join, when it goes.

What changes the document happens in its turns (`turns.py`), what reaches the file in its saver. Knows no socket, no SQL
and no connector.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog

from collab.document import Document, Kind
from collab.errors import CloseCode, CollabError, HistoryChanged, InternalError, JournalError, LeaseLost, LimitExceeded
from collab.protocol.payloads import Hello, SaveState, StorageState
from collab.protocol.roles import Identity, Role, min_role
from collab.rooms.company import Company
from collab.rooms.connection import Access, Connection, offer_editors
from collab.rooms.loading import Loaded, has_person_deleted
from collab.rooms.lock_gate import LockGate
from collab.rooms.notices import NoticeCode, notice
from collab.rooms.outside import OutsideChange, OutsideChanges
from collab.rooms.parts import Parts
from collab.rooms.requests import Captured, Changed, Settled
from collab.rooms.save_requests import answer_save
from collab.rooms.saving import saver_of
from collab.rooms.signal import Signal
from collab.rooms.snapshots import Snapshots
from collab.rooms.states import JOINABLE, OVER
from collab.rooms.states import TRANSITIONS as TRANSITIONS
from collab.rooms.states import State as State
from collab.rooms.turns import Load, Turns

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


class Room:
    """One live document. `run` is its owner task, which is for the rare things: repair, and the end."""

    def __init__(self, parts: Parts, loaded: Loaded) -> None:
        self.document_id = loaded.record.document_id
        self.history_id = loaded.history_id
        self.name = loaded.record.alias.external_id
        self.kind = loaded.kind
        self.facts = loaded.facts
        self.read_only = loaded.read_only
        """Why nobody may edit this document; None: it may be edited."""
        self.state = State.LOADING
        self.over = Signal()
        """Set when the room is closed or failed, and nothing of it runs any more."""
        self.save_state = SaveState(StorageState.NONE)
        self._parts = parts
        self._clock = parts.clock
        self._turns = Turns(parts, loaded, self)
        self.connections = self._turns.connections
        self.gate = LockGate(self.connections, self._turns.change_role)
        self._snapshots = Snapshots(parts, self.document_id, self.history_id, loaded.snapshot_seq)
        self._activated = Signal()
        self._idle_since: float | None = parts.clock.monotonic()
        self._stop_wanted = False
        self._attention = Signal()
        """Set when the owner may have something to do."""
        self._fault: Exception | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._outside = OutsideChanges(parts, self, self.document_id, self.history_id)
        self.saver = saver_of(parts, self, loaded)
        """None for a room without a file."""
        self.company = Company.of(parts, self, self._turns)

    # -- for Rooms --

    @property
    def joinable(self) -> bool:
        return self.state in JOINABLE and not self._stop_wanted

    @property
    def seq(self) -> int:
        """The last journalled position that is known."""
        return self._turns.positions.known

    @property
    def load(self) -> Load:
        """What waits, and how large the document is."""
        return self._turns.load

    @property
    def dirty(self) -> bool:
        """Whether the storage lacks something."""
        return self.saver is not None and not self.saver.settled

    @property
    def outgrown(self) -> bool:
        """Whether the document is too large for this worker."""
        most = self._parts.heavy_above_bytes
        return most is not None and self._snapshots.state_size_bytes > most

    def join(self, number: int, access: Access) -> Connection:
        """Let a client in. Raises: HistoryChanged, LimitExceeded (connections_per_room)."""
        if access.history is not None and access.history != self.history_id:
            raise HistoryChanged(f"client knows {access.history}")
        if len(self.connections) >= self._parts.limits.connections_per_room:
            raise LimitExceeded("connections_per_room")
        if self.read_only is not None:
            access = replace(access, role=min_role(access.role, Role.COMMENTER))
        self._parts.attendance.enter(access.identity.user_id, self.document_id)
        connection = self._turns.join(number, access)
        self._idle_since = None
        if self.saver is not None and access.role.may_write:
            self.saver.file.offer(access.credentials, edited=False)
            self.saver.want_lock()
        role = self.gate.admit(connection)
        connection.session.send_hello(Hello(self.history_id, role, self.kind, access.identity, self.facts))
        connection.pump()
        connection.publish(self.save_state)
        if access.jupyter and self.saver is not None:
            self.saver.check()
        if self.company is not None and not self.company.reach:
            connection.notice(notice(NoticeCode.NODES_APART))
        return connection

    def activate(self) -> None:
        """Storage and history agree: let people in."""
        self._enter(State.ACTIVE)
        self._idle_since = self._clock.monotonic()
        self._activated.set()
        self._attention.set()

    async def stop(self) -> None:
        """Tell the clients to come back later, save, and end; what cannot be saved stays in the journal."""
        self.notice(NoticeCode.SERVER_RESTARTING)
        self.connections.close(CloseCode.SERVICE_RESTART, "server restarts")
        self._stop_wanted = True
        if self.saver is not None and self.state in JOINABLE and not self.saver.elsewhere:
            await self.saver.save_now()
        self._attention.set()
        await self.over.wait()

    async def look(self, look: Callable[[Document], _Result]) -> _Result:
        """Ask the document something, as it is now. Raises: what `look` raises, InternalError (the room ended)."""
        return await self._turns.jobs.look(look)

    def change_role(self, whose: Callable[[Access], bool], role: Role, details: Mapping[str, object]) -> int:
        """Judge these connections by another role from now on, and tell them; returns how many."""
        found = [connection for connection in self.connections if whose(connection.access)]
        for connection in found:
            self.gate.change(connection, role, details)
        return len(found)

    @property
    def tells_file_state(self) -> bool:
        """Whether the document says what its file is: in notebooks, and where a JupyterLab is."""
        return self.kind == Kind.NOTEBOOK or any(connection.access.jupyter for connection in self.connections)

    def save_for(self, connection: Connection, request_id: int) -> None:
        """Store now, and answer this request of a connection."""
        self.spawn(answer_save(connection, request_id, self.saver), f"save for {connection.number}")

    async def undo_outside(self, seq: int, person: Identity) -> None:
        """Take an outside change back, as one edit of that person. Raises: as `OutsideChanges.undo`."""
        if self.company is None or not await self.company.undo(seq, person):
            await self._outside.undo(seq, person)

    # -- for the saver --

    def note_outside(self, change: OutsideChange) -> None:
        """Tell all what the storage brought; it can be taken back for a while."""
        self._outside.note(change)

    async def capture(self, look: Callable[[Document], _Result]) -> Captured[_Result]:
        """Make something of the document while all of it is journalled. Raises: JournalError, what `look` raises."""
        if self.company is not None:
            await self.company.catch_up()
        return await self._turns.jobs.capture(look)

    async def change(
        self,
        change: Callable[[Document], _Result],
        author_id: str,
        author_name: str,
        note: Settled | None = None,
    ) -> Changed[_Result]:
        """Edit as the server; it happens when it is journalled, in one commit with the note.

        Raises: FormatError, JournalError, DocumentPoisoned.
        """
        return await self._turns.jobs.change(change, author_id, author_name, note)

    async def person_deleted(self) -> bool:
        """Whether a person's journalled edit of this history deleted something. Raises: JournalError."""
        return await has_person_deleted(self._parts.store, self.document_id, self.history_id)

    def set_saving(self, saving: bool) -> None:
        if saving != (self.state is State.SAVING):
            self._enter(State.SAVING if saving else State.ACTIVE)

    def wake(self) -> None:
        """Let the owner look whether it is time to go."""
        self._attention.set()

    def publish(self, state: SaveState, covers: Mapping[int, int] | None = None) -> None:
        """Tell all what the storage has; `covers`: messages of each connection that the stored file now contains."""
        self.show(state, covers or {})
        if self.company is not None and self.saver is not None and state.state is not StorageState.PENDING:
            self.company.say_state(state, self.saver.covered_seq)

    def show(self, state: SaveState, covers: Mapping[int, int]) -> None:
        """Tell our clients what the storage has, whoever stores it."""
        self.save_state = state
        for connection in self.connections:
            connection.covers = covers.get(connection.number, connection.covers)
        self._publish_to(self.connections, state)

    def _publish_to(self, connections: Iterable[Connection], state: SaveState) -> None:
        """Where the storage has all that is journalled, it has all that was acknowledged."""
        for connection in connections:
            if state.state is StorageState.STORED:
                connection.covers = connection.ledger.acknowledged
            connection.publish(state)

    def sweep(self) -> None:
        """Let time pass for the connections."""
        if self.state not in OVER and len(self.connections):
            self._turns.sweep()

    def notice(self, code: NoticeCode, details: Mapping[str, object] | None = None) -> None:
        """Tell all that announced our extensions, and those of other nodes where it is theirs."""
        self.connections.notice(code, details)
        if self.company is not None:
            self.company.say_notice(code, details or {})

    def fail(self, error: Exception) -> None:
        """The room is over."""
        self._fault = error
        self._attention.set()

    # -- for the turns --

    def on_journalled(self, connections: Sequence[Connection]) -> None:
        """Something was journalled: there may be something to save, or all of it is stored already."""
        if self.saver is not None:
            offer_editors(self.saver.file, connections)
            self.saver.note_journalled()
            if self.saver.clean and not self.saver.elsewhere:
                self._publish_to(connections, self.save_state)
        if self.company is not None:
            self.company.note_journalled(connections)
        if self._snapshots.due(self.seq):
            self.spawn(self._snapshots.take(self.capture), "snapshot")
        self._consider_end()

    def on_poisoned(self) -> None:
        """The owner repairs the document."""
        self._attention.set()

    def take_turn(self) -> None:
        """A turn of the room; a bug in it ends the room."""
        try:
            self._turns.turn()
        except Exception as error:
            self.fail(error)
        self._consider_end()

    def on_left(self, connection: Connection) -> None:
        """A connection is gone."""
        self.gate.forget(connection)
        self._parts.attendance.leave(connection.identity.user_id, self.document_id)

    def on_empty(self) -> None:
        """The last connection left: save soon, go later."""
        self._idle_since = self._clock.monotonic()
        if self.saver is not None:
            self.saver.hurry()

    def spawn(self, work: Coroutine[object, object, None], role: str) -> None:
        """Start a task that ends with the room."""
        if self._tasks is None:
            raise InternalError("the room does not run")
        self._tasks.create_task(work, name=f"room {self.document_id}: {role}")

    # -- the owner task --

    async def run(self) -> None:
        """Live until unloaded, stopped or failed; never raises."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                journal = tasks.create_task(self._turns.run_journal(), name=f"room {self.document_id}: journal")
                saver = tasks.create_task(self._run_saver(), name=f"room {self.document_id}: saver")
                await self._own()
                journal.cancel()
                saver.cancel()
        except* HistoryChanged:
            self._fail(HistoryChanged("another history was made for this document"))
        except* LeaseLost:
            self._fail(LeaseLost("another node merged meanwhile"))
        except* Exception as errors:
            _log.error("room_failed", document_id=self.document_id, exc_info=errors)
            self._fail(InternalError("room failed"))
        finally:
            if self.company is not None:
                await self.company.close()
            self._end()

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
            await self._wait(self._idle_due())
            if self._fault is not None:
                raise self._fault
            await self._turns.repair()
        await self._close()

    async def _wait(self, until: float | None) -> None:
        """Return when there may be something to do, or at `until`."""
        try:
            async with asyncio.timeout(None if until is None else max(0.0, until - self._clock.monotonic())):
                await self._attention.wait()
        except TimeoutError:
            pass
        self._attention.clear()

    def _consider_end(self) -> None:
        if self._stop_wanted or not len(self.connections):
            self._attention.set()

    # -- the end --

    def _idle_due(self) -> float | None:
        """When the room may be unloaded; None while it may not."""
        idle = self.state is State.ACTIVE and not len(self.connections) and self._quiet
        if not idle or self._idle_since is None:
            return None
        return self._idle_since + self._parts.room.idle_unload_s

    @property
    def _quiet(self) -> bool:
        """True when nothing is under way, and the storage has everything that it wants."""
        return (self.saver is None or self.saver.settled) and self._turns.quiet

    def _may_end(self) -> bool:
        """True when it was asked to stop, or nobody has been here for a while, or it is to move and all is still."""
        if self._stop_wanted:
            return self._turns.quiet and not (self.saver is not None and self.saver.busy)
        if self.outgrown and self.state is State.ACTIVE and self._quiet:
            return True
        due = self._idle_due()
        return due is not None and self._clock.monotonic() >= due

    async def _close(self) -> None:
        self._enter(State.CLOSING)
        self.connections.close(CloseCode.SERVICE_RESTART, "the room moves")
        self._turns.end()
        try:
            await self._snapshots.write(self._turns.document.diff(), self._turns.positions.seen)
            await self._parts.store.note_seen([self.document_id], self._clock.wall_ms())
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
        if self.state not in OVER:  # cancelled: the load was given up, or the server goes without grace
            self._enter(State.FAILED)
        self.connections.close(CloseCode.SERVICE_RESTART, "the room ended")
        for connection in self.connections:
            self.on_left(connection)
        self._turns.end()
        if self.saver is not None:
            self.saver.end()
        self.over.set()

    def _enter(self, state: State) -> None:
        """The only place where the state changes. Raises: InternalError (no such transition)."""
        if state not in TRANSITIONS[self.state]:
            raise InternalError(f"room {self.document_id}: {self.state} -> {state}")
        self.state = state
