"""Owns the life of a worker process: configuration from the supervisor's pipe, one server on the inherited socket.

`python -m collab.worker LISTEN_FD READY_FD`, started by the supervisor only.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
import threading

import structlog

from collab import logs
from collab.auth.peer import SUPPORTED as PEER_UIDS
from collab.config import Config
from collab.configfile import load_config
from collab.errors import CollabError, ConfigError, JournalError
from collab.supervisor import EXIT_CONFIG, EXIT_JOURNAL, READY
from collab.web.app import Application
from collab.web.server import EdgeServer, event_loop, uvicorn_config

log = structlog.get_logger(__name__)

_CONFIG_LINE_BYTES = 1_000_000


def main(arguments: list[str]) -> int:
    """Serve until told to stop; returns the exit code."""
    listen_fd, ready_fd = map(int, arguments)
    line = sys.stdin.buffer.readline(_CONFIG_LINE_BYTES).decode()
    if not line:  # a spare worker that was never needed
        return 0
    config = load_config(line)
    logs.configure(config.log)
    _follow_supervisor(sys.stdin.fileno())
    _raise_descriptor_limit()
    try:
        run(config, socket.socket(fileno=listen_fd), ready_fd)
    except ConfigError as error:
        print(f"collab: {error}", file=sys.stderr)
        return EXIT_CONFIG
    except JournalError as error:
        print(f"collab: No journal can be kept in {config.store.data} ({error}).", file=sys.stderr)
        return EXIT_JOURNAL
    except CollabError as error:
        log.error("server_failed", code=error.code, detail=str(error))
        return 1
    return 0


def run(config: Config, listener: socket.socket, ready_fd: int) -> None:
    """Run one server to its end. Raises: ConfigError and what keeps the store from opening."""
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(_serve(config, listener, ready_fd))


async def _serve(config: Config, listener: socket.socket, ready_fd: int) -> None:
    async with Application(config, listener.getsockname()[1]) as application:
        token = "" if PEER_UIDS or not config.open_mode else application.one_time_token()
        os.write(ready_fd, f"{READY}{token}".encode())
        os.close(ready_fd)
        settings = uvicorn_config(application.asgi, config, application.sockets)
        await EdgeServer(settings, application.drain).serve(sockets=[listener])


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
