"""Owns how many bytes of files all requests together hold in memory; knows no request and no storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from collab.errors import CollabError
from collab.limits import Limits

_PART_BYTES = 64 * 1024


class TooBusy(CollabError):
    """So much is under way that this has to wait."""

    code = "too_busy"
    public = "Too many large files are under way (transfers_size_bytes). Try again in a moment."
    http_status = 429


class Held:
    """What one transfer holds; give it back with `release`."""

    def __init__(self, transfers: Transfers) -> None:
        self._transfers = transfers
        self._size_bytes = 0

    def grow(self, size_bytes: int) -> None:
        """Hold so much more. Raises: TooBusy."""
        self._transfers.take(size_bytes)
        self._size_bytes += size_bytes

    def moved(self) -> Held:
        """Somebody else holds it from now on, and releases it."""
        other = Held(self._transfers)
        other._size_bytes, self._size_bytes = self._size_bytes, 0
        return other

    def release(self) -> None:
        """Hold nothing any more; may be called twice."""
        self._transfers.give_back(self._size_bytes)
        self._size_bytes = 0


class Transfers:
    """The uploads and downloads under way."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.transfers_size_bytes
        self._held = 0

    @property
    def held_bytes(self) -> int:
        return self._held

    @contextmanager
    def hold(self) -> Iterator[Held]:
        """A transfer that is over at the end of the block."""
        held = Held(self)
        try:
            yield held
        finally:
            held.release()

    def take(self, size_bytes: int) -> None:
        """Raises: TooBusy."""
        if self._held + size_bytes > self._most:
            raise TooBusy("transfers_size_bytes")
        self._held += size_bytes

    def give_back(self, size_bytes: int) -> None:
        self._held -= size_bytes


class HeldResponse(Response):
    """A response whose content counts as held until it is sent, or nobody takes it.

    It goes out in parts: the server waits before each until the client took most of those before.
    """

    held: Held | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            content = memoryview(self.body)
            for start in range(0, len(content), _PART_BYTES):
                part = bytes(content[start : start + _PART_BYTES])
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if self.held is not None:
                self.held.release()
