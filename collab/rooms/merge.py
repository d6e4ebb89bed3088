"""Owns what happens when the storage holds something else than we last saw there: adopt, note, or merge.

The storage is a peer: what was changed there is merged into the live document as an edit of `storage:ROOT`, and in the
same commit becomes the ancestor of later merges. Knows no connection and no timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Protocol, TypeVar

from collab.document import Document
from collab.errors import FormatError, StorageUnavailable
from collab.formats.base import Merged
from collab.formats.text import TextFormat, noted_charset
from collab.formats.text_merge import Plan, apply_plan
from collab.rooms.book import SaveBook
from collab.rooms.notices import NoticeCode
from collab.rooms.outside import OutsideChange
from collab.rooms.parts import Parts
from collab.rooms.requests import Changed, Settled
from collab.rooms.storage_file import StorageFile
from collab.store.base import Note, SaveBase
from connectors.base import Content

_Result = TypeVar("_Result")

PLANNED_ATTEMPTS = 4
"""So often a merge is planned elsewhere before it is done at once, which holds up everybody for a moment."""


class Found(Enum):
    """What the storage turned out to hold."""

    UNCHANGED = auto()
    ADOPTED = auto()
    MERGED = auto()
    TORN = auto()
    """The beginning of a write of ours that broke off: nobody's bytes, to be written over."""
    SUSPECT = auto()
    """Empty where there was text: maybe somebody is writing just now. Believed when it stays so for `debounce_s`."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose edits are merged."""

    author_id: str
    author_name: str


class MergingRoom(Protocol):
    """What a merge needs of the room."""

    async def look(self, look: Callable[[Document], _Result]) -> _Result:
        """Ask the document something. Raises: what `look` raises, InternalError (the room ended)."""
        ...

    async def change(
        self,
        change: Callable[[Document], _Result],
        author_id: str,
        author_name: str,
        note: Settled | None = None,
    ) -> Changed[_Result]:
        """Edit as the server; returns when it is journalled, in one commit with the note.

        Raises: FormatError, JournalError, DocumentPoisoned.
        """
        ...

    def note_outside(self, change: OutsideChange) -> None:
        """The storage changed the document."""
        ...

    def notice(self, code: NoticeCode, details: Mapping[str, object] | None = None) -> None: ...


@dataclass(slots=True)
class Reconciler:
    """Compares storage and save base of one document, and makes them agree."""

    room: MergingRoom
    file: StorageFile
    book: SaveBook
    parts: Parts
    _suspect: tuple[str, float] | None = None

    async def reconcile(self, limit_s: float | None = None) -> Found:
        """Take over what the storage holds, if it tells that within `limit_s`.

        What follows has no limit: where a merge is cut off, the room knows of it and the book does not.
        Raises: StorageError, FormatError, JournalError, DocumentPoisoned.
        """
        try:
            async with asyncio.timeout(limit_s):
                theirs = await self._changed()
        except TimeoutError:
            raise StorageUnavailable(f"no answer in {limit_s} s") from None
        if theirs is None:
            self._suspect = None
            return Found.UNCHANGED
        return await self._take(theirs)

    async def _changed(self) -> Content | None:
        """What the storage holds, None when that is the save base."""
        stat = await self.file.stat()
        base = self.book.base
        if base is not None and stat.version == base.version:
            return None
        return await self.file.read()

    async def _take(self, theirs: Content) -> Found:
        if await self.book.adopt(theirs.content, theirs.version) is not None:
            return Found.ADOPTED
        if await self.book.note_version(theirs.content, theirs.version):
            return Found.UNCHANGED
        if await self.book.note_torn(theirs.content, theirs.version):
            return Found.TORN
        if not theirs.content and await self.book.base_content() and not self._believed(theirs.version):
            return Found.SUSPECT
        then = await self.book.base_of(theirs.content, theirs.version)
        await self.merge_storage(theirs.content, then, theirs.modified_by)
        return Found.MERGED

    def _believed(self, version: str) -> bool:
        now = self.parts.clock.monotonic()
        if self._suspect is None or self._suspect[0] != version:
            self._suspect = (version, now)
        return now - self._suspect[1] >= self.parts.save.debounce_s

    async def merge_storage(self, theirs: bytes, then: SaveBase, who: str | None = None) -> None:
        """Merge bytes of the storage into the document; `who` wrote them, where the storage knows.

        `then` is the save base as of the commit that has the merge. Raises: FormatError, JournalError,
        DocumentPoisoned.
        """
        file, base = self.file, await self.book.base_content()
        if base is None:
            base = await self.room.look(lambda document: file.format.common(document, theirs))
        changed = await self.merge(base, theirs, Origin(file.author_id, who or file.root.name), then)
        self.book.base = then
        merged = changed.result
        if merged.changes and changed.seq is not None:
            self.room.note_outside(OutsideChange(changed.seq, who or "", merged.changes, merged.places))

    async def merge(self, base: bytes, theirs: bytes, origin: Origin, note: Note) -> Changed[Merged]:
        """Merge what others made of `base`, and note in the same commit that it is merged: the one way of merges.

        Raises: FormatError, JournalError, DocumentPoisoned.
        """
        if self.file.format.sandboxed:
            return self._told(await self._merge_apart(base, theirs, origin, note))
        changed = await self._merge_planned(base, theirs, origin, note)
        if changed is None:
            changed = await self._merge_at_once(base, theirs, origin, note)
        return self._told(changed)

    def _told(self, changed: Changed[Merged]) -> Changed[Merged]:
        if changed.result.conflicts:
            places = [conflict.conflict_id for conflict in changed.result.conflicts]
            self.parts.events.tell(self.book.document_id, "conflict", self.file.shown_path)
            self.room.notice(NoticeCode.CONFLICT, {"places": places})
        return changed

    async def _merge_apart(self, base: bytes, theirs: bytes, origin: Origin, note: Note) -> Changed[Merged]:
        """Merge a stranger's file in the sandbox, on a copy; what it made there is one edit among all others here."""
        state = await self.room.look(lambda document: document.diff())
        author = (origin.author_id, self.parts.clock.wall_ms(), self.parts.new_client_id())
        update, merged = await self.parts.sandbox.merge(self.file.format.name, state, base, theirs, author)
        checked = (
            await self.parts.sandbox.check_update(update, Document.from_updates([state]).clocks()) if update else None
        )

        def apply(document: Document) -> Merged:
            if checked is not None and checked.update is not None:
                document.apply(checked.update)
            return merged

        return await self.room.change(apply, origin.author_id, origin.author_name, Settled(note, self.book.lease))

    async def _merge_at_once(self, base: bytes, theirs: bytes, origin: Origin, note: Note) -> Changed[Merged]:
        file_format, at_ms = self.file.format, self.parts.clock.wall_ms()

        def merge(document: Document) -> Merged:
            return file_format.merge(base, theirs, document, origin.author_id, at_ms)

        return await self.room.change(merge, origin.author_id, origin.author_name, Settled(note, self.book.lease))

    async def _merge_planned(self, base: bytes, theirs: bytes, origin: Origin, note: Note) -> Changed[Merged] | None:
        """Plan a large merge in the sandbox while people go on typing; None when they type too fast for that."""
        file, at_ms = self.file, self.parts.clock.wall_ms()
        if not isinstance(file.format, TextFormat) or len(theirs) <= self.parts.limits.inline_check_size_bytes:
            return None
        for _ in range(PLANNED_ATTEMPTS):
            live, known = await self.room.look(lambda document: (document.text(), noted_charset(document)))
            plan = await self.parts.sandbox.plan_merge(base, theirs, live, known)
            apply = partial(_apply, plan, source=origin.author_id, at_ms=at_ms)
            try:
                settled = Settled(note, self.book.lease)
                return await self.room.change(apply, origin.author_id, origin.author_name, settled)
            except _Outdated:
                continue
        return None


class _Outdated(FormatError):
    """The live text is not the one that the merge was planned for; nothing was changed."""


def _apply(plan: Plan, document: Document, source: str, at_ms: int) -> Merged:
    """Raises: _Outdated, before a change."""
    merged = apply_plan(plan, document, source, at_ms)
    if merged is None:
        raise _Outdated("the text was edited meanwhile")
    return merged
