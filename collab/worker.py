"""Owns the life of a worker process: configuration and seat from the supervisor's pipe, one server on its sockets.

`python -m collab.worker LISTEN_FD READY_FD DOOR_FD…`, started by the supervisor only; there is a door for every seat.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import sys
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from collab import logs
from collab.auth.peer import SUPPORTED as PEER_UIDS
from collab.config import Config
from collab.configfile import load_config
from collab.errors import CollabError, ConfigError, JournalError
from collab.node.placement import Post
from collab.node.presence import Presence
from collab.supervisor.terms import EXIT_CONFIG, EXIT_JOURNAL, READY
from collab.web.app import Application
from collab.web.server import EdgeServer, event_loop, uvicorn_config

log = structlog.get_logger(__name__)

_CONFIG_LINE_BYTES = 1_000_000


_IDLE_LOOK_S = 1.0
_HEAVY_NICE = 5
"""Where cores are short, the many small documents go first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker sits, and its open files."""

    post: Post
    listener: socket.socket
    door: socket.socket
    ready_fd: int


def main(arguments: list[str]) -> int:
    """Serve until told to stop; returns the exit code."""
    listen_fd, ready_fd, *doors = map(int, arguments)
    line = sys.stdin.buffer.readline(_CONFIG_LINE_BYTES).decode()
    if not line:  # a spare worker that was never needed
        return 0
    config = load_config(line)
    plain = json.loads(sys.stdin.buffer.readline(_CONFIG_LINE_BYTES))
    listener, door = socket.socket(fileno=listen_fd), _door(doors, plain.pop("door"))
    place = Place(Post.load(plain), listener, door, ready_fd)
    logs.configure(config.log)
    structlog.contextvars.bind_contextvars(seat=place.post.seat.name)
    _follow_supervisor(sys.stdin.fileno())
    _raise_descriptor_limit()
    try:
        run(config, place)
    except ConfigError as error:
        print(f"collab: {error}", file=sys.stderr)
        return EXIT_CONFIG
    except JournalError as error:
        print(f"collab: No journal can be kept in {config.store.place} ({error}).", file=sys.stderr)
        return EXIT_JOURNAL
    except CollabError as error:
        log.error("server_failed", code=error.code, detail=str(error))
        return 1
    return 0


def run(config: Config, place: Place) -> None:
    """Run one server to its end. Raises: ConfigError and what keeps the store from opening."""
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(_serve(config, place))


async def _serve(config: Config, place: Place) -> None:
    post = place.post
    async with AsyncExitStack() as stack:
        application = await stack.enter_async_context(Application(config, place.listener.getsockname()[1], post=post))
        presence = Presence(post)
        stack.callback(presence.close)
        server = EdgeServer(uvicorn_config(application.asgi, config, application.sockets), application.drain)
        await stack.enter_async_context(application.door(place.door, server.adopt))
        token = "" if PEER_UIDS or not config.open_mode else application.one_time_token()
        os.write(place.ready_fd, f"{READY}{token}".encode())
        os.close(place.ready_fd)
        if not post.seat.heavy:
            await server.serve(sockets=[place.listener])
            return
        place.listener.close()  # large documents come by the door only
        os.nice(_HEAVY_NICE)
        async with asyncio.TaskGroup() as group:
            leaving = group.create_task(_leave_when_idle(application, server, config), name="leave when idle")
            await server.serve(sockets=[])
            leaving.cancel()


async def _leave_when_idle(application: Application, server: EdgeServer, config: Config) -> None:
    """Stop when there was no room for a while; who comes next has the supervisor start another worker."""
    loop = asyncio.get_running_loop()
    busy_at = loop.time()
    while loop.time() < busy_at + config.server.heavy_idle_s:
        await asyncio.sleep(_IDLE_LOOK_S)
        if application.edge.rooms.local.total(lambda _: 1) or application.edge.admission.sockets:
            busy_at = loop.time()
    server.should_exit = True


def _door(descriptors: list[int], own: int) -> socket.socket:
    """Our own door; those of the others are theirs."""
    for index, descriptor in enumerate(descriptors):
        if index != own:
            os.close(descriptor)
    return socket.socket(fileno=descriptors[own])


def _follow_supervisor(pipe: int) -> None:
    """End this process in good order when the supervisor is gone."""

    def wait_for_end() -> None:
        while os.read(pipe, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_end, name="supervisor-watch", daemon=True).start()


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
