"""Owns the sockets on which workers reach each other: one for each seat, in a folder that only our user can enter.

The supervisor listens and never accepts. So who knocks while a worker is replaced waits in the kernel's queue, and a
knock at an empty seat for large documents tells that a worker is wanted there.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

from collab.errors import ConfigError
from collab.node.placement import Placement, Post, Seat

_FOLDER = "sockets"
_LONGEST_PATH_BYTES = 90
"""What fits into an address of a Unix socket on every system, the name of a seat included."""
_BACKLOG = 1024


class Doors:
    """The listening sockets of all seats."""

    def __init__(self, placement: Placement, data: Path | None) -> None:
        """Raises: ConfigError when no socket can be made."""
        self.placement = placement
        self.folder = _make_folder(data)
        self._listeners = {seat: self._listen(seat) for seat in placement.seats}

    @property
    def descriptors(self) -> Sequence[int]:
        """In the order of `Placement.seats`."""
        return [listener.fileno() for listener in self._listeners.values()]

    def post(self, seat: Seat) -> Post:
        """What the worker in a seat is told."""
        return Post(seat, self.placement, self.folder)

    def descriptor(self, seat: Seat) -> int:
        """To wait for a knock."""
        return self._listeners[seat].fileno()

    def knocked(self, seat: Seat) -> bool:
        """Whether somebody waits at a seat."""
        poll = select.poll()
        poll.register(self.descriptor(seat), select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        for listener in self._listeners.values():
            listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _listen(self, seat: Seat) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            path = self.folder / seat.name
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            raise ConfigError(f"The workers' sockets cannot be made in {self.folder} ({error.strerror}).") from None
        listener.setblocking(False)
        return listener


def _make_folder(data: Path | None) -> Path:
    """A fresh folder in the data folder; elsewhere when that has too long a name for sockets."""
    try:
        if data is None or len(os.fsencode(data / _FOLDER)) > _LONGEST_PATH_BYTES:
            return Path(tempfile.mkdtemp(prefix="livefolder-"))
        folder = data / _FOLDER
        shutil.rmtree(folder, ignore_errors=True)  # left by a supervisor that was killed; the folder's lock is ours
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise ConfigError(f"The folder of the workers' sockets cannot be made ({error.strerror}).") from None
    return folder
