"""Owns what a room needs from outside its ring, as protocols; knows no implementation of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from collab.formats.base import Decoded, Forked, Merged, Renewed
from collab.formats.text_merge import Plan
from collab.protocol.update import Checked
from collab.store.base import DocumentId


class Sandbox(Protocol):
    """Work on untrusted bytes that may take long or die, away from the event loop."""

    async def decode(self, format_name: str, content: bytes, client_id: int) -> Decoded:
        """A file as the update of a fresh document. Raises: FormatError, LimitExceeded."""
        ...

    async def check_update(self, update: bytes, clocks: Mapping[int, int], snapshot: bytes | None = None) -> Checked:
        """The update checker, for updates that would hold up the event loop; with a snapshot also tried on that.

        Raises: ProtocolError.
        """
        ...

    async def compact(self, state: bytes) -> bytes:
        """The same document without the content of what was deleted. Raises: CollabError."""
        ...

    async def take_back(self, before: Sequence[bytes], update: bytes, now: bytes, client_id: int) -> bytes:
        """The update that takes `update` back, made before which the document was `before`. Raises: CollabError."""
        ...

    async def encode(self, format_name: str, state: bytes, base: bytes) -> bytes:
        """The file of the document that the update `state` makes. Raises: FormatError, LimitExceeded."""
        ...

    async def renew(self, format_name: str, updates: Sequence[bytes], client_id: int) -> Renewed:
        """A history as one state, and a fresh document of its content. Raises: FormatError, LimitExceeded."""
        ...

    async def fork(self, format_name: str, content: bytes, updates: Sequence[bytes], update: bytes) -> Forked:
        """A history, and the same with a client's edits, as files in the manner of `content`.

        Raises: MalformedMessage (no update, or not one of this history), FormatError, LimitExceeded.
        """
        ...

    async def merge(
        self, format_name: str, state: bytes, base: bytes, theirs: bytes, author: tuple[str, int, int]
    ) -> tuple[bytes, Merged]:
        """`Format.merge` on a copy of the document: the update that it made. Raises: FormatError, LimitExceeded."""
        ...

    async def plan_merge(self, base: bytes, theirs: bytes, live: str, known: str | None = None) -> Plan:
        """The expensive half of a text merge. Raises: FormatError, LimitExceeded."""
        ...


class UpdateSlot(Protocol):
    """Where the update that is being applied stands, so that it is known even when this process dies of it."""

    def hold(self, document_id: str, connection: int, seq: int | None, update: bytes) -> None: ...

    def clear(self) -> None: ...


class Vault(Protocol):
    """Makes secrets unreadable for whoever has the store (`collab.auth.vault`)."""

    def seal(self, secret: str, purpose: str) -> bytes: ...

    def open(self, sealed: bytes, purpose: str) -> str:
        """Raises: ValueError (not sealed by us for this)."""
        ...


class Claims(Protocol):
    """What makes certain that a document is live once on this machine (`collab.node.claims`)."""

    def claim(self, document_id: DocumentId) -> None:
        """Raises: RoomElsewhere, JournalError."""
        ...

    def release(self, document_id: DocumentId) -> None: ...


class NoClaims:
    """For a process that is alone with its store."""

    def claim(self, document_id: DocumentId) -> None:
        pass

    def release(self, document_id: DocumentId) -> None:
        pass


class DocumentEvents(Protocol):
    """Who is told what happens to documents, outside of this server."""

    def tell(self, document_id: str, event: str, name: str) -> None:
        """`opened`, `saved`, `conflict`, `closed`; never waits and never fails."""
        ...


class NoEvents:
    """Tells nobody."""

    def tell(self, document_id: str, event: str, name: str) -> None:
        pass


class Metrics(Protocol):
    """Where rooms count; names end in `_total` for counters, in a unit for observations."""

    def count(self, name: str, amount: int = 1) -> None: ...

    def observe(self, name: str, value: float) -> None: ...


class NoMetrics:
    """Counts nothing."""

    def count(self, name: str, amount: int = 1) -> None:
        pass

    def observe(self, name: str, value: float) -> None:
        pass
