"""Owns what one connection has to send and how it ends; knows no role and reads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import (
    Hello,
    Notice,
    SaveState,
    encode_acknowledgement,
    encode_awareness,
    encode_hello,
    encode_notice,
    encode_save_state,
    encode_sync_step1,
    encode_sync_step2,
    encode_update,
)


@dataclass(frozen=True, slots=True)
class CloseInfo:
    """How the WebSocket is to be closed."""

    code: IntEnum
    """One of `CloseCode`, or of a dialect's own."""
    reason: str


class Sender:
    """The sending half of a session: messages wait here until the transport takes them.

    Extension messages to a client that did not announce them are dropped, so callers need not ask.
    """

    __slots__ = (
        "_questions",
        "close_info",
        "extensions",
        "unsent",
    )

    def __init__(self, extensions: bool) -> None:
        self.extensions = extensions
        self.unsent: list[bytes] = []
        """What `data_to_send` has to give."""
        self.close_info: CloseInfo | None = None
        """How to close once everything is sent; None while the session lives."""
        self._questions = 0
        """So many of our sync steps 1 are not answered yet."""

    def close(self, code: IntEnum, reason: str = "") -> None:
        """End the session from this side; only the first reason counts."""
        if self.close_info is None:
            self.close_info = CloseInfo(code, reason)

    def data_to_send(self) -> list[bytes]:
        """The messages that wait, each one WebSocket message; they are handed out once."""
        unsent, self.unsent = self.unsent, []
        return unsent

    def send_encoded(self, message: bytes) -> None:
        """Send a message that was encoded for many."""
        if self.close_info is None:
            self.unsent.append(message)

    def send_sync_step1(self, state_vector: bytes) -> None:
        """Ask for what we lack; the answer may be as large as a whole document."""
        self._questions += 1
        self.send_encoded(encode_sync_step1(state_vector))

    def send_sync_step2(self, update: bytes) -> None:
        """Answer the peer's sync step 1."""
        self.send_encoded(encode_sync_step2(update))

    def send_update(self, update: bytes) -> None:
        """Pass a change on."""
        self.send_encoded(encode_update(update))

    def send_awareness(self, entries: Sequence[AwarenessEntry]) -> None:
        """Pass presence on."""
        if entries:
            self.send_encoded(encode_awareness(entries))

    def send_hello(self, hello: Hello) -> None:
        """Introduce the room."""
        self._send_extension(encode_hello(hello))

    def send_acknowledgement(self, count: int) -> None:
        """So many of this connection's update messages are journalled."""
        self._send_extension(encode_acknowledgement(count))

    def send_save_state(self, save_state: SaveState) -> None:
        """Tell what the storage has."""
        self._send_extension(encode_save_state(save_state))

    def send_notice(self, notice: Notice) -> None:
        """Tell the person something."""
        self._send_extension(encode_notice(notice))

    def _send_extension(self, message: bytes) -> None:
        if self.extensions:
            self.send_encoded(message)
