"""Owns what a worker answers to the others: each question goes to the rooms here, or on to where large documents are.

Knows no frame and no socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from collab.node.asking import NodeAsking
from collab.node.calls import (
    Absorbed,
    AskReady,
    AskToEdit,
    Call,
    Changed,
    ContentNow,
    Denied,
    Drain,
    Families,
    Family,
    GiveRole,
    HandOverEdits,
    Live,
    LiveDocuments,
    Measure,
    Moved,
    NameNow,
    Open,
    OpenScratch,
    Ready,
    Rebase,
    Renamed,
    Restore,
    Revoked,
    SaveNow,
    Taken,
    TakeRequest,
    Told,
    UndoOutside,
)
from collab.node.operator import NodeOperator
from collab.node.operator_calls import Kick, ListConnections, ListRooms, Unload
from collab.node.past import NodePast
from collab.node.plain import to_plain
from collab.node.rooms import NodeRooms
from collab.rooms.absorb import Absorption


@dataclass(frozen=True, slots=True)
class Attendant:
    """Answers for one worker; what is not of rooms is done by those who can."""

    rooms: NodeRooms
    past: NodePast
    asking: NodeAsking
    operator: NodeOperator
    measure: Callable[[], Sequence[Family]]
    ready: Callable[[], Awaitable[Ready]]
    revoked: Callable[[str], Awaitable[None]]
    drain: Callable[[], Awaitable[None]]

    async def answer(self, call: Call, payload: bytes) -> tuple[object, bytes]:
        """The answer as JSON knows it, and its payload. Raises: CollabError."""
        if isinstance(call, ContentNow):
            return None, await self.rooms.content_now(call.document_id, converted=call.converted)
        if isinstance(call, HandOverEdits):
            return to_plain(Absorbed(await self._take(call, payload))), b""
        return to_plain(await self._value(call)), b""

    async def _take(self, call: HandOverEdits, update: bytes) -> Absorption | None:
        return await self.past.hand_over(call.document_id, call.history_id, update, call.author, call.credentials)

    async def _value(self, call: Call) -> object:
        match call:
            case Open():
                return await self.rooms.open(call.root, call.path, call.credentials)
            case OpenScratch():
                return await self.rooms.open_scratch(call.name, call.user_id)
            case SaveNow():
                return await self.rooms.save_now(call.document_id)
            case Restore():
                return await self.rooms.restore(call.document_id)
            case UndoOutside():
                await self.rooms.undo_outside(call.document_id, call.seq, call.person)
                return None
            case Renamed():
                await self.rooms.renamed(call.document_id, call.name)
                return None
            case NameNow():
                return await self.past.name_now(call.document_id, call.text, call.author)
            case Rebase():
                return await self.past.rebase(call.document_id)
            case AskToEdit() | TakeRequest() | GiveRole() | Denied():
                return await self._of_asking(call)
            case ListRooms() | ListConnections() | Kick() | Unload():
                return await self.operator.answer(call)
            case _:
                return await self._of_this_worker(call)

    async def _of_asking(self, call: AskToEdit | TakeRequest | GiveRole | Denied) -> object:
        match call:
            case AskToEdit():
                return Told(await self.asking.ask(call.document_id, call.person, call.right))
            case TakeRequest():
                return Taken(await self.asking.take(call.document_id, call.request_id))
            case GiveRole():
                await self.asking.give(call.document_id, call.user_id, call.role, call.details)
            case Denied():
                await self.asking.deny(call.document_id, call.user_id)
        return None

    async def _of_this_worker(self, call: Call) -> object:
        local = self.rooms.local
        match call:
            case Live():
                return LiveDocuments(tuple(local.live()))
            case Moved():
                await local.following.moved(call.root, call.old_path, call.new_path)
            case Changed():
                local.following.changed(call.root, call.path)
            case Revoked():
                await self.revoked(call.subject)
            case Drain():
                await self.drain()
            case AskReady():
                return await self.ready()
            case Measure():
                return Families(tuple(self.measure()))
        return None
