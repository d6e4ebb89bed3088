"""Owns the contract of what doors need of the registry: names of files, keys that change, sealed credentials.

A door (WOPI) lets people in by tokens of a foreign host, and their documents must be stored although nobody is
connected any more. What is kept of a token is sealed: the store never sees it. Knows no database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from collab.store.records import DocumentId


@dataclass(frozen=True, slots=True)
class SealedCredential:
    """By whose right a document can be stored without them; one for each holder and document."""

    document_id: DocumentId
    holder: str
    """The person's id, as in journal entries."""
    sealed: bytes = field(repr=False)
    expires_ms: int
    kept_ms: int


class DoorStore(Protocol):
    """A part of `Store`; all calls are durable, and raise `JournalError` as there."""

    async def set_name(self, document_id: DocumentId, name: str) -> None:
        """Remember how people call the file of a document whose alias does not tell."""
        ...

    async def replace_key(self, name: str, expected: bytes | None, value: bytes) -> bool:
        """Compare-and-set a key (`None`: there is none yet). False, and nothing changed, when another one stands."""
        ...

    async def keep_credential(self, credential: SealedCredential) -> None:
        """Keep it in the place of the holder's last one for that document. Raises: NotFound (no such document)."""
        ...

    async def kept_credentials(self, document_id: DocumentId | None = None) -> Sequence[SealedCredential]:
        """Those of a document, or all; the newest first, expired ones until the next `maintain`."""
        ...

    async def forget_credentials(self, document_id: DocumentId) -> None:
        """The document is stored and unlocked: nobody's right is needed any more."""
        ...
