"""Owns the composition of a server: builds every part, joins them, and takes them apart again in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from collab.auth.peer import SUPPORTED as PEER_UID_SUPPORTED
from collab.auth.revocation import Revocations
from collab.auth.tokens import Purpose, Tokens
from collab.clock import Clock, SystemClock
from collab.config import Config
from collab.errors import CollabError, ConfigError, JournalError
from collab.limits import Limits
from collab.rooms.large import LargeMessages
from collab.rooms.parts import Parts
from collab.rooms.past import Past
from collab.rooms.rebaser import Rebaser
from collab.rooms.rooms import Rooms
from collab.rooms.storage_file import Root
from collab.sandbox.pool import Sandbox
from collab.slot import Slot
from collab.store.base import DocumentId, Store
from collab.store.sqlite import SqliteStore
from collab.web import admin, asking, documents, files, pages, past, session, shares
from collab.web.access import Gate, allowed_origins
from collab.web.admission import Admission
from collab.web.cors import CrossOrigin
from collab.web.edge import Edge
from collab.web.errors import answer_error
from collab.web.metrics import Metrics
from collab.web.openapi import openapi_document
from collab.web.pages import Bundle
from collab.web.placement import SocketRoutes
from collab.web.requests import AccessRequests
from collab.web.routes import Route, starlette_route
from collab.web.security import Guard
from collab.web.sockets import Sockets
from collab.web.transfers import Transfers
from collab.web.websocket import room_route
from connectors.errors import ConnectorError
from connectors.registry import HIDDEN_QUERY, open_connector

log = structlog.get_logger(__name__)

ROUTES: tuple[Route, ...] = (
    *pages.ROUTES,
    *session.ROUTES,
    *files.ROUTES,
    *documents.ROUTES,
    *past.ROUTES,
    *shares.ROUTES,
    *asking.ROUTES,
    *admin.ROUTES,
)
SIGNING_KEY = "signing"
SLOT_NAME = "apply.slot"
_CLIENT_IDS = 2**32 - 1
"""Yjs draws client ids from 32 bits."""


class Application:
    """One server without its socket: `async with` opens and closes it, `asgi` is what uvicorn serves."""

    def __init__(
        self,
        config: Config,
        port: int,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        bundle: Bundle | None = None,
        peer_uids: bool = PEER_UID_SUPPORTED,
    ) -> None:
        self.config = config
        self.port = port
        self._clock = clock or SystemClock()
        self._store = store
        self._bundle = bundle or Bundle()
        self._peer_uids = peer_uids
        self._starlette = Starlette(
            routes=[starlette_route(route) for route in ROUTES],
            exception_handlers={
                CollabError: answer_error,
                ConnectorError: answer_error,
                HTTPException: answer_error,
                Exception: answer_error,
            },
        )
        self.sockets = SocketRoutes([room_route(lambda: self.edge)])
        """The WebSockets: the server has them beside `asgi`."""
        inner = CrossOrigin(self._starlette, allowed_origins(config.server))
        self.asgi: ASGIApp = Guard(inner, self._clock, quiet=config.log.format == "console")
        self._closing = contextlib.AsyncExitStack()

    @property
    def edge(self) -> Edge:
        edge: Edge = self._starlette.state.edge
        return edge

    async def __aenter__(self) -> Application:
        """Raises: ConfigError, JournalError."""
        async with contextlib.AsyncExitStack() as stack:
            self._starlette.state.edge = await self._build(stack)
            self._closing = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    def one_time_token(self) -> str:
        """Opens a server in open mode once, where the kernel does not tell users apart."""
        gate, tokens = self.edge.gate, self.edge.tokens
        return tokens.sign(Purpose.ACCESS, replace(gate.new_local(), once=True))

    async def drain(self) -> None:
        """Take no more rooms, store everything, tell the clients to come back."""
        await self.edge.drain()

    async def _build(self, stack: contextlib.AsyncExitStack) -> Edge:
        config, clock = self.config, self._clock
        data = config.store.data
        if data is None:
            raise ConfigError("The server needs a data folder.")
        store = self._store or SqliteStore(data, config.store, clock=clock)
        await store.open()
        stack.push_async_callback(store.close)
        slot = await _take_slot(data / SLOT_NAME, config.limits, store, clock)
        stack.callback(slot.close)
        sandbox = await stack.enter_async_context(Sandbox(config.limits))
        metrics = Metrics()
        roots = [_open_root(root.name, root.path, hidden_files=config.hidden_files) for root in config.roots]
        for root in roots:
            stack.push_async_callback(root.connector.close)
        tokens = Tokens(await _signing_key(config, store), clock)
        revocations = Revocations(store, clock, config.auth.recheck_s)
        gate = Gate(config, tokens, revocations, self.port, self._peer_uids)
        parts = _parts(config, clock, store, sandbox, slot, metrics)
        rooms = await stack.enter_async_context(Rooms(parts, roots, config.server.shutdown_s))
        sockets = Sockets(revocations, config.auth.recheck_s)
        await _keep_running(stack, sockets.keep_checking(), "sockets: recheck")
        rebaser = Rebaser(parts, rooms)
        await _keep_running(stack, _maintain(store, rebaser, clock, config.store.maintain_s), "store: maintain")
        edge = Edge(
            config=config,
            clock=clock,
            store=store,
            rooms=rooms,
            past=Past(parts, rooms),
            rebaser=rebaser,
            roots={root.name: root for root in roots},
            gate=gate,
            tokens=tokens,
            revocations=revocations,
            admission=Admission(config.limits, clock),
            sockets=sockets,
            requests=AccessRequests(config.limits, clock),
            transfers=Transfers(config.limits),
            metrics=metrics,
            bundle=self._bundle,
            openapi=openapi_document(ROUTES),
        )
        _publish_gauges(edge)
        return edge


async def _signing_key(config: Config, store: Store) -> bytes:
    """The secret of the configuration; in open mode a random one that outlives a restart."""
    if config.auth.secret is not None:
        return config.auth.secret.encode()
    return await store.set_key_once(SIGNING_KEY, secrets.token_bytes(32))


async def _take_slot(path: Path, limits: Limits, store: Store, clock: Clock) -> Slot:
    """Set aside what a dead worker was applying, then take over its slot. Raises: ConfigError, JournalError."""
    held = Slot.read_left(path)
    if held is not None:
        log.error(
            "update_quarantined",
            document_id=held.document_id,
            seq=held.seq,
            size_bytes=len(held.update),
            digest=held.digest,
        )
        await store.quarantine(
            DocumentId(held.document_id),
            seq=held.seq,
            connection=held.connection,
            update=held.update,
            reason=f"a worker died while it applied this ({held.digest})",
            at_ms=clock.wall_ms(),
        )
    try:
        slot = Slot(path, limits.apply_slot_size_bytes)
    except OSError as error:
        raise JournalError(f"the apply slot cannot be made: {error.strerror}") from error
    slot.clear()
    return slot


def _open_root(name: str, path: Path, *, hidden_files: bool) -> Root:
    """Raises: ConfigError when a folder cannot be opened."""
    address = f"{path.absolute().as_uri()}?{HIDDEN_QUERY}" if hidden_files else path
    try:
        return Root(name, open_connector(address), writable=os.access(path, os.W_OK), hidden_files=hidden_files)
    except ConnectorError as error:
        raise ConfigError(f"The folder {path} cannot be shared ({type(error).__name__}).") from error


def _parts(config: Config, clock: Clock, store: Store, sandbox: Sandbox, slot: Slot, metrics: Metrics) -> Parts:
    return Parts(
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
        node=socket.gethostname(),
        new_client_id=lambda: secrets.randbelow(_CLIENT_IDS) + 1,
        new_id=lambda: secrets.token_hex(8),
    )


def _publish_gauges(edge: Edge) -> None:
    gauge = edge.metrics.gauge
    gauge("rooms", "Documents that somebody has open", lambda: len(edge.rooms.live()))
    gauge("connections", "WebSockets in rooms", lambda: len(edge.sockets))
    gauge("draining", "1 while no more rooms are taken", lambda: edge.draining)
    rooms = edge.rooms
    gauge("rooms_in_memory", "Documents in memory", lambda: rooms.total(lambda _: 1))
    gauge("rooms_dirty", "Documents whose storage lacks something", lambda: rooms.total(lambda room: room.dirty))
    gauge("inbox_messages", "Messages that wait for their room", lambda: rooms.total(lambda room: room.queued))
    gauge("unjournalled_messages", "Applied, not yet journalled", lambda: rooms.total(lambda room: room.unjournalled))
    gauge("sockets", "WebSockets that are open or being opened", lambda: edge.admission.sockets)


async def _maintain(store: Store, rebaser: Rebaser, clock: Clock, every_s: float) -> None:
    """Seal, squash, rebase and drop what is due; a store that is away is asked again next time."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await rebaser.rebase_quiet()
            await store.maintain(clock.wall_ms())
        except JournalError as error:
            log.warning("maintain_failed", detail=str(error))


async def _keep_running(stack: contextlib.AsyncExitStack, work: Coroutine[None, None, None], name: str) -> None:
    """Run something until the stack is closed; an error of it ends the server at its close."""
    group = await stack.enter_async_context(asyncio.TaskGroup())
    stack.callback(group.create_task(work, name=name).cancel)
