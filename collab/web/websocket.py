"""Owns the loop between a WebSocket and a room's connection; knows no message type and no document.

Who may not come in is refused at the upgrade, before anything was accepted. Clients that announced our extensions
(`v=1`) and offer `collab.v1` are accepted first and then closed with a code of ours, because a browser cannot see
the status of a refused upgrade; a foreign origin, a stranger in open mode and a flood are refused for all.
"""

from __future__ import annotations

import asyncio

import structlog
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from collab.errors import CloseCode, CollabError, InternalError, MalformedMessage, RoomElsewhere
from collab.node.placement import Seat
from collab.protocol.session import CloseInfo
from collab.rooms.connection import Connection
from collab.web.admission import TooManyRequests
from collab.web.edge import Edge, Offer
from collab.web.joining import LivesElsewhere, join
from collab.web.metrics import Metrics
from collab.web.server import PeerSocket

log = structlog.get_logger(__name__)

_REASON_BYTES = 123
"""RFC 6455, 5.5: a control frame carries 125 bytes, two of them are the code."""


async def room_socket(websocket: WebSocket) -> None:
    """One WebSocket from its upgrade to its end."""
    edge: Edge = websocket.app.state.edge
    address = websocket.client.host if websocket.client else "unknown"
    offer = Offer.of(websocket)
    try:
        edge.gate.check_websocket(websocket)
        with edge.admission.hold(address):
            await _serve(websocket, edge, offer, address)
    except LivesElsewhere as elsewhere:
        await _hand_over(websocket, edge, elsewhere.seat, address)
    except CollabError as error:
        await _refuse(websocket, edge, error, address)


async def _hand_over(websocket: WebSocket, edge: Edge, seat: Seat, address: str) -> None:
    """Let the worker that has the room go on with this socket; where that fails, the client comes again."""
    peer = websocket.scope.get("state", {}).get("peer")
    post = edge.rooms.post
    try:
        if not isinstance(peer, PeerSocket) or peer.hand_over is None or post is None:
            raise RoomElsewhere("this socket cannot be handed over")
        if peer.hops >= edge.config.limits.handover_hops:
            raise RoomElsewhere("handover_hops")
        await peer.hand_over(post.address(seat))
    except OSError as error:
        await _refuse(websocket, edge, RoomElsewhere(f"{seat.name} takes no socket: {error}"), address)
    except RoomElsewhere as error:
        await _refuse(websocket, edge, error, address)
    else:
        edge.metrics.count("handovers_total")
        log.debug("handed_over", seat=seat.name)


async def _serve(websocket: WebSocket, edge: Edge, offer: Offer, address: str) -> None:
    try:
        joined = await join(edge, websocket, offer)
    except CollabError as error:
        if not offer.reads_codes or edge.admission.refused(address):
            raise
        log.info("handshake_closed", code=error.code, detail=str(error))
        edge.metrics.error(error.code)
        await websocket.accept(offer.subprotocol)
        await _close(websocket, CloseInfo(error.close_code, error.public), edge.config.limits.outbox_stall_s)
        return
    connection = joined.connection
    with (
        structlog.contextvars.bound_contextvars(room=offer.room[:64], connection=connection.number),
        edge.sockets.watch(connection, joined.grant),
    ):
        edge.metrics.handshake(101)
        _bound_messages(websocket, connection)
        try:
            await websocket.accept(offer.subprotocol)
            info = await _carry(websocket, connection, edge)
        finally:
            connection.disconnected()
        await _close(websocket, info, edge.config.limits.outbox_stall_s)


def _bound_messages(websocket: WebSocket, connection: Connection) -> None:
    """Let the protocol below cut what the session would not take, while it arrives."""
    peer = websocket.scope.get("state", {}).get("peer")
    if isinstance(peer, PeerSocket):
        peer.message_limit_bytes = lambda: connection.session.message_limit_bytes


async def _carry(websocket: WebSocket, connection: Connection, edge: Edge) -> CloseInfo:
    """Both directions until one side ends it."""
    log.info("connected")
    info = CloseInfo(CloseCode.NORMAL, "")
    try:
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(_send(websocket, connection, edge.metrics), name=f"send:{connection.number}")
            receiving = group.create_task(
                _receive(websocket, connection, edge.metrics), name=f"receive:{connection.number}"
            )
            info = await connection.closed()
            receiving.cancel()
            await asyncio.wait({sending}, timeout=edge.config.limits.outbox_stall_s)
            sending.cancel()
    except* (WebSocketDisconnect, OSError):
        log.debug("socket_gone")
    except* Exception as errors:
        log.error("socket_failed", exc_info=errors)
        edge.metrics.error(InternalError.code)
        info = CloseInfo(CloseCode.INTERNAL_ERROR, InternalError.public)
    log.info("disconnected", code=int(info.code), reason=info.reason)
    return info


async def _receive(websocket: WebSocket, connection: Connection, metrics: Metrics) -> None:
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            connection.disconnected()
            return
        data = message.get("bytes")
        if data is None:
            connection.fail(MalformedMessage("text message"))
            return
        metrics.count("received_bytes_total", len(data))
        connection.receive(data)
        await connection.ready()


async def _send(websocket: WebSocket, connection: Connection, metrics: Metrics) -> None:
    while (frames := await connection.next_frames()) is not None:
        metrics.count("sent_bytes_total", sum(map(len, frames)))
        for frame in frames:
            await websocket.send_bytes(frame)


async def _close(websocket: WebSocket, info: CloseInfo, timeout_s: float) -> None:
    """Say why it ends; a client that reads nothing is cut by the protocol below."""
    if websocket.client_state is WebSocketState.DISCONNECTED:
        return
    reason = info.reason.encode()[:_REASON_BYTES].decode(errors="ignore")
    try:
        async with asyncio.timeout(timeout_s):
            await websocket.close(int(info.code), reason)
    except (TimeoutError, RuntimeError, OSError, WebSocketDisconnect):
        log.debug("close_not_delivered")


async def _refuse(websocket: WebSocket, edge: Edge, error: CollabError, address: str) -> None:
    """Refuse at the upgrade with an HTTP status."""
    if not isinstance(error, TooManyRequests) and edge.admission.refused(address):
        error = TooManyRequests("refused_handshakes_per_minute")
    log.info("handshake_refused", code=error.code, detail=str(error))
    edge.metrics.handshake(error.http_status)
    edge.metrics.error(error.code)
    headers = {"Retry-After": "60"} if error.http_status == 429 else {}
    await websocket.send_denial_response(
        Response(error.public, status_code=error.http_status, media_type="text/plain", headers=headers)
    )
