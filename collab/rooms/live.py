"""Owns the document of one room and what the update checker knows of it; changed by the room's owner task only.

Knows no connection, no journal and no storage. Before an update touches the document it stands in the slot, so that it
is known even when the process dies of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from collab.document import Document, Kind
from collab.errors import CollabError, FormatError, LimitExceeded
from collab.formats.notebook.model import TRUSTED
from collab.formats.notebook.trust import apply_without_trust
from collab.limits import Limits
from collab.protocol.keys import KeyIndex
from collab.protocol.update import Checked, check_update
from collab.rooms.ports import UpdateSlot
from collab.store.base import DocumentId

_Result = TypeVar("_Result")


@dataclass(slots=True)  # not frozen: one is made for each update, and that takes half the time
class Taken:
    """What became of a peer's update: `update` is what changed the document, None when nothing did."""

    update: bytes | None
    complete: bool
    """False: a part refers to what is not here; the peer is to be asked for it."""
    altered: bool = False
    """The server changed it: the peer has to hear of that, too."""


class LiveDocument:
    """One document with its clocks and its size."""

    def __init__(
        self, document_id: DocumentId, document: Document, slot: UpdateSlot, limits: Limits, kind: str = Kind.TEXT
    ) -> None:
        self._trust = KeyIndex(TRUSTED) if kind == Kind.NOTEBOOK else None
        """Which items would trust a cell; None: of a document without cells."""
        if self._trust is not None:
            self._trust.note(document.diff())
        self._document_id = document_id
        self._slot = slot
        self._limits = limits
        self.document = document
        self._clocks = document.clocks()
        self._size_bytes = len(document.diff())
        self._proposed: list[bytes] = []
        self.version = 0
        """Another number after every change."""

    @property
    def size_bytes(self) -> int:
        """An upper estimate of the encoded document."""
        return self._size_bytes

    @property
    def proposing(self) -> bool:
        """True while something was proposed that is not journalled yet."""
        return bool(self._proposed)

    def replace(self, document: Document) -> None:
        """Go on with a rebuilt document of the same history."""
        self.document = document
        self._clocks = document.clocks()
        self._size_bytes = len(document.diff())
        self.version += 1

    def check(self, update: bytes) -> Checked:
        """Check an update against the clocks of now. Raises: ProtocolError."""
        return check_update(update, self._clocks, self._limits)

    def clocks(self) -> dict[int, int]:
        """A copy of the clocks, for a check elsewhere."""
        return dict(self._clocks)

    def take(self, checked: Checked, connection: int, *, in_sync: bool) -> Taken:
        """Apply what the checker let through. Raises: LimitExceeded, DocumentPoisoned."""
        if checked.update is None:
            return Taken(None, checked.complete)
        self._check_size(len(checked.update))
        self._slot.hold(self._document_id, connection, None, checked.update)
        self.version += 1
        trusts = self._trust is not None and self._trust.note(checked.update)
        try:
            changed = self._apply(checked, in_sync=in_sync, trusts=trusts)
        finally:
            self._slot.clear()
        for client, clock in checked.clocks.items():
            self._clocks[client] = max(clock, self._clocks.get(client, 0))
        self._size_bytes += len(changed or b"")
        return Taken(changed, checked.complete, altered=trusts)

    def propose(self, change: Callable[[Document], _Result]) -> tuple[_Result, bytes]:
        """Let the server itself edit a copy; returns the update, empty when nothing changed.

        The document changes when that is journalled (`integrate`): what nobody has seen can be made again after a
        crash. A copy has what was proposed before, so that all may have the document's own client id.
        Raises: FormatError, DocumentPoisoned.
        """
        copy = Document.from_updates([self.document.diff(), *self._proposed], self.document.client_id)
        results: list[_Result] = []
        errors: list[CollabError] = []

        def run() -> None:
            try:
                results.append(change(copy))
            except FormatError as error:  # raised before a change; must not reach the document's fence
                errors.append(error)

        update = copy.changed_by(run)
        if errors:
            raise errors[0]
        if update:
            self._proposed.append(update)
        return results[0], update

    def integrate(self, update: bytes) -> None:
        """Take over what was proposed and is journalled, in order. Raises: DocumentPoisoned."""
        self._proposed.remove(update)
        self.document.apply(update)
        self._clocks = self.document.clocks()
        self._size_bytes += len(update)
        self.version += 1

    def _apply(self, checked: Checked, *, in_sync: bool, trusts: bool) -> bytes | None:
        """Deletions alone, and the answers to sync step 1, carry much that is known: keep only what changed."""
        update = checked.update
        if update is None:
            return None
        if trusts:
            changed = self.document.changed_by(lambda: apply_without_trust(self.document, update))
            self._clocks = self.document.clocks()
            return changed or None
        if checked.structs and not in_sync:
            self.document.apply(update)
            return update
        return self.document.changed_by(lambda: self.document.apply(update)) or None

    def _check_size(self, size_bytes: int) -> None:
        limit = self._limits.document_size_bytes
        if self._size_bytes + size_bytes <= limit:
            return
        self._size_bytes = len(self.document.diff())
        if self._size_bytes + size_bytes > limit:
            raise LimitExceeded("document_size_bytes")
