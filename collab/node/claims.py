"""Owns who has a document live: a lock per document that the kernel gives to one worker and takes back when it dies.

The placement says who should have a room; the claim makes certain that nobody else has it, also while a worker dies,
a document moves, or two workers disagree. Locks of processes on single bytes of one file: there is nothing to clean
up after a death, and nothing of it is on the disk. Knows no room.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from collab.errors import JournalError, RoomElsewhere
from collab.store.base import DocumentId

FILE_NAME = "rooms.claims"
_OFFSET_BITS = 62


class Claims:
    """The claims of one process. The kernel drops them all when any descriptor of the file is closed in it."""

    def __init__(self, data: Path) -> None:
        """Raises: JournalError (no file can be made)."""
        try:
            self._descriptor = os.open(data / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(f"the file of claims cannot be made: {error.strerror}") from error

    def claim(self, document_id: DocumentId) -> None:
        """Have the document from now on. Raises: RoomElsewhere (another process has it), JournalError."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(document_id))
        except (BlockingIOError, PermissionError):
            raise RoomElsewhere(f"{document_id} is live in another worker") from None
        except OSError as error:
            raise JournalError(f"no claim can be had: {error.strerror}") from error

    def release(self, document_id: DocumentId) -> None:
        """Leave it to others."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _offset(document_id))

    def close(self) -> None:
        """Release everything; to be called once."""
        os.close(self._descriptor)


def _offset(document_id: DocumentId) -> int:
    digest = hashlib.sha256(document_id.encode()).digest()
    return int.from_bytes(digest[:8]) >> (64 - _OFFSET_BITS)
