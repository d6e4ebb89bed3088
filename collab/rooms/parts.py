"""Owns the values that all rooms of a server share; no behaviour."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from collab.clock import Clock
from collab.config import Config, PresenceConfig, RedisConfig, RoomConfig, SaveConfig, StoreConfig
from collab.fanout.base import Fanout
from collab.limits import Limits
from collab.rooms.attendance import Attendance
from collab.rooms.large import LargeMessages
from collab.rooms.ports import Claims, DocumentEvents, Metrics, NoClaims, NoEvents, Sandbox, UpdateSlot, Vault
from collab.store.base import DocumentId, Store

CLIENT_ID_BITS = 32
"""As Yjs does."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every room works with."""

    store: Store
    sandbox: Sandbox
    slot: UpdateSlot
    metrics: Metrics
    clock: Clock
    limits: Limits
    save: SaveConfig
    room: RoomConfig
    presence: PresenceConfig
    journal: StoreConfig
    large: LargeMessages
    attendance: Attendance
    node: str
    new_client_id: Callable[[], int]
    """A fresh random Y client id for edits that the server itself makes."""
    new_id: Callable[[], str]
    """A fresh random text for history ids and lock ids."""
    fanout: Fanout | None = None
    """The way to other nodes; None: there are none."""
    saver: str | None = None
    """Who this process is where several nodes share the store, so that one of them stores each document; None: it is
    alone."""
    redis: RedisConfig = RedisConfig()  # noqa: RUF009  # it has no state
    claims: Claims = NoClaims()  # noqa: RUF009  # it has no state
    events: DocumentEvents = NoEvents()  # noqa: RUF009  # it has no state
    vault: Vault | None = None
    """Where people's secrets are sealed before the store keeps them; None: none are kept."""
    is_home: Callable[[DocumentId], bool] = lambda _: True
    """Whether this process keeps a document's entry in the registry up to date."""
    heavy_above_bytes: int | None = None
    """A document that outgrows this moves to a worker for large ones; None: there is none, or this is one."""

    @classmethod
    def of(
        cls, config: Config, store: Store, sandbox: Sandbox, slot: UpdateSlot, metrics: Metrics, clock: Clock, node: str
    ) -> Parts:
        """The parts of a running server, with ids from the system's random source."""
        return cls(
            store=store,
            sandbox=sandbox,
            slot=slot,
            metrics=metrics,
            clock=clock,
            limits=config.limits,
            save=config.save,
            room=config.room,
            presence=config.presence,
            journal=config.store,
            large=LargeMessages(config.limits),
            attendance=Attendance(config.limits),
            redis=config.redis,
            node=node,
            new_client_id=lambda: secrets.randbits(CLIENT_ID_BITS),
            new_id=lambda: secrets.token_hex(16),
        )
