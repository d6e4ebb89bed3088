"""Owns what it means for a room that other nodes have the same document: who tells whom of saves and changes outside.

Knows no Redis and no socket. One node stores the document; it speaks for all about the storage, and the others show
its word with the counts of their own connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Protocol

import structlog

from collab.errors import (
    CollabError,
    HistoryChanged,
    MalformedMessage,
    NotFound,
    StorageUnavailable,
    VersionConflict,
)
from collab.fanout.base import Fanout, NodeId, Said
from collab.protocol.payloads import Fields, SaveState, StorageState
from collab.protocol.roles import Identity
from collab.rooms.audience import Audience
from collab.rooms.connection import Connection
from collab.rooms.covering import Covering
from collab.rooms.notices import NoticeCode
from collab.rooms.parts import Parts
from collab.rooms.saver import Saver
from collab.rooms.signal import Signal
from collab.rooms.turns import Turns
from collab.store.base import DocumentId, HistoryId, Position

_log = structlog.get_logger(__name__)

SAVE_STATE, NOTICE, SAVE_WANTED = "save_state", "notice", "save"
UNDO_WANTED, UNDO_ANSWERED = "undo", "undone"
UNDO_ERRORS: Mapping[str, type[CollabError]] = {error.code: error for error in (NotFound, VersionConflict)}
SHARED_NOTICES = frozenset(
    {
        NoticeCode.OUTSIDE_CHANGE,
        NoticeCode.OUTSIDE_UNDONE,
        NoticeCode.CONFLICT,
        NoticeCode.DELETED,
        NoticeCode.RESTORED,
    }
)
"""What the node that stores a document tells the people of all nodes."""
ANSWER_S = 10.0
"""So long an answer of the node that stores the document is waited for."""


class CompanyRoom(Protocol):
    """What is needed of the room."""

    document_id: DocumentId
    history_id: HistoryId
    saver: Saver | None
    save_state: SaveState
    connections: Audience

    async def undo_outside(self, seq: int, person: Identity) -> None:
        """Take an outside change back. Raises: as `OutsideChanges.undo`."""
        ...

    def show(self, state: SaveState, covers: Mapping[int, int]) -> None:
        """Tell our clients what the storage has."""
        ...

    def spawn(self, work: Coroutine[object, object, None], role: str) -> None: ...

    def fail(self, error: Exception) -> None:
        """The room is over."""
        ...


class Company:
    """The other nodes' rooms, as one room deals with them."""

    def __init__(
        self, fanout: Fanout, room: CompanyRoom, turns: Turns, document_id: DocumentId, history_id: HistoryId
    ) -> None:
        self._fanout = fanout
        self._room = room
        self._turns = turns
        self._document_id = document_id
        self._history_id = history_id
        self._fellows = turns.meet(fanout, self)
        self._covering = Covering()
        self._theirs = SaveState(StorageState.PENDING)
        self._undone: dict[int, tuple[str, str]] = {}
        self._reading = False
        self._news = Signal()

    @property
    def present(self) -> bool:
        """Whether other nodes have the document live."""
        return self._fellows.present

    @property
    def reach(self) -> bool:
        """Whether other nodes can be heard."""
        return self._fanout.available

    @classmethod
    def of(cls, parts: Parts, room: CompanyRoom, turns: Turns) -> Company | None:
        """The company of a room; None where there are no other nodes."""
        if parts.fanout is None:
            return None
        company = cls(parts.fanout, room, turns, room.document_id, room.history_id)
        if room.saver is not None:
            room.saver.others = company
        return company

    # -- for the room --

    async def open(self) -> None:
        """Get what the others have before anybody joins here. Raises: HistoryChanged, JournalError."""
        await self._fellows.open(self._document_id, self._history_id, self._turns.post_heard)
        await self._turns.store_side.run()

    async def close(self) -> None:
        """The room is gone."""
        await self._fellows.close()

    async def read_all(self) -> None:
        """Have everything that is journalled. Raises: JournalError, HistoryChanged."""
        await self._turns.store_side.run()

    async def catch_up(self) -> None:
        """Have everything that is known to be journalled. Raises: JournalError, HistoryChanged."""
        positions = self._turns.positions
        if positions.known > positions.seen:
            await self._turns.store_side.run()

    def note_position(self, position: Position | None, *, hurry: bool) -> None:
        """The journal stands there, the store says; None: the document was purged."""
        if position is None or position.history_id != self._history_id:
            self._room.fail(HistoryChanged(f"{self._document_id} has another history now"))
        elif self._turns.store_side.is_behind(position.seq, hurry=hurry):
            self._turns.positions.heard_of(position.seq)
            self.on_behind()

    def say_state(self, state: SaveState, covered_seq: int) -> None:
        """We have stored, or could not: tell the others."""
        self._say(SAVE_STATE, {**state.to_json(), "seq": covered_seq})

    def say_notice(self, code: NoticeCode, details: Mapping[str, object]) -> None:
        """Tell the people of other nodes, where it is theirs, too."""
        if code in SHARED_NOTICES:
            self._say(NOTICE, {"notice": code.value, "details": dict(details)})

    def note_journalled(self, connections: Sequence[Connection]) -> None:
        """Messages of these connections were journalled here."""
        if self._is_saver:
            return
        counts = {connection.number: connection.ledger.acknowledged for connection in connections}
        self._covering.note(self._turns.positions.own, counts)
        if not self._covering.complete and self._room.save_state.state is StorageState.STORED:
            self._show({})

    async def ask_to_save(self) -> SaveState:
        """Have the node that stores the document do it now; returns what is known then. Raises: JournalError."""
        await self.catch_up()
        wanted = self._turns.positions.known
        self._say(SAVE_WANTED, {})
        await self._wait(lambda: self._covering.stored_seq >= wanted)
        return self._room.save_state

    async def undo(self, seq: int, person: Identity) -> bool:
        """Have the node that stores the document take an outside change back. False: that is this one.

        Raises: NotFound (too long ago), VersionConflict (done already), StorageUnavailable (no answer).
        """
        if self._is_saver:
            return False
        self._undone.pop(seq, None)
        self._say(UNDO_WANTED, {"seq": seq, "person": person.to_json()})
        if not await self._wait(lambda: seq in self._undone):
            raise StorageUnavailable("no answer of the storing node")
        code, public = self._undone.pop(seq)
        if code:
            raise UNDO_ERRORS.get(code, StorageUnavailable)(code, public=public)
        return True

    async def _wait(self, holds: Callable[[], bool]) -> bool:
        try:
            async with asyncio.timeout(ANSWER_S):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    # -- for the fellows --

    def on_reach(self, there: bool) -> None:
        self._room.connections.notice(NoticeCode.NODES_TOGETHER if there else NoticeCode.NODES_APART)
        self.on_behind()

    def on_theirs_journalled(self) -> None:
        if self._room.saver is not None:
            self._room.saver.note_journalled()

    def on_parted(self, node: NodeId) -> None:
        if self._room.saver is not None:
            self._room.saver.right_may_be_free()

    def on_behind(self) -> None:
        if not self._reading:
            self._reading = True
            self._room.spawn(self._read_store(), "read what others journalled")

    def on_said(self, sender: NodeId, subject: str, fields: Mapping[str, object]) -> None:
        try:
            if subject == SAVE_STATE:
                self._take_state(fields)
            elif subject == NOTICE:
                self._take_notice(Fields(dict(fields)))
            elif subject == UNDO_WANTED and self._is_saver:
                self._room.spawn(self._undo(Fields(dict(fields))), "undo for another node")
            elif subject == UNDO_ANSWERED:
                answer = Fields(dict(fields))
                self._undone[answer.number("seq")] = (answer.text("code"), answer.text("public"))
                self._news.set()
            elif subject == SAVE_WANTED and self._is_saver and self._room.saver is not None:
                self._room.spawn(self._save(self._room.saver), "save for another node")
        except (MalformedMessage, ValueError) as error:
            _log.warning("node_said_nonsense", node=str(sender), subject=subject, reason=str(error))

    def greeting(self) -> Sequence[Said]:
        saver = self._room.saver
        if saver is None or saver.elsewhere:
            return []
        return [Said(SAVE_STATE, {**saver.state.to_json(), "seq": saver.covered_seq})]

    # -- inside --

    @property
    def _is_saver(self) -> bool:
        return self._room.saver is None or not self._room.saver.elsewhere

    def _say(self, subject: str, fields: Mapping[str, object]) -> None:
        self._fellows.say(subject, fields)
        self._turns.schedule()

    async def _read_store(self) -> None:
        try:
            await self._turns.store_side.run()
        except HistoryChanged as error:
            self._room.fail(error)
        except CollabError as error:
            _log.info("store_not_read", document_id=self._document_id, code=error.code)
        finally:
            self._reading = False
        self.on_theirs_journalled()

    async def _save(self, saver: Saver) -> None:
        state = await saver.save_now()
        self.say_state(state, saver.covered_seq)

    async def _undo(self, fields: Fields) -> None:
        seq, who = fields.number("seq"), Fields(fields.object("person"))
        person = Identity(who.text("id"), who.text("name"), who.text("color"), who.text("color_dark"))
        code = public = ""
        try:
            await self._room.undo_outside(seq, person)
        except CollabError as error:
            code, public = error.code, error.public
        self._say(UNDO_ANSWERED, {"seq": seq, "code": code, "public": public})

    def _take_state(self, fields: Mapping[str, object]) -> None:
        if self._is_saver:
            return
        self._theirs = SaveState.from_json(dict(fields))
        self._show(self._covering.stored(Fields(dict(fields)).number("seq")))
        self._news.set()

    def _show(self, covers: Mapping[int, int]) -> None:
        state = self._theirs
        if state.state is StorageState.STORED and not self._covering.complete:
            state = SaveState(StorageState.PENDING, 0, state.stored_at_ms, state.version)
        self._room.show(state, covers)

    def _take_notice(self, fields: Fields) -> None:
        code, details = NoticeCode(fields.text("notice")), fields.object("details")
        if code in SHARED_NOTICES:
            self._room.connections.notice(code, details)
