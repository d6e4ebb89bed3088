"""Owns what a saver needs of its room and of other nodes, as protocols; knows no implementation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from collab.document import Document
from collab.protocol.payloads import SaveState
from collab.rooms.file_state import StatefulRoom
from collab.rooms.lock_gate import LockGate
from collab.rooms.merge import MergingRoom
from collab.rooms.requests import Captured

_Result = TypeVar("_Result")


class SavingRoom(MergingRoom, StatefulRoom, Protocol):
    """What a saver needs of its room."""

    @property
    def gate(self) -> LockGate:
        """Closed while another application has the file."""
        ...

    @property
    def seq(self) -> int:
        """The last journalled position."""
        ...

    async def capture(self, look: Callable[[Document], _Result]) -> Captured[_Result]:
        """Make something of the document while all of it is journalled. Raises: JournalError, what `look` raises."""
        ...

    async def person_deleted(self) -> bool:
        """Whether a person's journalled edit of this history deleted something. Raises: JournalError."""
        ...

    def set_saving(self, saving: bool) -> None: ...

    def wake(self) -> None:
        """The saver is done with something: the room may want to go."""
        ...

    def publish(self, state: SaveState, covers: Mapping[int, int] | None = None) -> None:
        """Tell all; `covers`: the messages of each connection that the stored file now contains."""
        ...


class Others(Protocol):
    """The same document on other nodes."""

    @property
    def present(self) -> bool:
        """Whether others have it live."""
        ...

    async def read_all(self) -> None:
        """Have everything that is journalled. Raises: JournalError, HistoryChanged."""
        ...

    async def ask_to_save(self) -> SaveState:
        """Have the node that stores it do so now; returns what is known then. Raises: JournalError."""
        ...
