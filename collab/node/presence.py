"""Owns the sign that a worker for large documents is there, so that a mere question does not start one.

A lock of the kernel, gone with its process. Knows no room.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from collab.node.placement import Post, Seat


class Presence:
    """Held while a worker is in its seat."""

    def __init__(self, post: Post) -> None:
        self._descriptor = os.open(_path(post, post.seat), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def close(self) -> None:
        os.close(self._descriptor)


def is_present(post: Post, seat: Seat) -> bool:
    """Whether a worker is in that seat now."""
    try:
        descriptor = os.open(_path(post, seat), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _path(post: Post, seat: Seat) -> Path:
    return post.sockets / f"{seat.name}.present"
