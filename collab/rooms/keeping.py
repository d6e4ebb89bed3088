"""Owns the secrets by which documents are stored when nobody is connected any more; knows no storage.

While somebody who may write is at a document, their secret stands sealed in the registry. It is forgotten when the
storage has everything and the lock is given back. After a crash it brings the room back to finish that.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from collab.errors import CollabError, JournalError, NotFound
from collab.rooms.parts import Parts
from collab.rooms.room import Room
from collab.rooms.storage_file import StorageFile
from collab.store.base import DocumentId, SealedCredential
from connectors.base import Credentials

_log = structlog.get_logger(__name__)

LONGEST_MS = 24 * 3600 * 1000
"""A secret of unknown end is kept so long."""
_PURPOSE = "registry"
REVIVE_AGAIN_S = 300.0


class CredentialKeeper:
    """Of one process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stranded: set[DocumentId] = set()

    @property
    def stranded_count(self) -> int:
        """Documents that ended here although the storage lacks something of them."""
        return len(self._stranded)

    async def keep(self, document_id: DocumentId, credentials: Credentials) -> None:
        """Somebody who may write comes in. Raises: JournalError."""
        vault, now_ms = self._parts.vault, self._parts.clock.wall_ms()
        if vault is None or credentials.secret is None:
            return
        plain = json.dumps([credentials.user_name, credentials.secret, credentials.expires_ms])
        sealed = vault.seal(plain, f"{_PURPOSE}:{document_id}")
        expires_ms = credentials.expires_ms or now_ms + LONGEST_MS
        kept = SealedCredential(document_id, credentials.user_id, sealed, expires_ms, now_ms)
        try:
            await self._parts.store.keep_credential(kept)
        except NotFound:
            return  # purged meanwhile

    async def offer_kept(self, document_id: DocumentId, file: StorageFile | None) -> None:
        """Let a file be asked for by the rights that were kept, also later on. Raises: JournalError."""
        if file is None or not file.takes_offers:
            return
        file.refill = partial(self.offer_kept, document_id, file)
        for credentials in await self._kept(document_id):
            file.offer(credentials, edited=False)
        self._stranded.discard(document_id)

    async def note_end(self, room: Room) -> None:
        """A room is over: forget what it does not need any more."""
        if room.saver is None or room.saver.file.credentials.secret is None:
            return
        if not room.saver.clean:
            if is_stranded(room) and len(self._stranded) < self._parts.limits.rooms:
                self._stranded.add(room.document_id)
            return
        try:
            await self._parts.store.forget_credentials(room.document_id)
        except JournalError as error:
            _log.warning("credentials_not_forgotten", document_id=room.document_id, reason=str(error))

    async def revive(self, open_room: Callable[[DocumentId, Credentials], Awaitable[Room]]) -> None:
        """Bring back the rooms that ended with something unsaved, or without giving back their lock; for ever."""
        tried: set[str] = set()
        while True:
            try:
                for document_id, credentials in await self._waiting(tried):
                    await self._revive(document_id, credentials, open_room)
            except JournalError as error:
                _log.warning("revive_failed", reason=str(error))
            await asyncio.sleep(REVIVE_AGAIN_S)

    async def _waiting(self, tried: set[str]) -> list[tuple[DocumentId, Credentials]]:
        """The documents that are ours and have a secret that was not tried yet. Raises: JournalError."""
        found: dict[DocumentId, Credentials] = {}
        if self._parts.vault is None:
            return []
        for kept in await self._parts.store.kept_credentials():
            mark = f"{kept.document_id} {kept.holder} {kept.kept_ms}"
            if mark in tried or not self._parts.is_home(kept.document_id):
                continue
            tried.add(mark)
            credentials = self._opened(kept)
            if credentials is not None:
                found.setdefault(kept.document_id, credentials)
        return list(found.items())

    async def _revive(
        self,
        document_id: DocumentId,
        credentials: Credentials,
        open_room: Callable[[DocumentId, Credentials], Awaitable[Room]],
    ) -> None:
        try:
            await open_room(document_id, credentials)
        except CollabError as error:
            _log.warning("revive_failed", document_id=document_id, code=error.code, reason=str(error))

    async def _kept(self, document_id: DocumentId) -> list[Credentials]:
        if self._parts.vault is None:
            return []
        kept = await self._parts.store.kept_credentials(document_id)
        return [one for one in map(self._opened, kept) if one is not None]

    def _opened(self, kept: SealedCredential) -> Credentials | None:
        vault = self._parts.vault
        if vault is None or kept.expires_ms <= self._parts.clock.wall_ms():
            return None
        try:
            name, secret, expires_ms = json.loads(vault.open(kept.sealed, f"{_PURPOSE}:{kept.document_id}"))
        except ValueError as error:
            _log.warning("credentials_unreadable", document_id=kept.document_id, reason=str(error))
            return None
        return Credentials(kept.holder, name, secret, expires_ms)


def is_stranded(room: Room) -> bool:
    """Whether the storage lacks something, and nobody's right is known to store it by."""
    return room.saver is not None and room.saver.stranded and not room.saver.clean
