"""Owns the routes by which a reader asks to edit a document and an owner answers; the asking knows no protocol message.

Who is in the room and may manage it gets a notice. The right that is given is a room token for the one who asked, sent
to their own connections only; a lasting one hangs on a share link of its own, which the owner sees and can revoke.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import JSONResponse, Response

from collab.auth.tokens import Purpose
from collab.errors import MalformedMessage, NotFound, StorageDenied
from collab.protocol.roles import Role
from collab.rooms.access_requests import AccessRequest
from collab.web.access import Permission
from collab.web.documents import known, open_known, room_answer
from collab.web.routes import Call, Field, Route
from collab.web.shares import add_share

_REQUESTS = "/api/v1/documents/{document_id}/access-requests"
ONCE, LASTING, DENY = "once", "editor", "deny"


async def ask(call: Call) -> Response:
    """Ask those in the room who may decide; `told` says how many that are. Raises: NotFound, TooManyRequests."""
    document = await known(call)
    grant = call.access.need()
    if grant.role.may_write:
        raise MalformedMessage("may edit already", public="You may edit this document already.")
    right = call.edge.tokens.sign(Purpose.ROOM, grant)
    return JSONResponse({"told": await call.edge.asking.ask(document.document_id, grant.identity, right)})


async def decide(call: Call) -> Response:
    """Give the right to edit, once or for good, or deny it. Raises: NotFound (answered, too old), StorageDenied."""
    answer = call.text("answer")
    if answer not in (ONCE, LASTING, DENY):
        raise MalformedMessage("answer", public="The answer is once, editor or deny.")
    document = await known(call)
    request = await call.edge.asking.take(document.document_id, call.request.path_params["request_id"])
    if request is None:
        raise NotFound("no such request", public="This request was answered already, or is too old.")
    if answer == DENY:
        await call.edge.asking.deny(request.document_id, request.person.user_id)
    else:
        await _give(call, request, lasting=answer == LASTING)
    return Response(status_code=204)


async def _give(call: Call, request: AccessRequest, *, lasting: bool) -> None:
    """A room token with the right to edit, to the connections of who asked. Raises: StorageDenied, JournalError."""
    opened = await open_known(call)
    if not opened.writable:
        raise StorageDenied("read-only", public="This file cannot be changed here.")
    edge = call.edge
    had = edge.tokens.verify(Purpose.ROOM, request.right, even_expired=True)
    right, details = replace(had, role=Role.EDITOR), {}
    if lasting:
        share, details["url"] = await add_share(call, request.document_id, Role.EDITOR, None)
        right = replace(right, chain=(*right.chain, f"share:{share.share_id}"))
    else:
        until_s = edge.clock.wall_ms() // 1000 + edge.config.auth.token_lifetime_s
        right = replace(right, expires_s=min(right.expires_s, until_s))
    details["token"] = str(room_answer(call, opened, right)["token"])
    await edge.asking.give(request.document_id, had.user_id, Role.EDITOR, details)


ROUTES = (
    Route(
        "POST",
        _REQUESTS,
        Permission.VIEWER,
        ask,
        "Ask those who are here to be allowed to edit",
        result={"type": "object", "required": ["told"], "properties": {"told": {"type": "integer"}}},
    ),
    Route(
        "POST",
        _REQUESTS + "/{request_id}",
        Permission.OWNER,
        decide,
        "Answer a request to edit",
        body=(Field("answer", required=True, text="once, editor or deny"),),
        status=204,
    ),
)
