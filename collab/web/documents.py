"""Owns the routes of live documents: open, renew, save, download; knows no protocol message."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from starlette.responses import JSONResponse, Response

from collab.audit import Event
from collab.auth.tokens import Grant, Purpose
from collab.errors import NotFound, StorageDenied
from collab.protocol.payloads import SaveState
from collab.protocol.roles import Role, min_role
from collab.rooms.opened import OpenedDocument
from collab.store.base import DocumentId
from collab.web.access import Permission, identity_json, named
from collab.web.auditing import note
from collab.web.files import attachment, place
from collab.web.routes import Call, Field, Route

_DOCUMENT = "/api/v1/documents/{document_id}"
_DIGITS = 15


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
    lifetime_s = edge.config.auth.token_lifetime_s
    room = replace(edge.tokens.for_room(grant, opened.document_id, opened.history_id, lifetime_s), role=role)
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
        "right_ends_at": room.until_s,
        "name": opened.path.rpartition("/")[2],
        "path": opened.path,
        "root": opened.root,
        "user": identity_json(room.identity),
        "facts": dict(opened.facts),
        "deleted": opened.deleted,
        "writable": opened.writable and role.may_write,
    }


async def renew(call: Call) -> Response:
    """A fresh token for a document that is open. Raises: NotFound, PermissionDenied."""
    opened = await open_known(call)
    grant = call.access.need()
    if call.access.open_mode or grant.share_id is not None:
        grant = named(grant, call.text("name"))
    return JSONResponse(room_answer(call, opened, grant))


async def open_known(call: Call) -> OpenedDocument:
    """The document in the address, live. Raises: NotFound, PermissionDenied, StorageError, JournalError."""
    record = await known(call)
    return await call.edge.rooms.open(record.root, record.path, call.edge.credentials(call.access.need()))


async def save(call: Call) -> Response:
    """Store now; answers when the storage did. Raises: NotFound, StorageError, JournalError."""
    record = await known(call)
    state = await call.edge.rooms.save_now(record.document_id)
    return JSONResponse(state_json(state))


async def restore(call: Call) -> Response:
    """Write the file again although it was deleted. Raises: NotFound, StorageError, JournalError."""
    record = await known(call)
    state = await call.edge.rooms.restore(record.document_id)
    note(call, Event.RESTORED, document_id=record.document_id, root=record.root, path=record.path)
    return JSONResponse(state_json(state))


async def undo_outside(call: Call) -> Response:
    """Take a change of the storage back, as an edit of who asks.

    Raises: NotFound (too long ago), VersionConflict (done already), StorageDenied, StorageError, JournalError.
    """
    opened = await open_known(call)
    if not opened.writable:
        raise StorageDenied("read-only", public="This file cannot be changed here.")
    change = call.request.path_params["change"]
    if not change.isdecimal() or len(change) > _DIGITS:
        raise NotFound("no number", public="There is no such change.")
    await call.edge.rooms.undo_outside(opened.document_id, int(change), call.access.need().identity)
    return Response(status_code=204)


async def content(call: Call) -> Response:
    """The live content as the file would be: a person's own copy, whatever the storage says."""
    record = await known(call)
    converted = call.request.query_params.get("converted") == "1"
    copy = await call.edge.rooms.content_now(record.document_id, converted=converted)
    return attachment(copy, record.shown_path)


@dataclass(frozen=True, slots=True)
class Known:
    """A document of the registry that this person may see."""

    document_id: DocumentId
    root: str
    path: str
    shown_path: str


async def known(call: Call) -> Known:
    """The document in the address. Raises: NotFound, Unauthenticated, PermissionDenied."""
    grant = call.access.need()
    if grant.sealed is not None:
        await call.edge.wopi.admit(call.edge.credentials(grant))
    record = await call.edge.store.document(DocumentId(call.request.path_params["document_id"]))
    door, _, root = ("", "", "") if record is None else record.alias.door.partition(":")
    if record is None or door != "root":
        raise NotFound("no such document", public="There is no such document.")
    if grant.document_id is None:  # a room token is for this document, wherever it was moved
        call.edge.root(grant, root, record.alias.external_id)
    return Known(record.document_id, root, record.alias.external_id, record.name or record.alias.external_id)


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
_NAME = Field("name", text="the person's name, in open mode and for guests")

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
    Route("POST", f"{_DOCUMENT}/restore", Permission.EDITOR, restore, "Write a deleted file again", result=_STATE),
    Route(
        "POST",
        f"{_DOCUMENT}/outside/{{change}}/undo",
        Permission.EDITOR,
        undo_outside,
        "Take back what the storage changed",
        status=204,
    ),
    Route(
        "GET",
        f"{_DOCUMENT}/content",
        Permission.VIEWER,
        content,
        "The live content, as an attachment",
        query=(Field("converted", text="`1`: in the format's newest version, for a new file"),),
    ),
)
