"""Owns the ports of tests. A port is reserved for this process among all test runs of this user on this machine, and
lies below the range from which the system takes ports by itself: nobody takes it between the look and the server."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

_FIRST, _LAST = 20_000, 29_999
_LOCKS = Path(tempfile.gettempdir()) / f"collab-test-ports-{os.getuid()}"


def free_port() -> int:
    """A port of loopback that nobody listens on, ours until this process ends."""
    _LOCKS.mkdir(exist_ok=True)
    for port in random.sample(range(_FIRST, _LAST + 1), k=_LAST - _FIRST + 1):
        if _reserve(port):
            return port
    raise AssertionError(f"no free port between {_FIRST} and {_LAST}")


def _reserve(port: int) -> bool:
    """The lock's descriptor stays open: the system gives it back when the process ends, however it ends."""
    lock = os.open(_LOCKS / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError:
        os.close(lock)
        return False
    return True
