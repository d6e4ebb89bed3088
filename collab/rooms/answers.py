"""Owns the encoded answers to sync step 1 that many ask for: the whole document, and that nothing is missing.

An answer is made once and the same frame is sent to all who join until the document changes; when nobody has asked for
a while it is let go. Knows no connection.
"""

from __future__ import annotations

from enum import Enum

from collab.document import EMPTY_STATE_VECTOR
from collab.limits import Limits
from collab.protocol.codec import decode_state_vector
from collab.protocol.frames import encode_frame
from collab.protocol.messages import encode_sync_step2
from collab.rooms.live import LiveDocument


class _Asked(Enum):
    EVERYTHING = "everything"
    DELETIONS = "deletions"
    """All structs are there; deletions have no clocks, so they are sent always."""


class Answers:
    """The answers of one room."""

    def __init__(self, live: LiveDocument, limits: Limits) -> None:
        self._live = live
        self._limits = limits
        self._kept: dict[_Asked, bytes] = {}
        self._vector = EMPTY_STATE_VECTOR
        self._version = -1
        self._asked = False

    def answer(self, known: bytes | None) -> tuple[bytes, bytes]:
        """The frame for a client with that state vector (None: it never said), and the vector that it has then.

        Raises: DocumentPoisoned.
        """
        document = self._live.document
        self._refresh()
        asked = self._kind(known)
        if asked is None:
            return encode_frame(encode_sync_step2(document.diff(known))), self._vector
        frame = self._kept.get(asked)
        if frame is None:
            frame = self._kept[asked] = encode_frame(encode_sync_step2(document.diff(known)))
        return frame, self._vector

    def sweep(self) -> None:
        """Let go of what nobody asked for since the last call."""
        if not self._asked:
            self._kept.clear()
        self._asked = False

    def _refresh(self) -> None:
        self._asked = True
        if self._version != self._live.version:
            self._version = self._live.version
            self._kept.clear()
            self._vector = self._live.document.state_vector()

    def _kind(self, known: bytes | None) -> _Asked | None:
        if known is None or known == EMPTY_STATE_VECTOR:
            return _Asked.EVERYTHING
        if known == self._vector or decode_state_vector(known, self._limits) == self._live.clocks():
            return _Asked.DELETIONS
        return None
