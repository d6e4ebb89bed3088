"""Owns how a request for `/hocuspocus` becomes a socket, and a document's name on it a room; carries no message.

The socket itself is open to whoever may ask at all (origin, open mode, limits of an address); each document is let in
by the token that its first message carries, with the same rules as a socket of its own under `/ws/`.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import structlog

from collab.errors import CollabError
from collab.protocol.hocuspocus import Translation
from collab.protocol.sending import CloseInfo
from collab.web.auditing import note_left, note_refused, watch
from collab.web.edge import HOCUSPOCUS, Edge, Offer
from collab.web.hocuspocus.channel import Channel, LocalChannel
from collab.web.hocuspocus.remote import RemoteChannel
from collab.web.hocuspocus.socket import HocuspocusSocket
from collab.web.joining import Joined, LivesElsewhere, join
from collab.web.socket_routes import SocketRoute
from collab.web.upgrade import Upgrade
from collab.web.websocket import refuse
from collab.web.wire import WebSocketWire

log = structlog.get_logger(__name__)

PATH = "/hocuspocus"
_ROOM_LETTERS = 64


def hocuspocus_route(edge: Callable[[], Edge]) -> SocketRoute:
    """Rooms in the Hocuspocus dialect."""

    async def open_socket(wire: WebSocketWire, upgrade: Upgrade, _rest: str) -> None:
        _open(wire, upgrade, edge())

    return SocketRoute(PATH, open_socket)


def _open(wire: WebSocketWire, upgrade: Upgrade, edge: Edge) -> None:
    address = upgrade.address
    try:
        edge.gate.check_websocket(upgrade.asked)
        edge.admission.enter(address)
    except CollabError as error:
        refuse(wire, edge, error, address)
        note_refused(edge, upgrade.asked, error)
        return
    doors = _Doors(edge, upgrade)
    edge.metrics.handshake(101)
    wire.accept(None)
    extensions = upgrade.asked.query_params.get("v") == "1"
    socket = HocuspocusSocket(wire, edge.config.limits, doors.open, extensions)
    wire.attach(socket, lambda _info: edge.admission.leave(address))


class _Doors:
    """Opens the documents of one socket."""

    def __init__(self, edge: Edge, upgrade: Upgrade) -> None:
        self._edge = edge
        self._upgrade = upgrade

    async def open(self, socket: HocuspocusSocket, translation: Translation, name: str, token: str) -> Channel:
        """Raises: CollabError."""
        offer = Offer(
            room=name,
            token=token or None,
            extended=True,
            history=None,
            subprotocol=None,
            dialect=HOCUSPOCUS,
            address=self._upgrade.address,
        )
        try:
            joined = await join(self._edge, self._upgrade.asked, offer)
        except LivesElsewhere:
            return self._remote(socket, translation, offer)
        except CollabError as error:
            self._edge.metrics.error(error.code)
            note_refused(self._edge, self._upgrade.asked, error)
            if self._edge.admission.refused(self._upgrade.address):
                log.info("hocuspocus_refused_often")
            raise
        return self._local(socket, translation, joined, name)

    def _local(self, socket: HocuspocusSocket, translation: Translation, joined: Joined, name: str) -> Channel:
        connection, room, edge = joined.connection, name[:_ROOM_LETTERS], self._edge

        def on_over(info: CloseInfo) -> None:
            log.info("disconnected", room=room, connection=connection.number, code=int(info.code), reason=info.reason)
            edge.sockets.remove(connection)
            note_left(edge, joined)

        edge.sockets.add(connection, joined.grant)
        watch(edge, joined)
        log.info("connected", room=room, connection=connection.number, dialect="hocuspocus")
        channel = LocalChannel(socket, translation, connection, on_over)
        socket.add(channel)
        channel.open()
        return channel

    def _remote(self, socket: HocuspocusSocket, translation: Translation, offer: Offer) -> Channel:
        channel = RemoteChannel(socket, translation, self._edge.config.limits)
        socket.add(channel)
        socket.run(self._carry(socket, channel, offer), "hocuspocus: another worker")
        return channel

    async def _carry(self, socket: HocuspocusSocket, channel: RemoteChannel, offer: Offer) -> None:
        try:
            await channel.run(self._address_of(offer.room), offer.token)
        except CollabError as error:
            socket.fail(error)

    def _address_of(self, room: str) -> str:
        """Where this server listens, as the socket that we answer on says."""
        host, port = self._upgrade.asked.scope["server"]
        shown = f"[{host}]" if ":" in host else host
        return f"ws://{shown}:{port}/ws/{quote(room, safe='')}?v=1&dialect={HOCUSPOCUS}"
