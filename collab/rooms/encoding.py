"""Owns making the file of a journalled state: at once, or elsewhere where that would hold up everybody who types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from collab.document import Document
from collab.formats.base import Format
from collab.rooms.parts import Parts
from collab.rooms.requests import Captured

_Result = TypeVar("_Result")


class CapturingRoom(Protocol):
    """What it needs of the room."""

    async def capture(self, look: Callable[[Document], _Result]) -> Captured[_Result]: ...


async def captured_file(room: CapturingRoom, file_format: Format, base: bytes, parts: Parts) -> Captured[bytes]:
    """The file as of a journalled state. Raises: JournalError, FormatError, LimitExceeded, DocumentPoisoned."""
    if not file_format.sandboxed and len(base) <= parts.limits.heavy_document_size_bytes:
        return await room.capture(lambda document: file_format.encode(document, base))
    state = await room.capture(lambda document: document.diff())
    content = await parts.sandbox.encode(file_format.name, state.result, base)
    return Captured(content, state.seq, state.state_vector, state.covers)
