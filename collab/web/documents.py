"""Owns the routes of live documents: open, renew, save, download; knows no protocol message."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from starlette.responses import JSONResponse, Response

from collab.auth.tokens import Grant, Purpose
from collab.errors import NotFound
from collab.protocol.payloads import SaveState
from collab.protocol.roles import Role
from collab.rooms.opened import OpenedDocument
from collab.store.base import DocumentId
from collab.web.access import Permission, identity_json, named
from collab.web.edge import credentials_of
from collab.web.files import attachment, place
from collab.web.routes import Call, Field, Route

_DOCUMENT = "/api/v1/documents/{document_id}"


async def open_document(call: Call) -> Response:
    """Open a file as a live document. Raises: NotFound, FormatError, StorageError, JournalError."""
    at = place(call)
    opened = await call.edge.rooms.open(at.root.name, at.path, at.credentials)
    grant = call.access.need()
    if call.access.open_mode:
        grant = named(grant, call.text("name"))
    return JSONResponse(room_answer(call, opened, grant))


def room_answer(call: Call, opened: OpenedDocument, grant: Grant) -> dict[str, object]:
    """What a browser needs to join; the token is for this document and this history only."""
    edge = call.edge
    role = grant.role if opened.writable else min_role(grant.role, Role.COMMENTER)
    room = edge.tokens.derive(grant, edge.config.auth.token_lifetime_s)
    room = replace(room, role=role, document_id=opened.document_id, history_id=opened.history_id)
    token = edge.tokens.sign(Purpose.ROOM, room)
    scheme, _, host = edge.address(call.request).partition("://")
    address = f"{scheme.replace('http', 'ws')}://{host}/ws/{quote(opened.document_id, safe='')}"
    return {
        "document_id": opened.document_id,
        "kind": opened.kind,
        "format": opened.format,
        "role": role.value,
        "history_id": opened.history_id,
        "websocket_url": f"{address}?{urlencode({'token': token})}",
        "token": token,
        "expires_at": room.expires_s,
        "name": opened.path.rpartition("/")[2],
        "path": opened.path,
        "root": opened.root,
        "user": identity_json(room.identity),
        "facts": dict(opened.facts),
        "deleted": opened.deleted,
        "writable": opened.writable and role.may_write,
    }


def min_role(first: Role, second: Role) -> Role:
    """The lesser of two roles."""
    order = list(Role)
    return min(first, second, key=order.index)


async def renew(call: Call) -> Response:
    """A fresh token for a document that is open. Raises: NotFound, PermissionDenied."""
    record = await known(call)
    opened = await call.edge.rooms.open(record.root, record.path, credentials_of(call.access.need()))
    grant = call.access.need()
    if call.access.open_mode:
        grant = named(grant, call.text("name"))
    return JSONResponse(room_answer(call, opened, grant))


async def save(call: Call) -> Response:
    """Store now; answers when the storage did. Raises: NotFound, StorageError, JournalError."""
    record = await known(call)
    state = await call.edge.rooms.save_now(record.document_id)
    return JSONResponse(state_json(state))


async def content(call: Call) -> Response:
    """The live content as the file would be: a person's own copy, whatever the storage says."""
    record = await known(call)
    copy = await call.edge.rooms.content_now(record.document_id)
    return attachment(copy, record.path)


@dataclass(frozen=True, slots=True)
class Known:
    """A document of the registry that this person may see."""

    document_id: DocumentId
    root: str
    path: str


async def known(call: Call) -> Known:
    """The document in the address. Raises: NotFound, PermissionDenied."""
    record = await call.edge.store.document(DocumentId(call.request.path_params["document_id"]))
    door, _, root = ("", "", "") if record is None else record.alias.door.partition(":")
    if record is None or door != "root":
        raise NotFound("no such document", public="There is no such document.")
    call.edge.root(call.access.need(), root, record.alias.external_id)
    return Known(record.document_id, root, record.alias.external_id)


def state_json(state: SaveState) -> dict[str, object]:
    """A save state as protocol.md describes it, for nobody's connection in particular."""
    return state.to_json()


OPENED = {
    "type": "object",
    "required": ["document_id", "kind", "format", "role", "history_id", "websocket_url", "token", "expires_at"],
    "properties": {
        **{
            name: {"type": "string"}
            for name in (
                "document_id",
                "kind",
                "format",
                "role",
                "history_id",
                "websocket_url",
                "token",
                "name",
                "path",
                "root",
            )
        },
        "expires_at": {"type": "integer"},
        "writable": {"type": "boolean"},
        "facts": {"type": "object"},
        "user": {"type": "object"},
    },
}
_STATE = {"type": "object", "properties": {"state": {"type": "string"}}}
_NAME = Field("name", text="the person's name, in open mode")

ROUTES = (
    Route(
        "POST",
        "/api/v1/documents/open",
        Permission.VIEWER,
        open_document,
        "Open a file as a live document",
        body=(Field("path", required=True), Field("root"), _NAME),
        result=OPENED,
    ),
    Route("POST", f"{_DOCUMENT}/token", Permission.VIEWER, renew, "A fresh token", body=(_NAME,), result=OPENED),
    Route("POST", f"{_DOCUMENT}/save", Permission.EDITOR, save, "Store now", result=_STATE),
    Route("GET", f"{_DOCUMENT}/content", Permission.VIEWER, content, "The live content, as an attachment"),
)
