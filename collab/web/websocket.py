"""Owns how a request for `/ws/{room}` becomes a connection of a room, or is told why not; carries no message.

Who may not come in is refused at the upgrade, before anything was accepted. Clients that announced our extensions
(`v=1`) and offer `collab.v1` are accepted first and then closed with a code of ours, because a browser cannot see
the status of a refused upgrade; a foreign origin, a stranger in open mode and a flood are refused for all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from collab.errors import CollabError, HistoryChanged, InternalError, RoomElsewhere, TooManyRequests
from collab.node.placement import Seat
from collab.protocol.jupyter import close_of
from collab.protocol.sending import CloseInfo
from collab.web.auditing import note_left, note_refused, watch
from collab.web.edge import Edge, Offer
from collab.web.joining import Joined, LivesElsewhere, join
from collab.web.socket_routes import SocketRoute
from collab.web.upgrade import Upgrade
from collab.web.wire import WebSocketWire

log = structlog.get_logger(__name__)

_ROOM_LETTERS = 64
"""So much of a room's name is logged."""


def room_route(edge: Callable[[], Edge]) -> SocketRoute:
    """Rooms in the y-websocket dialect, under `/ws/`."""

    async def open_room(wire: WebSocketWire, upgrade: Upgrade, room: str) -> None:
        await open_socket(wire, upgrade, edge(), Offer.of(upgrade, room))

    return SocketRoute("/ws/", open_room)


async def open_socket(wire: WebSocketWire, upgrade: Upgrade, edge: Edge, offer: Offer) -> None:
    """Let a client into its room, or tell it why not."""
    if offer.jupyter:
        wire.say_closing = partial(close_of, session_id=offer.history or "")
    address = upgrade.address
    try:
        edge.gate.check_websocket(upgrade.asked)
        edge.admission.enter(address)
    except CollabError as error:
        refuse(wire, edge, error, address)
        note_refused(edge, upgrade.asked, error)
        return
    attached = False
    try:
        joined = await join(edge, upgrade.asked, offer)
        attached = True
        _let_in(wire, edge, offer, joined, address)
    except LivesElsewhere as elsewhere:
        await _hand_over(wire, edge, elsewhere.seat, address)
    except CollabError as error:
        note_refused(edge, upgrade.asked, error)
        _turn_away(wire, edge, offer, error, address)
    finally:
        if not attached:
            edge.admission.leave(address)


async def _hand_over(wire: WebSocketWire, edge: Edge, seat: Seat, address: str) -> None:
    """Let the worker that has the room go on with this socket; where that fails, the client comes again."""
    post = edge.rooms.post
    try:
        if post is None:
            raise InternalError("a room is elsewhere, and there is no elsewhere")
        await wire.hand_over(post.address(seat))
    except (OSError, CollabError) as error:
        refused = error if isinstance(error, CollabError) else RoomElsewhere(f"{seat.name} takes no socket: {error}")
        refuse(wire, edge, refused, address)
    else:
        edge.metrics.count("handovers_total")


def _let_in(wire: WebSocketWire, edge: Edge, offer: Offer, joined: Joined, address: str) -> None:
    connection, room = joined.connection, offer.room[:_ROOM_LETTERS]

    def on_over(info: CloseInfo) -> None:
        log.info("disconnected", room=room, connection=connection.number, code=int(info.code), reason=info.reason)
        edge.sockets.remove(connection)
        edge.admission.leave(address)
        note_left(edge, joined)

    edge.metrics.handshake(101)
    edge.sockets.add(connection, joined.grant)
    watch(edge, joined)
    log.info("connected", room=room, connection=connection.number)
    wire.accept(offer.subprotocol)
    wire.attach(connection, on_over)
    connection.attach(wire)


def _turn_away(wire: WebSocketWire, edge: Edge, offer: Offer, error: CollabError, address: str) -> None:
    """Tell a client of ours by a close code, any other one by the status of the upgrade."""
    if not (offer.reads_codes or (offer.jupyter and isinstance(error, HistoryChanged))) or edge.admission.refused(
        address
    ):
        refuse(wire, edge, error, address)
        return
    log.info("handshake_closed", code=error.code, detail=str(error))
    edge.metrics.error(error.code)
    wire.accept(offer.subprotocol)
    wire.close(CloseInfo(error.close_code, error.public))


def refuse(wire: WebSocketWire, edge: Edge, error: CollabError, address: str) -> None:
    """Refuse at the upgrade with an HTTP status."""
    if not isinstance(error, TooManyRequests) and edge.admission.refused(address):
        error = TooManyRequests("refused_handshakes_per_minute")
    log.info("handshake_refused", code=error.code, detail=str(error))
    edge.metrics.handshake(error.http_status)
    edge.metrics.error(error.code)
    wire.refuse(error.http_status, error.public, {"Retry-After": "60"} if error.http_status == 429 else {})
