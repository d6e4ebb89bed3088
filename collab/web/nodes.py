"""Owns how this server is joined to the other nodes of its group: who it is there, and what it does when they tell it.

What nodes tell each other that is about no room takes rights away, moves files or looks at them. None of it gives a
right that the store does not know, but for the role of a connection that is open, which ends with it.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import structlog

from collab.clock import Clock
from collab.config import Config
from collab.errors import CollabError, ConfigError, MalformedMessage
from collab.fanout.alone import Alone
from collab.fanout.base import Fanout, NodeId
from collab.fanout.hub import Hub
from collab.node.placement import Post
from collab.node.rooms import CHANGED, KICKED, MOVED, REVOKED, ROLE
from collab.protocol.payloads import Fields
from collab.protocol.roles import Role
from collab.rooms.rooms import Rooms
from collab.store.base import DocumentId, Store
from collab.web.metrics import Metrics

_log = structlog.get_logger(__name__)

NOT_INSTALLED = "Redis needs a library that is not installed: pip install 'livefolder[cluster]'."
_KEY = "fan-out"
_QUEUED = 10_000


def node_name(config: Config, port: int, post: Post | None) -> str:
    """Who this process is among those that share the store."""
    name = machine_name(config, port)
    return name if post is None else f"{name}/{post.seat.name}"


async def join_nodes(
    stack: AsyncExitStack, config: Config, name: str, store: Store, clock: Clock, metrics: Metrics
) -> Fanout | None:
    """The way to the other nodes; None: nobody shares the store. Raises: ConfigError, JournalError."""
    if config.store.database is None:
        return None
    me = NodeId(name, secrets.randbits(64))
    if config.redis.url is None:
        return Alone(me)
    try:
        from collab.fanout.redis import RedisBus
    except ImportError as error:
        if error.name not in ("redis", "hiredis"):
            raise
        raise ConfigError(NOT_INSTALLED) from None
    key = await store.set_key_once(_KEY, secrets.token_bytes(32))
    bus = RedisBus(config.redis, config.limits, clock)
    return await stack.enter_async_context(Hub(bus, me, key, config.redis, config.limits, clock, metrics))


def machine_name(config: Config, port: int) -> str:
    """What this server is called among those that share the store."""
    return config.redis.node or f"{socket.gethostname()}:{port}"


class Hearing:
    """Does what other nodes tell, one after the other."""

    def __init__(self, rooms: Rooms, revoked: Callable[[str], Awaitable[None]]) -> None:
        self._rooms = rooms
        self._revoked = revoked
        self._queue: asyncio.Queue[tuple[str, Fields]] = asyncio.Queue(_QUEUED)

    def take(self, subject: str, fields: Mapping[str, object]) -> None:
        """Another node told something."""
        try:
            self._queue.put_nowait((subject, Fields(dict(fields))))
        except asyncio.QueueFull:
            _log.warning("node_told_too_much", subject=subject)

    async def run(self) -> None:
        """Do it, for ever."""
        while True:
            subject, fields = await self._queue.get()
            try:
                await self._do(subject, fields)
            except (CollabError, ValueError) as error:
                _log.warning("node_telling_failed", subject=subject, reason=str(error))

    async def _do(self, subject: str, fields: Fields) -> None:
        following = self._rooms.following
        if subject == REVOKED:
            await self._revoked(fields.text("subject"))
        elif subject == MOVED:
            await following.moved(fields.text("root"), fields.text("old_path"), fields.text("new_path"))
        elif subject == CHANGED:
            following.changed(fields.text("root"), fields.text("path"))
        elif subject == KICKED:
            self._rooms.roll.kick(fields.text("user_id"), None)
        elif subject == ROLE:
            self._change_role(fields)
        else:
            raise MalformedMessage(f"unknown subject {subject}")

    def _change_role(self, fields: Fields) -> None:
        user_id, role = fields.text("user_id"), fields.member("role", Role)
        document_id = DocumentId(fields.text("document_id"))
        self._rooms.change_role(lambda access: access.identity.user_id == user_id, role, document_id)
