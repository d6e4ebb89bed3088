"""Owns the locks on a data folder: one server at a time, and whose turn it is among the workers of that server.

The locks belong to open files, so they go with their processes however those end. Knows nothing of what is in the
folder.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from collab.errors import ConfigError, InternalError, JournalError

LOCK_NAME = "server.lock"
_MEMBERS_NAME = "journal.members"
_TURN_NAME = "journal.turn"


class Fence:
    """A lock on a data folder, held until `release`."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the folder. Raises: ConfigError (another server has it), JournalError (it takes no file)."""
        descriptor = _open(self._data / LOCK_NAME)
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

    def fileno(self) -> int:
        """The open file, for workers: they hold the folder with us, and go on holding it when we are killed."""
        if self._descriptor is None:
            raise InternalError("the data folder is not held")
        return self._descriptor

    def release(self) -> None:
        """Give the folder back; may be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Membership:
    """One of several workers that use the journal of a folder; the fence is held by their supervisor."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._descriptor: int | None = None

    def join(self, make_ready: Callable[[], None]) -> None:
        """Use the journal from now on. Who finds nobody else there looks whether it can be used, and mends it.

        Raises: JournalError, what `make_ready` raises.
        """
        self._descriptor = _open(self._data / _MEMBERS_NAME)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)  # waits while the first one looks
            return
        try:
            make_ready()
        except BaseException:
            self.leave()
            raise
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def leave(self) -> None:
        """Use it no more; may be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Turn:
    """Whose turn it is to write: the kernel lets the workers in one after the other, in the order they came.

    SQLite alone would let them sleep and try again, up to 100 ms at a time and in no order.
    """

    def __init__(self, data: Path) -> None:
        self._path = data / _TURN_NAME
        self._descriptor: int | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn, and give it on at the end of the block. Raises: JournalError."""
        if self._descriptor is None:
            self._descriptor = _open(self._path)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """May be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Alone:
    """The only process that uses the folder."""

    def __init__(self, data: Path) -> None:
        self._fence = Fence(data)
        self.turn = nullcontext

    def acquire(self, make_ready: Callable[[], None]) -> None:
        """Raises: ConfigError, JournalError."""
        self._fence.acquire()
        try:
            make_ready()
        except BaseException:
            self._fence.release()
            raise

    def release(self) -> None:
        self._fence.release()


class Shared:
    """One of the workers of a supervisor that holds the folder."""

    def __init__(self, data: Path) -> None:
        self._membership = Membership(data)
        self._turn = Turn(data)
        self.turn = self._turn.taken

    def acquire(self, make_ready: Callable[[], None]) -> None:
        """Raises: ConfigError, JournalError."""
        self._membership.join(make_ready)

    def release(self) -> None:
        self._turn.close()
        self._membership.leave()


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"a lock of the data folder cannot be made: {error.strerror}") from error
