"""Owns the routes by which a reader asks to edit a document and an owner answers; the asking knows no protocol message.

Who is in the room and may manage it gets a notice. The right that is given is a room token for the one who asked, sent
to their own connections only; a lasting one hangs on a share link of its own, which the owner sees and can revoke.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import JSONResponse, Response

from collab.auth.tokens import Grant
from collab.errors import MalformedMessage, NotFound, StorageDenied
from collab.protocol.roles import Role
from collab.rooms.connection import Connection
from collab.rooms.notices import NoticeCode, notice
from collab.store.base import DocumentId
from collab.web.access import Permission
from collab.web.documents import known, open_known, room_answer
from collab.web.requests import AccessRequest
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
    deciders = _deciders(call, document.document_id, grant)
    if not deciders:
        return JSONResponse({"told": 0})
    request = call.edge.requests.ask(document.document_id, grant)
    if request is not None:
        asked = notice(NoticeCode.ACCESS_ASKED, {"request_id": request.request_id, "user": grant.identity.to_json()})
        for connection in deciders:
            connection.notice(asked)
    return JSONResponse({"told": len({connection.identity.user_id for connection in deciders})})


async def decide(call: Call) -> Response:
    """Give the right to edit, once or for good, or deny it. Raises: NotFound (answered, too old), StorageDenied."""
    answer = call.text("answer")
    if answer not in (ONCE, LASTING, DENY):
        raise MalformedMessage("answer", public="The answer is once, editor or deny.")
    document = await known(call)
    request = call.edge.requests.take(document.document_id, call.request.path_params["request_id"])
    if request is None:
        raise NotFound("no such request", public="This request was answered already, or is too old.")
    answered = notice(NoticeCode.ACCESS_ANSWERED, {"request_id": request.request_id})
    for connection in _deciders(call, document.document_id, request.right):
        connection.notice(answered)
    if answer == DENY:
        for connection in _of(call, request):
            connection.notice(notice(NoticeCode.ACCESS_DENIED))
    else:
        await _give(call, request, lasting=answer == LASTING)
    return Response(status_code=204)


async def _give(call: Call, request: AccessRequest, *, lasting: bool) -> None:
    """A room token with the right to edit, to the connections of who asked. Raises: StorageDenied, JournalError."""
    opened = await open_known(call)
    if not opened.writable:
        raise StorageDenied("read-only", public="This file cannot be changed here.")
    now_s = call.edge.clock.wall_ms() // 1000
    right, details = replace(request.right, role=Role.EDITOR), {}
    if lasting:
        share, details["url"] = await add_share(call, request.document_id, Role.EDITOR, None)
        right = replace(right, chain=(*right.chain, f"share:{share.share_id}"))
    else:
        right = replace(right, expires_s=min(right.expires_s, now_s + call.edge.config.auth.token_lifetime_s))
    details["token"] = str(room_answer(call, opened, right)["token"])
    user_id = request.right.user_id
    call.edge.rooms.local.change_role(
        lambda access: access.identity.user_id == user_id, Role.EDITOR, request.document_id, details
    )


def _deciders(call: Call, document_id: DocumentId, asking: Grant) -> list[Connection]:
    """Who is in the room and may share the document.

    Nobody where several workers share the rooms: the one that is asked need not have the room, nor the one that
    decides the request. People are then offered to write to the owner instead.
    """
    if call.edge.rooms.post is not None:
        return []
    connections = call.edge.rooms.local.connections(document_id)
    return [item for item in connections if item.role.may_manage and item.identity.user_id != asking.user_id]


def _of(call: Call, request: AccessRequest) -> list[Connection]:
    connections = call.edge.rooms.local.connections(request.document_id)
    return [item for item in connections if item.identity.user_id == request.right.user_id]


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
