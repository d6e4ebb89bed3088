"""Owns how a WebSocket comes to a room: which grant, which document, which role; carries no message."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from collab.auth.tokens import Grant, Purpose
from collab.errors import HistoryChanged, NotFound, PermissionDenied, RoomElsewhere, Unauthenticated
from collab.node.placement import Seat
from collab.protocol.roles import Role
from collab.rooms.connection import Access, Connection
from collab.store.base import DocumentId
from collab.web.edge import Edge, Offer


class LivesElsewhere(Exception):
    """The room is at another worker of this machine: the socket is to be handed over."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat.name)
        self.seat = seat


@dataclass(frozen=True, slots=True)
class Joined:
    """A connection, and the grant that it came in on."""

    connection: Connection
    grant: Grant
    document_id: DocumentId


async def join(edge: Edge, asked: HTTPConnection, offer: Offer) -> Joined:
    """Let a client into its room.

    Raises: LivesElsewhere, Unauthenticated, PermissionDenied, NotFound, HistoryChanged, …
    """
    grant = await _grant(edge, asked, offer)
    role = grant.role
    if grant.document_id is None:
        return await _without_room_token(edge, offer, grant)
    if grant.document_id != offer.room:
        raise PermissionDenied("token of another document")
    if offer.history is not None and offer.history != grant.history_id:
        raise HistoryChanged(f"client knows {offer.history}, token {grant.history_id}")
    if grant.sealed is not None and not await edge.wopi.admit(edge.credentials(grant)):
        role = Role.VIEWER
    access = _access(edge, offer, grant, role, grant.history_id)
    document_id = DocumentId(offer.room)
    return Joined(await _into_room(edge, document_id, access), grant, document_id)


async def _into_room(edge: Edge, document_id: DocumentId, access: Access) -> Connection:
    """Raises: LivesElsewhere, and as `Rooms.join`."""
    seat = await edge.rooms.seat_of(document_id)
    if seat is None:
        try:
            return await edge.rooms.local.join(document_id, access)
        except RoomElsewhere as refused:
            seat = edge.rooms.seat_instead(refused, document_id)
    raise LivesElsewhere(seat)


async def _grant(edge: Edge, asked: HTTPConnection, offer: Offer) -> Grant:
    """Who this is, by the token or, in open mode, by being on this machine."""
    if offer.token is not None:
        try:
            return await edge.gate.grant_of(Purpose.ROOM, offer.token)
        except Unauthenticated:
            if edge.config.open_mode or not edge.config.scratch:
                raise
            return await edge.gate.grant_of(Purpose.ACCESS, offer.token)
    if not edge.config.open_mode:
        raise Unauthenticated("no token")
    return await edge.gate.local_grant(asked)


async def _without_room_token(edge: Edge, offer: Offer, grant: Grant) -> Joined:
    """A document by its id (open mode only), or a room without a file.

    Raises: NotFound, PermissionDenied, LimitExceeded, JournalError.
    """
    if grant.scopes is not None:
        raise PermissionDenied("a scoped token opens no other rooms")
    known = await edge.store.document(DocumentId(offer.room))
    access = _access(edge, offer, grant, grant.role, offer.history)
    if known is not None:
        if not edge.config.open_mode:
            raise PermissionDenied("a document needs a token of its own")
        return Joined(await _into_room(edge, known.document_id, access), grant, known.document_id)
    if not edge.config.scratch:
        raise NotFound("no such document", public="There is no such document.")
    if not offer.room.isprintable() or not offer.room:
        raise NotFound("no possible room name", public="This is no possible room name.")
    opened = await edge.rooms.open_scratch(offer.room, grant.identity.user_id)
    return Joined(await _into_room(edge, opened.document_id, access), grant, opened.document_id)


def _access(edge: Edge, offer: Offer, grant: Grant, role: Role, history: str | None) -> Access:
    expires_s = grant.expires_s if grant.until_s is None else grant.until_s
    return Access(
        identity=grant.identity,
        role=role,
        credentials=edge.credentials(grant),
        extended=offer.extended,
        jupyter=offer.jupyter,
        history=history,
        token_id=grant.token_id,
        share_id=grant.share_id,
        dialect=offer.dialect,
        since_ms=edge.clock.wall_ms(),
        address=None if offer.address is None else edge.tokens.pseudonym(offer.address),
        expires_ms=None if edge.config.open_mode else expires_s * 1000,
    )
