"""Owns what doors keep in the store that forgets; a part of `MemoryStore`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from collab.errors import NotFound
from collab.store.doors import SealedCredential
from collab.store.memory_state import Stored, put_record
from collab.store.records import DocumentId


class MemoryDoors:
    """The contract `DoorStore` on dictionaries."""

    def _reading(self) -> Stored:
        raise NotImplementedError

    def _writing(self) -> Stored:
        raise NotImplementedError

    async def set_name(self, document_id: DocumentId, name: str) -> None:
        stored = self._writing()
        if document_id in stored.documents:
            put_record(stored, replace(stored.documents[document_id], name=name))

    async def replace_key(self, name: str, expected: bytes | None, value: bytes) -> bool:
        keys = self._writing().keys
        if keys.get(name) != expected:
            return False
        keys[name] = value
        return True

    async def keep_credential(self, credential: SealedCredential) -> None:
        stored = self._writing()
        if credential.document_id not in stored.documents:
            raise NotFound(f"no document {credential.document_id}")
        stored.credentials[credential.document_id, credential.holder] = credential

    async def kept_credentials(self, document_id: DocumentId | None = None) -> Sequence[SealedCredential]:
        kept = [one for one in self._reading().credentials.values() if document_id in (None, one.document_id)]
        return sorted(kept, key=lambda one: (-one.kept_ms, one.document_id, one.holder))

    async def forget_credentials(self, document_id: DocumentId) -> None:
        drop_credentials(self._writing(), document_id=document_id)


def drop_credentials(stored: Stored, *, document_id: DocumentId | None = None, holder: str | None = None) -> None:
    """Those of a document, or of a person."""
    kept = stored.credentials.items()
    stored.credentials = {key: one for key, one in kept if document_id != key[0] and holder != key[1]}


def drop_expired(stored: Stored, at_ms: int) -> None:
    """Those that are of no use any more."""
    stored.credentials = {key: one for key, one in stored.credentials.items() if one.expires_ms > at_ms}
