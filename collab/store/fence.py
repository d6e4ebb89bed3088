"""Owns the fence around a data folder: one server at a time. Knows nothing of what is in the folder.

The lock belongs to the open file, so it goes with the process however it ends.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from collab.errors import ConfigError, JournalError

LOCK_NAME = "server.lock"


class Fence:
    """A lock on a data folder, held until `release`."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the folder. Raises: ConfigError (another server has it), JournalError (it takes no file)."""
        path = self._data / LOCK_NAME
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(f"its lock cannot be made: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise ConfigError(
                f"another server (pid {holder}) uses this data folder: {self._data}. "
                "Stop it, or give this one a folder of its own with --data."
            ) from None
        self._descriptor = descriptor
        with suppress(OSError):  # on a full disk the lock holds, it only does not say who has it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the folder back; may be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
