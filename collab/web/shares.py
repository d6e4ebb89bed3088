"""Owns share links: making, listing, withdrawing, redeeming. The secret is in the link's fragment and kept nowhere."""

from __future__ import annotations

import secrets
from dataclasses import replace

from starlette.responses import JSONResponse, Response

from collab.audit import Event
from collab.auth.tokens import Grant, Purpose, Scope, clean_name, digest
from collab.errors import MalformedMessage, NotFound, Unauthenticated
from collab.protocol.roles import Role
from collab.store.base import DocumentId, Share
from collab.web.access import Permission
from collab.web.auditing import note
from collab.web.documents import OPENED, known, room_answer
from collab.web.edge import credentials_of
from collab.web.routes import Call, Field, Route

_SHARES = "/api/v1/documents/{document_id}/shares"
_GUEST = "Guest"
_YEAR_MS = 366 * 24 * 3600 * 1000
_ROLES = (Role.VIEWER, Role.COMMENTER, Role.EDITOR)


async def make_share(call: Call) -> Response:
    """A link to one document. Raises: MalformedMessage, NotFound, PermissionDenied."""
    document = await known(call)
    role = next((role for role in _ROLES if role.value == call.text("role")), None)
    lifetime_s = call.whole("expires_in_s")
    if role is None or (lifetime_s is not None and lifetime_s <= 0):
        raise MalformedMessage("share", public="A share has the role viewer, commenter or editor, and ends later.")
    share, url = await add_share(call, document.document_id, role, lifetime_s)
    return JSONResponse({**_share_json(share), "url": url}, status_code=201)


async def add_share(call: Call, document_id: DocumentId, role: Role, lifetime_s: int | None) -> tuple[Share, str]:
    """A new link of who asks, with its address. Raises: JournalError."""
    secret = secrets.token_urlsafe(24)
    now_ms = call.edge.clock.wall_ms()
    share = Share(
        share_id=secrets.token_hex(8),
        document_id=document_id,
        secret_digest=digest(secret),
        role=role.value,
        created_by=call.access.need().user_id,
        created_ms=now_ms,
        expires_ms=None if lifetime_s is None else now_ms + lifetime_s * 1000,
        revoked_ms=None,
    )
    await call.edge.store.add_share(share)
    note(call, Event.SHARED, document_id=document_id, share=share.share_id, share_role=role.value)
    return share, f"{call.edge.address(call.request)}/s#{secret}"


async def list_shares(call: Call) -> Response:
    document = await known(call)
    now_ms = call.edge.clock.wall_ms()
    shares = [share for share in await call.edge.store.shares(document.document_id) if _stands(share, now_ms)]
    return JSONResponse({"shares": [_share_json(share) for share in shares]})


async def withdraw_share(call: Call) -> Response:
    """End a link, and the sockets that came by it. Raises: NotFound, PermissionDenied."""
    document = await known(call)
    share_id = call.request.path_params["share_id"]
    if share_id not in {share.share_id for share in await call.edge.store.shares(document.document_id)}:
        raise NotFound("no such share", public="There is no such share.")
    now_ms = call.edge.clock.wall_ms()
    await call.edge.store.revoke_share(share_id, now_ms)
    await call.edge.revocations.revoke(f"share:{share_id}", now_ms + _YEAR_MS)
    await call.edge.sockets.recheck()
    note(call, Event.REVOKED, subject=f"share:{share_id}", document_id=document.document_id, path=document.path)
    return Response(status_code=204)


async def redeem(call: Call) -> Response:
    """Open the document of a link, with its role. Raises: NotFound (no such link, ended, withdrawn)."""
    edge = call.edge
    share = await edge.store.share(digest(call.text("secret")))
    if share is None or not _stands(share, edge.clock.wall_ms()):
        raise NotFound("no such share", public="This link does not work any more.")
    record = await edge.store.document(DocumentId(share.document_id))
    if record is None:
        raise NotFound("share of no document", public="This document does not exist any more.")
    root, path = record.alias.door.partition(":")[2], record.alias.external_id
    grant = _guest(call, share, Scope(root, path))
    opened = await edge.rooms.open(root, path, credentials_of(grant))
    return JSONResponse(room_answer(call, opened, grant))


def _guest(call: Call, share: Share, scope: Scope) -> Grant:
    """Who comes by a link: the person who is signed in, a guest who was here before, or a new one."""
    edge, role = call.edge, Role(share.role)
    known_as = call.access.grant if call.access.grant is not None and not call.access.open_mode else None
    if known_as is None:
        known_as = _returning(call)
    name = clean_name(call.text("name"))
    lifetime_s = edge.config.auth.session_lifetime_s
    if share.expires_ms is not None:
        lifetime_s = min(lifetime_s, (share.expires_ms - edge.clock.wall_ms()) // 1000)
    if known_as is None:
        grant = edge.tokens.new(f"guest-{secrets.token_hex(6)}", name or _GUEST, role, lifetime_s)
    else:
        grant = edge.tokens.new(known_as.user_id, name or known_as.name, role, lifetime_s)
    return replace(grant, scopes=(scope,), chain=(f"share:{share.share_id}",))


def _returning(call: Call) -> Grant | None:
    """A guest who shows an older room token of theirs stays the same person."""
    try:
        return call.edge.tokens.verify(Purpose.ROOM, call.text("token"), even_expired=True)
    except Unauthenticated:
        return None


def _stands(share: Share, now_ms: int) -> bool:
    return share.revoked_ms is None and (share.expires_ms is None or share.expires_ms > now_ms)


def _share_json(share: Share) -> dict[str, object]:
    expires_s = None if share.expires_ms is None else share.expires_ms // 1000
    return {
        "share_id": share.share_id,
        "role": share.role,
        "expires_at": expires_s,
        "created_at_ms": share.created_ms,
        "created_by": share.created_by,
    }


_SHARE = {"type": "object", "required": ["share_id", "role", "expires_at"], "properties": {"share_id": {}}}

ROUTES = (
    Route(
        "POST",
        _SHARES,
        Permission.OWNER,
        make_share,
        "Make a link to this document",
        body=(Field("role", required=True), Field("expires_in_s", "integer")),
        result=_SHARE,
        status=201,
    ),
    Route("GET", _SHARES, Permission.OWNER, list_shares, "The links of this document", result={"type": "object"}),
    Route(
        "DELETE",
        _SHARES + "/{share_id}",
        Permission.OWNER,
        withdraw_share,
        "Withdraw a link; its sockets close",
        status=204,
    ),
    Route(
        "POST",
        "/api/v1/shares/redeem",
        Permission.VISITOR,
        redeem,
        "Open the document of a link",
        body=(Field("secret", required=True), Field("name"), Field("token", text="an older room token of this guest")),
        result=OPENED,
    ),
)
