"""Owns when and how one document is written to its file, and what is told about it; knows no connection and no socket.

One storage operation at a time. Saves write journalled state only; an intent is recorded before and closed after the
write. Whatever ends a write, the next attempt first looks what the storage holds. While there is something to write it
is tried for ever, at growing distances, and the content stays in the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import structlog

from collab.document import Document
from collab.errors import (
    CollabError,
    CredentialsMissing,
    FormatError,
    InternalError,
    JournalError,
    LeaseLost,
    LockConflict,
    NotFound,
    StorageError,
    VersionConflict,
)
from collab.protocol.payloads import SaveState, StorageState
from collab.rooms.absorb import Absorber, Absorption
from collab.rooms.book import SaveBook
from collab.rooms.encoding import captured_file
from collab.rooms.file_state import FileState
from collab.rooms.lock_keeper import LockKeeper
from collab.rooms.merge import Found, Reconciler
from collab.rooms.notices import EMPTIED, NoticeCode
from collab.rooms.parts import Parts
from collab.rooms.requests import Captured
from collab.rooms.saving_right import Held, SavingRight
from collab.rooms.saving_room import Others, SavingRoom
from collab.rooms.signal import Signal
from collab.rooms.spread import Spread
from collab.rooms.storage_file import StorageFile
from collab.rooms.timing import RACES_IN_A_ROW, Timing, earliest
from collab.store.base import hash_content
from connectors.base import Version

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


class Saver:
    """The saver of one document; its task is the only one that talks to the file once the document is loaded."""

    def __init__(self, parts: Parts, room: SavingRoom, file: StorageFile, book: SaveBook, locks: LockKeeper) -> None:
        self._right = SavingRight(parts.store, parts.clock, book.document_id, parts.saver, parts.save.lease_s)
        self.file = file
        self.deleted = False
        """The file is gone: nothing is written until it is back or a person restores it."""
        self.others: Others | None = None
        self.state = SaveState(StorageState.STORED)
        self._parts = parts
        self._clock = parts.clock
        self._events = parts.events
        self._room = room
        self._book = book
        self._locks = locks
        self._file_state = FileState(room, book, file.author_id)
        self._reconciler = Reconciler(room, file, book, parts)
        self._absorber = Absorber(parts, book.document_id, book, self._reconciler)
        timing = replace(parts.save, poll_s=file.capabilities.poll_s or parts.save.poll_s)
        spread = Spread(book.document_id)
        self._timing = Timing(timing, parts.clock.monotonic(), spread, polls=not file.capabilities.watches)
        self.stranded = False  # nobody's right is known by which the storage could be asked
        self._wake = Signal()
        self._asked: list[asyncio.Future[SaveState]] = []
        self._busy = False
        self._restoring = False

    # -- for the room and for Rooms --

    @property
    def clean(self) -> bool:
        """True when the storage has all that is journalled."""
        return self._book.covered_seq >= self._room.seq and not self._book.doubtful

    @property
    def elsewhere(self) -> bool:
        """True while another node stores the document."""
        return self._right.elsewhere

    @property
    def covered_seq(self) -> int:
        """The journal position that the storage has."""
        return self._book.covered_seq

    @property
    def settled(self) -> bool:
        """True when the room may go: the storage has everything, or wants nothing of it, or gets it from elsewhere."""
        return not self.busy and (self.clean or self.deleted or self.elsewhere or self.stranded)

    @property
    def busy(self) -> bool:
        """True while the storage is asked something, or somebody waits for a save."""
        return self._busy or bool(self._asked) or self._absorber.asked

    def note_journalled(self) -> None:
        """Something was journalled."""
        if self.elsewhere or self._book.covered_seq >= self._room.seq - self._file_state.telling:
            return
        self._timing.edited(self._clock.monotonic())
        if self.state.state is StorageState.STORED:
            self._publish(StorageState.PENDING)
        self._wake.set()

    def hurry(self) -> None:
        """Save what there is to save now: the last one left."""
        self._timing.hurry()
        self._wake.set()

    def right_may_be_free(self) -> None:
        """Another node is gone: maybe it was the one that stores the document."""
        if self.elsewhere:
            self._right.ask_soon()
            self._wake.set()

    def check(self) -> None:
        """Look at the storage soon: something is said to have happened there."""
        self._timing.check(self._clock.monotonic())
        self._wake.set()

    def restore(self) -> None:
        """Write the file again although it was deleted: a person wants it back."""
        self._restoring = True
        self.hurry()

    def want_lock(self) -> None:
        """Somebody who may write is here."""
        self._locks.want()
        self._wake.set()

    async def save_now(self) -> SaveState:
        """Try to save at once; returns what the storage has then."""
        asked: asyncio.Future[SaveState] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self._wake.set()
        return await asked

    async def absorb(self) -> Absorption:
        """Merge what clients of retired histories handed over. Raises: CollabError."""
        answer = self._absorber.ask()
        self._wake.set()
        return await answer

    async def load(self, storage_s: float, limit_s: float) -> None:
        """Make history and storage agree before anybody joins.

        A storage that refuses or takes longer than `storage_s` does not keep anybody out: the journal has the document.
        Raises: JournalError (also: what was merged is not journalled after `limit_s`; the room is not to be used then),
        DocumentPoisoned, InternalError.
        """
        try:
            async with asyncio.timeout(limit_s):
                await self._agree(storage_s)
        except TimeoutError:
            raise JournalError(f"what was merged is not journalled in {limit_s:g} s") from None

    async def _agree(self, storage_s: float) -> None:
        if await self._right.have(self._book, self._locks, self.others) is Held.ELSEWHERE:
            return
        try:
            await self._look(storage_s)
        except (StorageError, FormatError) as error:
            self._failed(error)
        else:
            self._publish(StorageState.STORED if self.clean else StorageState.PENDING)
        await self._absorber.absorb()
        await self._tell_file_state()

    async def content_now(self, look: Callable[[Callable[[Document], bytes]], Awaitable[bytes]]) -> bytes:
        """The live content as the file would be. Raises: JournalError, InternalError."""
        base_content = await self._book.base_content() or b""
        if self.file.format.sandboxed:
            return await self._parts.sandbox.encode(self.file.format.name, await look(Document.diff), base_content)
        return await look(lambda document: self.file.encoded(document, base_content))

    async def release(self) -> None:
        """Give the storage's lock back, and let another node store."""
        await self._right.give_back(self._locks, self.others)

    def end(self) -> None:
        """The room is over: answer who waits."""
        for asked in self._take_asked():
            asked.set_result(self.state)
        self._absorber.end()

    async def run(self) -> None:
        """Save, check and refresh when it is time, for ever."""
        while True:
            await self._wait()
            self._busy = True
            asked = self._take_asked()
            try:
                await self._absorber.serve(self._may_save)
                await self._attempt(forced=bool(asked))
            finally:
                self._busy = False
                for future in asked:
                    if not future.done():
                        future.set_result(self.state)
                self._room.wake()

    def note_bug(self, error: CollabError) -> None:
        """The task died of our own bug: told as a failure, tried again later."""
        self._room.set_saving(False)
        self._failed(error)

    async def _wait(self) -> None:
        while not self._asked and not self._absorber.asked:
            due = self._next()
            delay_s = None if due is None else due - self._clock.monotonic()
            if delay_s is not None and delay_s <= 0:
                return
            self._wake.clear()
            try:
                async with asyncio.timeout(delay_s):
                    await self._wake.wait()
            except TimeoutError:
                return

    def _next(self) -> float | None:
        """When there is something to do."""
        if self.elsewhere:
            return self._right.due
        return earliest(self._timing.due(dirty=self._dirty, lock_due=self._locks.refresh_due), self._right.due)

    @property
    def _dirty(self) -> bool:
        return self._restoring or (not self.deleted and not self.clean)

    async def _attempt(self, *, forced: bool) -> None:
        now = self._clock.monotonic()
        try:
            if not await self._may_save():
                if forced and self.others is not None:
                    self.state = await self.others.ask_to_save()
                return
            if self.stranded and self.file.refill is not None:
                await self.file.refill()
            if self._locks.refresh_due is not None and now >= self._locks.refresh_due:
                await self._locks.refresh()
            if forced:
                await self._room.capture(lambda document: None)  # what came before is journalled then
            if self._must_look(now):
                await self._look()
            if self._dirty and (forced or self._timing.save_due(now)):
                await self._save()
        except LeaseLost:
            self._right.lost()
            self._wake.set()
        except CollabError as error:
            self._failed(error)
        else:
            self._succeeded()
            await self._tell_file_state()

    async def _tell_file_state(self) -> None:
        await self._file_state.tell(self.clean)
        if not self.clean:
            self.note_journalled()

    async def _may_save(self) -> bool:
        """Have or keep the right to store. Raises: JournalError."""
        held = await self._right.have(self._book, self._locks, self.others)
        if held is Held.FRESH:
            self._timing.check(self._clock.monotonic())
            if not self.clean:
                self._timing.edited(self._clock.monotonic())
        return held is not Held.ELSEWHERE

    def _must_look(self, now: float) -> bool:
        """After a failure nothing is known of the storage: look before anything else."""
        unsure = self.state.state is StorageState.REFUSED or self._book.doubtful
        return not self._restoring and (unsure or self._timing.check_due(now))

    async def _look(self, limit_s: float | None = None) -> Found:
        """Take over what the storage holds. Raises: StorageError, FormatError, JournalError, DocumentPoisoned."""
        self._timing.checked(self._clock.monotonic())
        found = await self._reconciler.reconcile(limit_s)
        self._note_present()
        if found is Found.SUSPECT:
            self._timing.check(self._clock.monotonic())
        return found

    def _note_present(self) -> None:
        self._restoring = False
        if self.deleted:
            self.deleted = False
            self._room.notice(NoticeCode.RESTORED)

    async def _save(self) -> None:
        for _ in range(RACES_IN_A_ROW):
            try:
                return await self._write_captured()
            except VersionConflict:
                self._parts.metrics.count("save_conflicts_total")
                if await self._look() is Found.SUSPECT:
                    raise
        raise VersionConflict("lost too many races in a row")

    async def _write_captured(self) -> None:
        """Raises: any CollabError; VersionConflict: look at the storage and try again."""
        base = self._book.base
        base_content = await self._book.base_content() or b""
        captured = await captured_file(self._room, self.file.format, base_content, self._parts)
        settled = base is not None and not self._restoring and not self._book.doubtful
        if base is not None and settled and hash_content(captured.result) == base.content_hash:
            await self._book.note_covered(captured)
            return self._stored(captured.covers)
        await self._refuse_emptying(captured.result, base_content)
        self._publish(StorageState.SAVING)
        self._room.set_saving(True)
        try:
            await self._write(captured)
        finally:
            self._room.set_saving(False)

    async def _write(self, captured: Captured[bytes]) -> None:
        if_version = None if self._restoring or self._book.base is None else Version(self._book.base.version)
        if not self._restoring:
            await self._locks.acquire()
        intent = await self._book.begin(captured, if_version)
        began = self._clock.monotonic()
        try:
            result = await self._right.during(self.file.write(captured.result, if_version))
            self._parts.metrics.observe("save_seconds", self._clock.monotonic() - began)
        except LockConflict:
            self._locks.lost()
            raise
        if result.displaced is not None:
            saved = self._book.base_saved(intent, result.version)
            await self._reconciler.merge_storage(result.displaced, saved)
        await self._book.finish(intent, result.version)
        self._events.tell(self._book.document_id, "saved", self.file.shown_path)
        self._note_present()
        self._stored(captured.covers)

    async def _refuse_emptying(self, content: bytes, base_content: bytes) -> None:
        """An empty file replaces content only when a person deleted that content."""
        is_blank = self.file.format.is_blank
        if is_blank(content) and not is_blank(base_content) and not await self._room.person_deleted():
            raise InternalError("refused to empty the file", public=EMPTIED)

    # -- what is told --

    def _stored(self, covers: Mapping[int, int]) -> None:
        self._timing.saved(self._clock.monotonic(), dirty=self._dirty)
        self._publish(StorageState.STORED if self.clean else StorageState.PENDING, covers)

    def _succeeded(self) -> None:
        self._timing.succeeded()
        self.stranded = False
        if self._locks.held:
            self._room.gate.open()
        if self.state.state is StorageState.REFUSED or (self.clean and self.state.state is not StorageState.STORED):
            self._publish(StorageState.STORED if self.clean else StorageState.PENDING)

    def _failed(self, error: CollabError) -> None:
        self._timing.failed(self._clock.monotonic(), until_edited=isinstance(error, FormatError))
        self._parts.metrics.count("save_failures_total")
        self.stranded = isinstance(error, CredentialsMissing)
        if isinstance(error, LockConflict) and self._locks.wanted:
            self._room.gate.close(error.public)
        _log.warning("save_failed", path=self.file.path, code=error.code, reason=str(error))
        if isinstance(error, NotFound) and not self.deleted:
            self.deleted = True
            self._room.notice(NoticeCode.DELETED)
        self.state = replace(self.state, state=StorageState.REFUSED, code=error.code, reason=error.public)
        self._room.publish(self.state)

    def _publish(self, state: StorageState, covers: Mapping[int, int] | None = None) -> None:
        base = self._book.base
        stored_at, version = (None, None) if base is None else (base.at_ms, base.version)
        self.state = SaveState(state, 0, stored_at, version)
        self._room.publish(self.state, covers)

    def _take_asked(self) -> list[asyncio.Future[SaveState]]:
        asked, self._asked = self._asked, []
        return [future for future in asked if not future.done()]
