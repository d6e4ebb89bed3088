"""Owns what all dialects have in common: the kinds of messages and what a client needs of a dialect; opens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol


class Kind(Enum):
    """What a message of the server means to a client."""

    ASKED = auto()
    """Sync step 1: the server's state vector; wants what it lacks."""
    SYNCED = auto()
    """Sync step 2: what the client lacked."""
    UPDATE = auto()
    PRESENCE = auto()
    ACKNOWLEDGED = auto()
    ADMITTED = auto()
    """The authentication was accepted: the client may begin."""
    DENIED = auto()
    PINGED = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message of the server."""

    kind: Kind
    body: bytes = b""
    count: int = 0
    """ACKNOWLEDGED: how many; all since the connection began where `cumulative`, else so many more."""
    cumulative: bool = False
    reason: str = ""


class Dialect(Protocol):
    """One room as one client speaks with it; made for each room."""

    @property
    def url(self) -> str:
        """Of the WebSocket."""

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Of the handshake."""

    @property
    def greeting(self) -> bytes | None:
        """What a client says first and waits for the answer ADMITTED; None: it may begin at once."""

    async def prepare(self) -> None:
        """Once per room, before the first connection. Raises: OSError (the server said no)."""

    def encode_step1(self, state_vector: bytes) -> bytes: ...

    def encode_step2(self, update: bytes) -> bytes: ...

    def encode_update(self, update: bytes) -> bytes: ...

    def encode_presence(self, presence: bytes) -> bytes:
        """Around an awareness update: how many, and (client, clock, state) of each."""

    def encode_pong(self) -> bytes: ...

    def decode(self, message: bytes) -> Incoming:
        """Raises: MalformedMessage."""
