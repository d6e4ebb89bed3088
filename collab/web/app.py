"""Owns the composition of a server: builds every part, joins them, and takes them apart again in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from collab.audit import Audit
from collab.auth.oidc import Logins
from collab.auth.peer import SUPPORTED as PEER_UID_SUPPORTED
from collab.auth.revocation import Revocations
from collab.auth.tokens import Purpose, Tokens
from collab.auth.vault import KEY_BYTES, KeyVault
from collab.clock import Clock, SystemClock
from collab.config import Config, RootConfig
from collab.errors import CollabError, ConfigError, JournalError
from collab.fanout.base import Fanout
from collab.fanout.hub import Hub
from collab.node.asking import NodeAsking
from collab.node.attendant import Attendant
from collab.node.claims import Claims
from collab.node.doorway import Adopt, Doorway
from collab.node.operator import NodeOperator
from collab.node.past import NodePast
from collab.node.peers import Peers
from collab.node.placement import FIRST, Post
from collab.node.rooms import NodeRooms
from collab.rooms.asking import Asking
from collab.rooms.attendance import Attendance
from collab.rooms.large import LargeMessages
from collab.rooms.parts import Parts
from collab.rooms.past import Past
from collab.rooms.rebaser import Rebaser
from collab.rooms.rooms import Rooms
from collab.rooms.storage_file import Root
from collab.sandbox.pool import Sandbox
from collab.slot import Slot
from collab.store.base import Store
from collab.store.choice import store_of
from collab.web import admin
from collab.web.access import Gate, allowed_origins
from collab.web.admission import Admission
from collab.web.cors import CrossOrigin
from collab.web.edge import Edge
from collab.web.errors import answer_error
from collab.web.exporting import Exports
from collab.web.hocuspocus.route import hocuspocus_route
from collab.web.jupyter import jupyter_route
from collab.web.metrics import Metrics
from collab.web.nodes import Hearing, join_nodes, machine_name, node_name
from collab.web.openapi import openapi_document
from collab.web.pages import Bundle
from collab.web.provider import Provider
from collab.web.route_table import ROUTES
from collab.web.routes import starlette_route
from collab.web.security import Guard
from collab.web.slots import take_slot
from collab.web.socket_routes import SocketRoutes
from collab.web.sockets import Sockets
from collab.web.transfers import Transfers
from collab.web.vitals import publish_gauges, publish_nodes, watch_lag
from collab.web.webhooks import Webhooks
from collab.web.websocket import room_route
from collab.web.wopi_door import WopiDoor
from collab.web.wopi_rights import WopiRights
from connectors.errors import ConnectorError
from connectors.registry import HIDDEN_QUERY, open_connector
from connectors.visible import VisibleOnly

log = structlog.get_logger(__name__)

SIGNING_KEY = "signing"
VAULT_KEY = "vault"
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
        post: Post | None = None,
    ) -> None:
        """`post`: this is one of the workers of a supervisor, which holds the data folder; else it is alone."""
        self.config = config
        self.port = port
        self._clock = clock or SystemClock()
        self._store = store
        self._bundle = bundle or Bundle()
        self._peer_uids = peer_uids
        self._post = post
        self._starlette = Starlette(
            routes=[starlette_route(route) for route in ROUTES],
            exception_handlers={
                CollabError: answer_error,
                ConnectorError: answer_error,
                HTTPException: answer_error,
                Exception: answer_error,
            },
        )
        self.sockets = SocketRoutes(
            [route(lambda: self.edge) for route in (room_route, jupyter_route, hocuspocus_route)]
        )
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

    @contextlib.asynccontextmanager
    async def door(self, listener: socket.socket, adopt: Adopt) -> AsyncIterator[None]:
        """Answer the other workers, and take sockets from them."""
        edge = self.edge

        attendant = Attendant(
            edge.rooms,
            edge.past,
            edge.asking,
            edge.operator,
            edge.metrics.families,
            lambda: admin.ready_here(edge),
            revoked=partial(_note_revoked, edge),
            drain=edge.drain,
        )
        async with contextlib.AsyncExitStack() as stack:
            doorway = Doorway(listener, self.config.limits, attendant.answer, adopt)
            await _keep_running(stack, doorway.run(), "door")
            yield

    async def _build(self, stack: contextlib.AsyncExitStack) -> Edge:
        config, clock, post, data = self.config, self._clock, self._post, self.config.store.data
        if data is None:
            raise ConfigError("The server needs a data folder.")
        store = self._store or store_of(config.store, data, clock=clock, shared=post is not None)
        await store.open()
        stack.push_async_callback(store.close)
        slot = await take_slot(data, post, config.limits, store, clock)
        stack.callback(slot.close)
        sandbox = await stack.enter_async_context(Sandbox(config.limits))
        metrics = Metrics()
        roots = _open_roots(config, stack)
        tokens = Tokens(await _signing_key(config, store), clock)
        name = node_name(config, self.port, post)
        fanout = await join_nodes(stack, config, name, store, clock, metrics)
        door = await _open_door(config, store, clock, stack)
        parts = _parts(config, clock, store, sandbox, slot, metrics)
        parts = replace(parts, vault=door.vault, events=await _open_webhooks(config, clock, metrics, stack))
        parts = _placed(_joined(parts, fanout, name), post, data, stack)
        peers = None if post is None else await stack.enter_async_context(Peers(post, config.limits))
        local = await stack.enter_async_context(Rooms(parts, [*roots, door.root], config.server.shutdown_s))
        rooms = NodeRooms(local, store, config.limits, peers, fanout)
        revocations = Revocations(store, clock, config.auth.recheck_s, rooms.revoked)
        edge = Edge(
            config=config,
            clock=clock,
            store=store,
            rooms=rooms,
            past=NodePast(rooms, Past(parts, local), Rebaser(parts, local)),
            roots={root.name: root for root in roots},
            gate=Gate(config, tokens, revocations, self.port, self._peer_uids),
            tokens=tokens,
            revocations=revocations,
            admission=Admission(config.limits, clock),
            sockets=Sockets(revocations, config.auth.recheck_s),
            sandbox=sandbox,
            asking=NodeAsking(rooms, Asking(local, config.limits, clock)),
            operator=NodeOperator(rooms, config.limits),
            node=machine_name(config, self.port),
            transfers=Transfers(config.limits),
            exports=Exports.of(config, sandbox, clock),
            metrics=metrics,
            audit=_audit(config, self.port, post, clock, stack),
            provider=_provider(config, clock, stack),
            bundle=self._bundle,
            openapi=openapi_document(ROUTES),
            wopi=door,
        )
        await self._keep_house(stack, edge, fanout)
        return edge

    async def _keep_house(self, stack: contextlib.AsyncExitStack, edge: Edge, fanout: Fanout | None) -> None:
        publish_gauges(edge)
        if isinstance(fanout, Hub):
            hearing = Hearing(edge.rooms.local, partial(_note_revoked, edge))
            fanout.told = hearing.take
            publish_nodes(edge, fanout)
            await _keep_running(stack, hearing.run(), "nodes: hearing")
        await _keep_running(stack, edge.sockets.keep_checking(), "sockets: recheck")
        await _keep_running(stack, WopiRights(edge).keep_checking(), "wopi: rights")
        await _keep_running(stack, watch_lag(edge), "loop: lag")
        await _keep_running(stack, _maintain(edge, self._post is None or self._post.seat == FIRST), "store: maintain")


async def _note_revoked(edge: Edge, subject: str) -> None:
    """Another process withdrew a right."""
    edge.revocations.note(subject)
    await edge.sockets.recheck()


async def _signing_key(config: Config, store: Store) -> bytes:
    """The secret of the configuration; in open mode a random one that outlives a restart."""
    if config.auth.secret is not None:
        return config.auth.secret.encode()
    return await store.set_key_once(SIGNING_KEY, secrets.token_bytes(32))


def _joined(parts: Parts, fanout: Fanout | None, name: str) -> Parts:
    """The parts of one of several nodes."""
    return parts if fanout is None else replace(parts, fanout=fanout, saver=str(fanout.me), node=name)


async def _open_webhooks(config: Config, clock: Clock, metrics: Metrics, stack: contextlib.AsyncExitStack) -> Webhooks:
    """Who tells the operator's site. Raises: ConfigError."""
    webhooks = Webhooks(config.webhook, clock, metrics.count)
    stack.push_async_callback(webhooks.close)
    await _keep_running(stack, webhooks.run(), "webhooks")
    return webhooks


async def _open_door(config: Config, store: Store, clock: Clock, stack: contextlib.AsyncExitStack) -> WopiDoor:
    """The way in for WOPI hosts, closed with the server. Raises: JournalError."""
    vault = KeyVault(await store.set_key_once(VAULT_KEY, secrets.token_bytes(KEY_BYTES)))
    door = WopiDoor.build(config.wopi, store, vault, clock)
    stack.push_async_callback(door.close)
    await door.keys.refresh()
    return door


def _audit(config: Config, port: int, post: Post | None, clock: Clock, stack: contextlib.AsyncExitStack) -> Audit:
    """Raises: ConfigError."""
    worker = FIRST.name if post is None else post.seat.name
    audit = Audit(config.audit, clock, node=machine_name(config, port), worker=worker)
    stack.callback(audit.close)
    return audit


def _provider(config: Config, clock: Clock, stack: contextlib.AsyncExitStack) -> Provider | None:
    """Where people can sign in. Raises: ConfigError."""
    if config.oidc.issuer is None or config.auth.secret is None:
        return None
    provider = Provider(config.oidc, Logins(config.auth.secret.encode(), clock), clock)
    stack.push_async_callback(provider.close)
    return provider


def _open_roots(config: Config, stack: contextlib.AsyncExitStack) -> list[Root]:
    """Raises: ConfigError when a folder cannot be opened."""
    roots = [_open_root(root, hidden_files=config.hidden_files) for root in config.roots]
    for root in roots:
        stack.push_async_callback(root.connector.close)
    return roots


def _open_root(root: RootConfig, *, hidden_files: bool) -> Root:
    """Raises: ConfigError when a folder cannot be opened. A storage elsewhere may be away: it is asked when needed."""
    try:
        connector = open_connector(_address_of(root, hidden_files=hidden_files), dict(root.settings))
    except ConnectorError as error:
        raise ConfigError(f"The folder {root.where} cannot be shared ({type(error).__name__}: {error}).") from error
    if root.path is None:
        shown = connector if hidden_files else VisibleOnly(connector)
        return Root(root.name, shown, hidden_files=hidden_files)
    return Root(root.name, connector, writable=os.access(root.path, os.W_OK), hidden_files=hidden_files)


def _address_of(root: RootConfig, *, hidden_files: bool) -> str | Path:
    if root.path is None:
        return root.where
    return f"{root.path.absolute().as_uri()}?{HIDDEN_QUERY}" if hidden_files else root.path


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
        attendance=Attendance(config.limits),
        redis=config.redis,
        node=socket.gethostname(),
        new_client_id=lambda: secrets.randbelow(_CLIENT_IDS) + 1,
        new_id=lambda: secrets.token_hex(8),
    )


def _placed(parts: Parts, post: Post | None, data: Path, stack: contextlib.AsyncExitStack) -> Parts:
    """The parts of one of several workers."""
    if post is None:
        return parts
    claims = Claims(data)
    stack.callback(claims.close)
    above = parts.limits.heavy_document_size_bytes if post.placement.heavies and not post.seat.heavy else None
    return replace(
        parts,
        claims=claims,
        is_home=lambda document_id: post.placement.home(document_id) == post.seat,
        heavy_above_bytes=above,
    )


async def _maintain(edge: Edge, whole_store: bool) -> None:
    """Rebase what is ours; of the whole store seal, squash and drop what is due. Who is away is asked next time."""
    while True:
        await asyncio.sleep(edge.config.store.maintain_s)
        try:
            await edge.past.rebaser.rebase_quiet()
            if whole_store:
                await edge.store.maintain(edge.clock.wall_ms())
        except JournalError as error:
            log.warning("maintain_failed", detail=str(error))


async def _keep_running(stack: contextlib.AsyncExitStack, work: Coroutine[None, None, None], name: str) -> None:
    """Run something until the stack is closed; an error of it ends the server at its close."""
    group = await stack.enter_async_context(asyncio.TaskGroup())
    stack.callback(group.create_task(work, name=name).cancel)
