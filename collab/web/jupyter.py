"""Owns what a user's Jupyter server asks: a room for a file, for that user; and the rooms in JupyterLab's dialect.

Who the user is comes from a token of this server, from JupyterHub, or, in the mode with a shared secret, from the
Jupyter server's own word. Knows no message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, urlencode

from starlette.responses import JSONResponse, Response

from collab.auth.tokens import Grant, Purpose, clean_name
from collab.document import Kind
from collab.errors import FormatError, MalformedMessage, NotFound, PermissionDenied
from collab.formats.notebook.live import SCHEMA
from collab.protocol.roles import Role, min_role
from collab.rooms.opened import OpenedDocument
from collab.rooms.storage_file import Root
from collab.store.base import DocumentId
from collab.web.access import Permission, named
from collab.web.edge import JUPYTER, Edge, Offer, credentials_of
from collab.web.hub import ask_hub, is_secret, scheme_of
from collab.web.routes import Call, Field, Route
from collab.web.socket_routes import SocketRoute
from collab.web.upgrade import Upgrade
from collab.web.websocket import open_socket
from collab.web.wire import WebSocketWire
from connectors.errors import FileMissing

PATH = "/jupyter/"
_NOTEBOOK_TYPE = "notebook"
_OTHER_KIND = "This file is already open in another form ({}). Close it there first."
_BLOB = "base64"


def jupyter_route(edge: Callable[[], Edge]) -> SocketRoute:
    """Rooms in the dialect of jupyter-docprovider."""

    async def open_room(wire: WebSocketWire, upgrade: Upgrade, room: str) -> None:
        await open_socket(
            wire, upgrade, edge(), replace(Offer.of(upgrade, room), extended=False, jupyter=True, dialect=JUPYTER)
        )

    return SocketRoute(PATH, open_room)


async def open_session(call: Call) -> Response:
    """A room for a file and its user.

    Raises: Unauthenticated, PermissionDenied, NotFound, FormatError (open as another kind), StorageError, JournalError.
    """
    grant = await _grant(call)
    if call.text("format") == _BLOB:
        raise FormatError("a blob", public="Files of this kind cannot be edited together.")
    root_name, path = await _place(call)
    root = call.edge.root(grant, root_name, path)
    opened = await call.edge.rooms.open(root.name, path, credentials_of(grant))
    document_type = call.text("type")
    if document_type and (opened.kind == Kind.NOTEBOOK) is not (document_type == _NOTEBOOK_TYPE):
        raise FormatError(f"{opened.kind} asked for as {document_type}", public=_OTHER_KIND.format(opened.kind))
    return JSONResponse(_answer(call, opened, grant))


async def _place(call: Call) -> tuple[str, str]:
    """Root and path that are asked for, by name or by the document's id. Raises: NotFound, MalformedMessage."""
    document_id = call.text("document_id")
    if not document_id:
        if not call.text("path"):
            raise MalformedMessage("neither path nor document", public="The body needs `path` or `document_id`.")
        return call.text("root"), call.text("path")
    record = await call.edge.store.document(DocumentId(document_id))
    door, _, root = ("", "", "") if record is None else record.alias.door.partition(":")
    if record is None or door != "root":
        raise NotFound("no such document", public="There is no such document.")
    return root, record.alias.external_id


async def take_event(call: Call) -> Response:
    """A user's Jupyter server renamed or deleted a file: look what the storage says, and believe that.

    Raises: Unauthenticated, PermissionDenied, NotFound, StorageError.
    """
    grant = await _grant(call)
    old, new = call.text("path"), call.text("new_path")
    root = call.edge.root(grant, call.text("root"), old)
    if call.text("action") == "rename" and new and await _was_moved(call, grant, root, old, new):
        await call.edge.rooms.moved(root.name, old, new)
    else:
        await call.edge.rooms.changed(root.name, old)
    return Response(status_code=204)


async def _was_moved(call: Call, grant: Grant, root: Root, old: str, new: str) -> bool:
    call.edge.root(grant, root.name, new)
    try:
        await root.connector.stat(new, credentials_of(grant))
    except FileMissing:
        return False
    try:
        await root.connector.stat(old, credentials_of(grant))
    except FileMissing:
        return True
    return False


def _answer(call: Call, opened: OpenedDocument, grant: Grant) -> dict[str, object]:
    edge = call.edge
    role = grant.role if opened.writable and call.body.get("writable", True) else min_role(grant.role, Role.COMMENTER)
    lifetime_s = edge.config.auth.token_lifetime_s
    room = replace(edge.tokens.for_room(grant, opened.document_id, opened.history_id, lifetime_s), role=role)
    token = edge.tokens.sign(Purpose.ROOM, room)
    scheme, _, host = edge.address(call.request).partition("://")
    address = f"{scheme.replace('http', 'ws')}://{host}{PATH}{quote(opened.document_id, safe='')}"
    return {
        "document_id": opened.document_id,
        "root": opened.root,
        "path": opened.path,
        "history_id": opened.history_id,
        "kind": opened.kind,
        "schema": SCHEMA,
        "role": role.value,
        "writable": role.may_write,
        "facts": dict(opened.facts),
        "websocket_url": f"{address}?{urlencode({'token': token})}",
        "expires_at": room.expires_s,
    }


async def _grant(call: Call) -> Grant:
    """Whose session this is. Raises: Unauthenticated, PermissionDenied."""
    config, request = call.edge.config, call.request
    scheme, credential = scheme_of(request.headers.get("authorization", ""))
    if scheme == "hub" and config.jupyter.hub_url is not None:
        user = await ask_hub(config.jupyter.hub_url, credential, call.edge.config.jupyter.hub_timeout_s)
        return _user(call, user, user)
    if scheme == "secret" and config.jupyter.shared_secret is not None:
        if not is_secret(credential, config.jupyter.shared_secret):
            raise PermissionDenied("wrong secret", public="The Jupyter server has the wrong secret.")
        claimed = clean_name(call.text("user"))
        if not claimed:
            raise PermissionDenied("no user", public="The Jupyter server names no user.")
        return _user(call, claimed, call.text("name") or claimed)
    access = await call.edge.gate.admit(request, Permission.VIEWER)
    grant = access.need()
    if not access.open_mode:
        return grant
    claimed = clean_name(call.text("user"))
    return named(replace(grant, user_id=f"jupyter:{claimed}") if claimed else grant, call.text("name"))


def _user(call: Call, user_id: str, name: str) -> Grant:
    lifetime_s = call.edge.config.auth.token_lifetime_s
    return call.edge.tokens.new(f"jupyter:{user_id}", name, Role.EDITOR, lifetime_s)


_RESULT = {
    "type": "object",
    "required": ["document_id", "history_id", "kind", "schema", "role", "writable", "websocket_url", "expires_at"],
    "properties": {
        "document_id": {"type": "string", "description": "the same for everybody: JupyterLab's file id"},
        "history_id": {"type": "string", "description": "JupyterLab's session id"},
        "kind": {"type": "string"},
        "schema": {"type": "string", "description": "version of jupyter_ydoc's notebook schema"},
        "role": {"type": "string"},
        "writable": {"type": "boolean"},
        "facts": {"type": "object"},
        "websocket_url": {"type": "string"},
        "expires_at": {"type": "integer"},
    },
}

ROUTES = (
    Route(
        "POST",
        "/api/v1/jupyter/sessions",
        Permission.ANYBODY,
        open_session,
        "A room for a user's Jupyter server (asks for a token, JupyterHub's or a shared secret itself)",
        body=(
            Field("path"),
            Field("root"),
            Field("document_id", text="instead of a path: a document that was opened before"),
            Field("format"),
            Field("type", text="`notebook`, `file`, …"),
            Field("user", text="with a shared secret: who this is"),
            Field("name", text="how others see them"),
            Field("writable", kind="boolean", text="false: the user may only read"),
        ),
        result=_RESULT,
    ),
    Route(
        "POST",
        "/api/v1/jupyter/events",
        Permission.ANYBODY,
        take_event,
        "A user's Jupyter server renamed or deleted a file",
        body=(
            Field("action", required=True, text="`rename` or `delete`"),
            Field("path", required=True),
            Field("new_path"),
            Field("root"),
            Field("user"),
            Field("name"),
        ),
        status=204,
    ),
)
