"""Owns the hearing end of a pipe between processes: a thread waits for it, the event loop gets what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any


def listen(pipe: Connection, give: Callable[[Any], None]) -> Thread:
    """`give` is called in the running loop with each object, and with None at the end."""
    loop = asyncio.get_running_loop()
    thread = Thread(target=_listen, args=(pipe, loop, give), name="pipe", daemon=True)
    thread.start()
    return thread


def _listen(pipe: Connection, loop: asyncio.AbstractEventLoop, give: Callable[[Any], None]) -> None:
    # not by the loop's own readers: some make the pipe non-blocking, and then large reports cannot be sent over it
    with suppress(RuntimeError):  # the loop is closed: nobody listens any more
        try:
            while True:
                loop.call_soon_threadsafe(give, pipe.recv())
        except (EOFError, OSError):
            loop.call_soon_threadsafe(give, None)
