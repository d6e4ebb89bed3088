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
from collab.errors import FormatError, PermissionDenied
from collab.formats.notebook.live import SCHEMA
from collab.protocol.roles import Role, min_role
from collab.rooms.opened import OpenedDocument
from collab.web.access import Permission, named
from collab.web.edge import Edge, Offer, credentials_of
from collab.web.hub import ask_hub, is_secret, scheme_of
from collab.web.routes import Call, Field, Route
from collab.web.socket_routes import SocketRoute
from collab.web.upgrade import Upgrade
from collab.web.websocket import open_socket
from collab.web.wire import WebSocketWire

PATH = "/jupyter/"
_NOTEBOOK_TYPE = "notebook"
_OTHER_KIND = "This file is already open in another form ({}). Close it there first."
_BLOB = "base64"


def jupyter_route(edge: Callable[[], Edge]) -> SocketRoute:
    """Rooms in the dialect of jupyter-docprovider."""

    async def open_room(wire: WebSocketWire, upgrade: Upgrade, room: str) -> None:
        await open_socket(wire, upgrade, edge(), replace(Offer.of(upgrade, room), extended=False, jupyter=True))

    return SocketRoute(PATH, open_room)


async def open_session(call: Call) -> Response:
    """A room for a file and its user.

    Raises: Unauthenticated, PermissionDenied, NotFound, FormatError (open as another kind), StorageError, JournalError.
    """
    grant = await _grant(call)
    path, document_type = call.text("path"), call.text("type")
    if call.text("format") == _BLOB:
        raise FormatError("a blob", public="Files of this kind cannot be edited together.")
    root = call.edge.root(grant, call.text("root"), path)
    opened = await call.edge.rooms.open(root.name, path, credentials_of(grant))
    if (opened.kind == Kind.NOTEBOOK) is not (document_type == _NOTEBOOK_TYPE):
        raise FormatError(f"{opened.kind} asked for as {document_type}", public=_OTHER_KIND.format(opened.kind))
    return JSONResponse(_answer(call, opened, grant), status_code=200)


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
            Field("path", required=True),
            Field("root"),
            Field("format"),
            Field("type", text="`notebook`, `file`, …"),
            Field("user", text="with a shared secret: who this is"),
            Field("name", text="how others see them"),
            Field("writable", kind="boolean", text="false: the user may only read"),
        ),
        result=_RESULT,
    ),
)
