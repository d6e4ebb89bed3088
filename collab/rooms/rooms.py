"""Owns which documents are live: one load and one room per document, whoever opens it and however often.

Knows roots by name, the doors of aliases, and the way from a path to a room. Knows no socket, no HTTP and no format.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TypeVar

import structlog

from collab.errors import (
    CloseCode,
    CollabError,
    FormatError,
    InternalError,
    LimitExceeded,
    NotFound,
    RoomElsewhere,
    StorageUnavailable,
)
from collab.formats.table import format_for, format_named
from collab.protocol.payloads import SaveState
from collab.protocol.roles import Identity, Role
from collab.rooms.connection import Access, Connection
from collab.rooms.entries import RESTARTING, TOO_SLOW, Entry, Found, Outgrown
from collab.rooms.entries import SERVER as SERVER
from collab.rooms.following import Following
from collab.rooms.keeping import CredentialKeeper
from collab.rooms.loading import load
from collab.rooms.notices import NoticeCode
from collab.rooms.opened import LiveDocument, OpenedDocument, describe_live, describe_opened, name_of
from collab.rooms.outside import GONE
from collab.rooms.parts import Parts
from collab.rooms.places import Places
from collab.rooms.roll import Roll
from collab.rooms.room import Room
from collab.rooms.scratch import SCRATCH, ScratchNames
from collab.rooms.stable import StableIds
from collab.rooms.storage_file import ROOT_DOOR, Root, StorageFile
from collab.rooms.store_watch import watch_store
from collab.store.base import Alias, DocumentId, DocumentRecord
from connectors.base import Credentials, EntryKind, Folders

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)

SWEEP_S = 1.0
"""How often rooms look at their silent, slow and expired connections."""


class Rooms:
    """All rooms of one process; an asynchronous context manager."""

    def __init__(self, parts: Parts, roots: Sequence[Root], shutdown_s: float) -> None:
        self._parts = parts
        self._places = Places(roots, parts.limits)
        self._shutdown_s = shutdown_s
        self._entries: dict[DocumentId, Entry] = {}
        self._live: dict[DocumentId, Room] = {}
        self._scratch = ScratchNames(parts.store, parts.limits, parts.clock)
        self.following = Following(parts, self._live)
        """What happens in the storages reaches the rooms by this."""
        self.roll = Roll(self._live)
        self._stable = StableIds(parts.store, lambda root, path: self._places.file(root, path, SERVER), self.following)
        self.outgrown = Outgrown(parts.limits.rooms)
        self.keeper = CredentialKeeper(parts)
        self._numbers = 0
        self._draining = False
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Rooms:
        await self._group.__aenter__()
        self._start(self._sweep(), "sweep rooms")
        self._start(self.keeper.revive(self.room_of), "revive rooms")
        self._start(watch_store(self._parts, self._live), "watch the store")
        for root in self._places.roots.values():
            if isinstance(root.connector, Folders) and root.connector.capabilities.watches:
                self._start(self.following.watch(root, root.connector), f"watch {root.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.drain()
        for task in tuple(self._tasks):
            task.cancel()
        await self._group.__aexit__(None, None, None)  # without the error: a task group would wrap it

    # -- open and join --

    async def open(self, root: str, path: str, credentials: Credentials) -> OpenedDocument:
        """Make the document of a file live. Raises: StorageError, FormatError, LimitExceeded, JournalError."""
        return await self.open_found(await self.find(root, path, credentials))

    async def find(self, root: str, path: str, credentials: Credentials) -> Found:
        """The document of a file, made known if it was not. Raises: StorageError, FormatError, JournalError."""
        self._check_open()
        file = self._places.file(root, path, credentials)
        size_bytes = 0
        writable = file.root.writable
        try:
            stat = await file.stat()
        except (NotFound, StorageUnavailable) as error:
            record = await self._known(Alias(f"{ROOT_DOOR}{root}", path))
            if record is None or record.history_id is None:
                raise error
        else:
            if stat.kind is not EntryKind.FILE:
                raise FormatError(f"{path} is a folder", public="This is a folder.")
            writable = writable and stat.writable
            size_bytes = stat.size_bytes
            file.path = stat.path
            alias, now_ms = Alias(f"{ROOT_DOOR}{root}", stat.path), self._parts.clock.wall_ms()
            record = await self._stable.resolve(alias, stat.stable_id, now_ms)
            if stat.name is not None and self._places.call(file, stat.name) != record.name:
                await self._parts.store.set_name(record.document_id, stat.name)
        return Found(record, file, writable, size_bytes)

    async def open_found(self, found: Found) -> OpenedDocument:
        """As `open`, of what was found already."""
        room, file = await self._room(found.record, found.file), found.file
        known = format_for(room.kind, file.format).kind == room.kind  # else a newer server made it: look, do not touch
        return describe_opened(room, file, writable=found.writable and known and not room.read_only)

    async def find_scratch(self, name: str, user_id: str = SERVER.user_id) -> DocumentRecord:
        """The document of a room without a file. Raises: LimitExceeded, JournalError."""
        self._check_open()
        await self._scratch.admit(name, user_id)
        return await self._parts.store.resolve(Alias(SCRATCH, name), self._parts.clock.wall_ms())

    async def open_scratch(self, name: str, user_id: str = SERVER.user_id) -> OpenedDocument:
        """Make a room without a file live. Raises: LimitExceeded, JournalError."""
        room = await self._room(await self.find_scratch(name, user_id), None)
        return describe_opened(room, None, writable=True, name=name)

    async def join(self, document_id: DocumentId, access: Access) -> Connection:
        """Let a client into a document's room, loading it if need be.

        Raises: NotFound, HistoryChanged, LimitExceeded, StorageError, FormatError, JournalError.
        """
        self._check_open()
        room = await self.room_of(document_id, access.credentials)
        if access.role.may_write:
            await self.keeper.keep(document_id, access.credentials)
        self._numbers += 1
        return room.join(self._numbers, access)

    # -- where it is live --

    def holds(self, document_id: DocumentId) -> bool:
        """Whether the document is live here, or is on its way."""
        entry = self._entries.get(document_id)
        if entry is None or not entry.loaded.done():
            return entry is not None
        room = self._live.get(document_id)
        return room is not None and room.joinable

    async def left(self, document_id: DocumentId) -> None:
        """Return when nothing of the document's last room runs here any more."""
        entry = self._entries.get(document_id)
        if entry is not None:
            await entry.gone.wait()

    # -- what is live --

    def total(self, count: Callable[[Room], int]) -> int:
        """A sum over all rooms in memory, for metrics."""
        return sum(count(room) for room in self._live.values())

    def live(self) -> list[LiveDocument]:
        """The documents that somebody has open, with the people (each once)."""
        return [describe_live(room) for room in self._live.values() if len(room.connections)]

    def connections(self, document_id: DocumentId) -> list[Connection]:
        """Who is connected to a document."""
        room = self._live.get(document_id)
        return [] if room is None else list(room.connections)

    async def save_now(self, document_id: DocumentId) -> SaveState:
        """Store the document at once; returns what the storage has then. Raises: as `join`."""
        room = await self.room_of(document_id, SERVER)
        return room.save_state if room.saver is None else await room.saver.save_now()

    async def restore(self, document_id: DocumentId) -> SaveState:
        """Write the file of a document again although it was deleted. Raises: as `join`."""
        room = await self.room_of(document_id, SERVER)
        if room.saver is None:
            return room.save_state
        room.saver.restore()
        return await room.saver.save_now()

    def renamed(self, document_id: DocumentId, name: str) -> None:
        """The storage calls a file by another name now."""
        room = self._live.get(document_id)
        if room is not None and room.saver is not None:
            room.saver.file.name = name
            room.notice(NoticeCode.RENAMED, {"path": name})

    async def undo_outside(self, document_id: DocumentId, seq: int, person: Identity) -> None:
        """Take an outside change of a live document back. Raises: as `OutsideChanges.undo`; NotFound (not live)."""
        room = self._live.get(document_id)
        if room is None:
            raise NotFound("not live", public=GONE)
        await room.undo_outside(seq, person)

    async def content_now(self, document_id: DocumentId, *, converted: bool = False) -> bytes:
        """The live content as the file would be, stored or not; `converted`: not in the file's own manner."""
        room = await self.room_of(document_id, SERVER)
        if room.saver is None or converted:
            return await room.look((format_named("text") if room.saver is None else room.saver.file.format).rescue)
        return await room.saver.content_now(room.look)

    # -- histories --

    async def file_of(self, document_id: DocumentId, credentials: Credentials) -> StorageFile | None:
        """The file behind a document, None for a room without one. Raises: NotFound, FormatError."""
        return self._places.file_of(await self._record(document_id), credentials)

    async def without_room(self, document_id: DocumentId, work: Callable[[], Awaitable[_Result]]) -> _Result | None:
        """Run `work` while the document has no room here; who wants to join waits. None when somebody has it open."""
        room, entry = self._live.get(document_id), self._entries.get(document_id)
        if room is not None and entry is not None and not len(room.connections):
            await room.stop()
            await entry.gone.wait()
        if document_id in self._entries or self._draining:
            return None
        held = self._entries[document_id] = Entry()
        try:
            self._parts.claims.claim(document_id)
            try:
                return await work()
            finally:
                self._parts.claims.release(document_id)
        except RoomElsewhere:
            return None
        finally:
            del self._entries[document_id]
            held.gone.set()
            held.loaded.set_result(None)

    @property
    def connected(self) -> list[DocumentId]:
        """The documents that somebody is connected to."""
        return [document_id for document_id, room in self._live.items() if len(room.connections)]

    # -- rights --

    def revoke(self, whose: Callable[[Access], bool], reason: str = "revoked") -> int:
        """Close the connections of those whose right is gone (4403); returns how many."""
        found = [connection for connection in self._connections() if whose(connection.access)]
        for connection in found:
            connection.close(CloseCode.FORBIDDEN, reason)
        return len(found)

    def change_role(
        self,
        whose: Callable[[Access], bool],
        role: Role,
        document_id: DocumentId | None = None,
        details: Mapping[str, object] | None = None,
    ) -> int:
        """Judge these connections, of one document or of all, by another role from now on; returns how many.

        `details` go to them with the notice, and to nobody else.
        """
        rooms = [room for room in self._live.values() if document_id in (None, room.document_id)]
        return sum(room.change_role(whose, role, details or {}) for room in rooms)

    # -- the end --

    async def drain(self) -> None:
        """Take nobody in any more, store everything, tell the clients to come back (1012), all in `shutdown_s`."""
        self._draining = True
        try:
            async with asyncio.timeout(self._shutdown_s), asyncio.TaskGroup() as stopping:
                for room in tuple(self._live.values()):
                    stopping.create_task(room.stop(), name=f"stop {room.document_id}")
        except TimeoutError:
            _log.warning("drain_timeout", rooms=len(self._live))

    # -- one room per document --

    async def room_of(self, document_id: DocumentId, credentials: Credentials) -> Room:
        """The room of a document, loaded if need be. Raises: as `join`."""
        live = self._live.get(document_id)
        if live is not None and live.joinable:
            return live
        record = await self._record(document_id)
        return await self._room(record, self._places.file_of(record, credentials))

    async def _record(self, document_id: DocumentId) -> DocumentRecord:
        record = await self._parts.store.document(document_id)
        if record is None:
            raise NotFound(f"no document {document_id}")
        return record

    async def _room(self, record: DocumentRecord, file: StorageFile | None) -> Room:
        """The joinable room of a document. One load for all who ask; a load waits for the end of the room before."""
        while True:
            entry = self._entries.get(record.document_id) or self._begin(record, file)
            room = await asyncio.shield(entry.loaded)
            if room is None:
                continue
            if room.joinable:
                return room
            self._check_open()
            await entry.gone.wait()

    def _begin(self, record: DocumentRecord, file: StorageFile | None) -> Entry:
        if len(self._entries) >= self._parts.limits.rooms:
            raise LimitExceeded("rooms")
        entry = self._entries[record.document_id] = Entry()
        self._start(self._host(record, file, entry), f"room {record.document_id}")
        return entry

    async def _host(self, record: DocumentRecord, file: StorageFile | None, entry: Entry) -> None:
        """The whole life of one room. What goes wrong here is told to those who wait, and is not remembered."""
        claims = self._parts.claims
        try:
            claims.claim(record.document_id)
            try:
                room = await self._loaded(record, file)
                self._live[record.document_id] = room
                entry.loaded.set_result(room)
                self._parts.events.tell(record.document_id, "opened", name_of(room))
                await room.over.wait()
                self._parts.events.tell(record.document_id, "closed", name_of(room))
                self.outgrown.note(room)
                await self.keeper.note_end(room)
            finally:
                claims.release(record.document_id)
        except CollabError as error:
            _log.warning("load_failed", document_id=record.document_id, code=error.code, reason=str(error))
            entry.loaded.set_exception(error)
        except Exception:
            _log.exception("load_bug", document_id=record.document_id)
            self._parts.metrics.count("room_bugs_total")
            entry.loaded.set_exception(InternalError("load"))
        finally:
            if not entry.loaded.done():
                entry.loaded.set_exception(StorageUnavailable("shutting down", public=RESTARTING))
            del self._entries[record.document_id]
            self._live.pop(record.document_id, None)
            entry.gone.set()

    async def _loaded(self, record: DocumentRecord, file: StorageFile | None) -> Room:
        """A room that people may join: its document is replayed, and history and storage agree."""
        limit_s = self._parts.limits.load_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                await self.keeper.offer_kept(record.document_id, file)
                room = Room(self._parts, await load(self._parts, record, file))
        except TimeoutError:
            raise StorageUnavailable(f"not loaded in {limit_s:g} s", public=TOO_SLOW) from None
        self._parts.metrics.count("rooms_loaded_total")
        running = self._start(room.run(), f"room {record.document_id}: owner")
        try:
            if room.company is not None:
                await room.company.open()
            if room.saver is not None:
                await room.saver.load(limit_s, self._parts.limits.save_timeout_s)
            room.activate()
        except BaseException:
            running.cancel()
            await room.over.wait()
            raise
        return room

    def _start(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- roots and names --

    async def _known(self, alias: Alias) -> DocumentRecord | None:
        return next((one for one in await self._parts.store.documents(alias.door) if one.alias == alias), None)

    def _connections(self) -> Iterator[Connection]:
        for room in tuple(self._live.values()):
            yield from room.connections

    def _check_open(self) -> None:
        if self._draining:
            error = StorageUnavailable("draining", public=RESTARTING)
            error.close_code = CloseCode.SERVICE_RESTART
            raise error

    async def _sweep(self) -> None:
        """Let time pass for the connections of all rooms."""
        while True:
            await asyncio.sleep(SWEEP_S)
            for room in tuple(self._live.values()):
                room.sweep()
