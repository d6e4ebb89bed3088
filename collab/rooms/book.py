"""Owns the record of what the storage holds of one document: save base and open intents, in memory and in the store.

Knows no connector and no room. A storage whose bytes have the hash of an open intent was written by us, however the
write seemed to end: it is adopted, never merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from collab.clock import Clock
from collab.rooms.requests import Captured
from collab.store.base import DocumentId, Lease, SaveBase, SaveIntent, Store, hash_content

MAX_OPEN_INTENTS = 32
"""Doubtful writes that are remembered; the oldest is given up first."""


class SaveBook:
    """Save base and open intents of one document."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        document_id: DocumentId,
        base: SaveBase | None,
        intents: Sequence[SaveIntent],
    ) -> None:
        self._store = store
        self._clock = clock
        self.document_id = document_id
        self._intents = list(intents)
        self.lease: Lease | None = None
        """By which the store knows that we may save; None: nobody else may."""
        self.base = base
        """As it is in the store; a merge moves it there itself."""

    async def reload(self) -> str | None:
        """Take over from another node; returns the lock id that is noted. Raises: JournalError."""
        record = await self._store.document(self.document_id)
        self._intents = list(await self._store.intents(self.document_id))
        self.base = None if record is None else record.save_base
        return None if record is None else record.lock_id

    @property
    def doubtful(self) -> bool:
        """True when a write may have happened that we have no answer for."""
        return bool(self._intents)

    @property
    def covered_seq(self) -> int:
        """The journal position that the storage has; -1 when it has nothing of ours."""
        return -1 if self.base is None else self.base.seq

    async def base_content(self) -> bytes | None:
        """The bytes of the save base, None when they are not kept any more. Raises: JournalError."""
        return None if self.base is None else await self._store.content(self.base.content_hash)

    async def begin(self, captured: Captured[bytes], if_version: str | None) -> SaveIntent:
        """Record that these bytes are about to be written. Raises: JournalError, LeaseLost."""
        content_hash = await self._store.put_content(captured.result)
        while len(self._intents) >= MAX_OPEN_INTENTS:
            await self._give_up(self._intents[0])
        intent = await self._store.open_intent(
            self.document_id,
            content_hash=content_hash,
            seq=captured.seq,
            state_vector=captured.state_vector,
            if_version=if_version,
            base_hash=None if self.base is None else self.base.content_hash,
            at_ms=self._clock.wall_ms(),
            lease=self.lease,
        )
        self._intents.append(intent)
        return intent

    def base_saved(self, intent: SaveIntent, version: str) -> SaveBase:
        """The save base where the storage holds the bytes of `intent` as `version`."""
        return SaveBase(version, intent.content_hash, intent.seq, intent.state_vector, self._clock.wall_ms())

    async def finish(self, intent: SaveIntent, version: str) -> None:
        """The storage holds the bytes of `intent` as `version`. Raises: JournalError, LeaseLost."""
        base = self.base_saved(intent, version)
        if not await self._store.close_intent(self.document_id, intent.intent_id, base):
            await self._store.set_save_base(self.document_id, base, self.lease)  # another node had closed it
        self.base = base
        self._intents.remove(intent)
        for other in tuple(self._intents):
            await self._give_up(other)

    async def adopt(self, content: bytes, version: str) -> SaveIntent | None:
        """Take the storage's bytes as ours if an open intent wrote them. Raises: JournalError."""
        content_hash = hash_content(content)
        for intent in reversed(self._intents):
            if intent.content_hash == content_hash:
                await self.finish(intent, version)
                return intent
        return None

    async def note_torn(self, content: bytes, version: str) -> bool:
        """True when the storage holds the beginning of what an open intent was writing. Raises: JournalError.

        Many servers write in place: a connection that breaks leaves a part. That is our own work, not somebody's
        deletion: the base stays the ancestor, and what is to be written replaces this version.
        """
        if self.base is None:
            return False
        for intent in self._intents:
            wanted = await self._store.content(intent.content_hash) or b""
            if len(content) < len(wanted) and wanted.startswith(content):
                await self._set(replace(self.base, version=version, at_ms=self._clock.wall_ms()))
                return True
        return False

    async def note_version(self, content: bytes, version: str) -> bool:
        """True when only the version moved and the bytes are those of the base. Raises: JournalError."""
        if self.base is None or self.base.content_hash != hash_content(content):
            return False
        await self._set(replace(self.base, version=version, at_ms=self._clock.wall_ms()))
        return True

    async def base_of(self, theirs: bytes, version: str) -> SaveBase:
        """The save base once these bytes of the storage are merged; they are kept for it. Raises: JournalError."""
        content_hash = await self._store.put_content(theirs)
        seq, vector = (0, b"\x00") if self.base is None else (self.base.seq, self.base.state_vector)
        return SaveBase(version, content_hash, seq, vector, self._clock.wall_ms())

    async def note_covered(self, captured: Captured[bytes]) -> None:
        """The bytes of the base are those of a later state: nothing to write. Raises: JournalError."""
        if self.base is not None:
            await self._set(replace(self.base, seq=captured.seq, state_vector=captured.state_vector))
        for intent in tuple(self._intents):
            await self._give_up(intent)

    async def note_told(self, seq: int) -> None:
        """What the journal got since is about the file and not in it. Raises: JournalError."""
        if self.base is not None:
            await self._set(replace(self.base, seq=seq))

    async def _set(self, base: SaveBase) -> None:
        await self._store.set_save_base(self.document_id, base, self.lease)
        self.base = base

    async def _give_up(self, intent: SaveIntent) -> None:
        await self._store.close_intent(self.document_id, intent.intent_id, None)
        self._intents.remove(intent)
