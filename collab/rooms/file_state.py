"""Owns what a document itself says of its file: `state.hash` and `state.dirty`, which Jupyter's clients go by.

JupyterLab compares the hash with the one that its own server gives, and asks the person when they differ. Knows no
storage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog

from collab.document import STATE, Document
from collab.errors import CollabError
from collab.formats.notebook.ipynb import DIRTY, HASH
from collab.rooms.book import SaveBook
from collab.rooms.requests import Changed

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)

_ALGORITHM = "sha256:"


class StatefulRoom(Protocol):
    """What telling needs of the room."""

    @property
    def tells_file_state(self) -> bool:
        """Whether somebody may go by it."""
        ...

    async def look(self, look: Callable[[Document], _Result]) -> _Result: ...

    async def change(
        self, change: Callable[[Document], _Result], author_id: str, author_name: str
    ) -> Changed[_Result]: ...


@dataclass(slots=True)
class FileState:
    """Tells one document of its file."""

    room: StatefulRoom
    book: SaveBook
    author_id: str
    telling: bool = False
    """True while the only thing that the journal gets of us is this."""

    async def tell(self, clean: bool) -> None:
        """Write the hash of what is stored, and that it is all there is; what fails is tried after the next save."""
        try:
            await self._tell(clean)
        except CollabError as error:
            _log.warning("file_state_untold", document_id=self.book.document_id, code=error.code)

    async def _tell(self, clean: bool) -> None:
        """Raises: JournalError, DocumentPoisoned, InternalError."""
        base = self.book.base
        if base is None or not self.room.tells_file_state:
            return
        wanted: dict[str, object] = {HASH: base.content_hash.removeprefix(_ALGORITHM)}
        if clean:
            wanted[DIRTY] = False
        known = await self.room.look(lambda document: {key: document.map_value(STATE, key) for key in wanted})
        if known == wanted:
            return
        self.telling = True
        try:
            changed = await self.room.change(lambda document: _write(document, wanted), self.author_id, "")
            if changed.seq is not None and changed.seq == self.book.covered_seq + 1:
                await self.book.note_told(changed.seq)
        finally:
            self.telling = False


def _write(document: Document, wanted: dict[str, object]) -> None:
    with document.transaction():
        for key, value in wanted.items():
            document.set_map_value(STATE, key, value)
