"""Owns the routes by which an operator sees and ends what is live: rooms, connections, kick, unload, save now.

Every answer names the node that gave it, its workers, and those that did not answer. Other nodes are asked themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from starlette.responses import JSONResponse, Response

from collab.audit import Event
from collab.errors import MalformedMessage, NotFound
from collab.rooms.roll import ConnectionList, ConnectionStatus, RoomList, RoomStatus
from collab.store.base import DocumentId
from collab.web.access import Permission
from collab.web.admin import need_all
from collab.web.auditing import note
from collab.web.documents import state_json
from collab.web.routes import Call, Field, Route

_ROOM = "/api/v1/admin/rooms/{document_id}"
_DIGITS = 15


async def list_rooms(call: Call) -> Response:
    """The rooms of this node. Raises: PermissionDenied."""
    need_all(call)
    found = await call.edge.operator.rooms()
    rows = [_row(seat, room) for seat, listed in found.items() if listed is not None for room in listed.rooms]
    return _listed(call, found, "rooms", rows)


async def list_connections(call: Call) -> Response:
    """The connections of this node. Raises: PermissionDenied."""
    need_all(call)
    document_id = call.text("document_id")
    found = await call.edge.operator.connections(
        DocumentId(document_id) if document_id else None, call.text("user_id") or None
    )
    rows = [_row(seat, one) for seat, listed in found.items() if listed is not None for one in listed.connections]
    return _listed(call, found, "connections", rows)


async def kick(call: Call) -> Response:
    """Close connections; they may come again. Raises: PermissionDenied, MalformedMessage."""
    need_all(call)
    connection, user_id = call.text("connection"), call.text("user_id")
    if bool(connection) is bool(user_id):
        raise MalformedMessage("kick", public="Name either `connection` or `user_id`.")
    if user_id:
        counts = await call.edge.operator.kick_person(user_id)
    else:
        counts = await call.edge.operator.kick_connection(*_connection(connection))
    note(call, Event.KICKED, subject=user_id or connection)
    closed = sum(count for count in counts.values() if count is not None)
    return JSONResponse({**_who(call, counts), "closed": closed})


async def unload(call: Call) -> Response:
    """Save, send the people away for a moment, forget the room. Raises: PermissionDenied, NotFound."""
    need_all(call)
    if not await call.edge.operator.unload(await _document(call)):
        raise NotFound("no such room", public="This document is not in memory here.")
    note(call, Event.UNLOADED, document_id=call.request.path_params["document_id"])
    return JSONResponse({"node": call.edge.node, "unloaded": True})


async def save_room(call: Call) -> Response:
    """Store now; answers when the storage did. Raises: PermissionDenied, NotFound, StorageError, JournalError."""
    need_all(call)
    state = await call.edge.rooms.save_now(await _document(call))
    return JSONResponse({"node": call.edge.node, **state_json(state)})


async def _document(call: Call) -> DocumentId:
    """The document in the address. Raises: NotFound."""
    record = await call.edge.store.document(DocumentId(call.request.path_params["document_id"]))
    if record is None:
        raise NotFound("no such document", public="There is no such document.")
    return record.document_id


def _connection(text: str) -> tuple[str, int]:
    """Seat and number of a connection's name. Raises: MalformedMessage."""
    seat, _, number = text.partition("/")
    if not number.isdecimal() or len(number) > _DIGITS:
        raise MalformedMessage("connection", public="A connection is named as in the list: `worker-0/17`.")
    return seat, int(number)


def _row(seat: str, status: RoomStatus | ConnectionStatus) -> dict[str, object]:
    row: dict[str, object] = {"worker": seat, **asdict(status)}
    if isinstance(status, ConnectionStatus):
        del row["number"]
        row = {"connection": f"{seat}/{status.number}", **row}
    return row


def _who(call: Call, answers: Mapping[str, object | None]) -> dict[str, object]:
    """Which node this is, and which of its workers answered."""
    return {
        "node": call.edge.node,
        "workers": sorted(seat for seat, answer in answers.items() if answer is not None),
        "missing": sorted(seat for seat, answer in answers.items() if answer is None),
    }


def _listed(
    call: Call,
    found: Mapping[str, RoomList | None] | Mapping[str, ConnectionList | None],
    name: str,
    rows: Sequence[Mapping[str, object]],
) -> Response:
    truncated = any(listed.truncated for listed in found.values() if listed is not None)
    return JSONResponse({**_who(call, found), "truncated": truncated, name: list(rows)})


def _list_schema(name: str, required: Sequence[str]) -> dict[str, object]:
    texts = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "required": ["node", "workers", "missing", "truncated", name],
        "properties": {
            "node": {"type": "string"},
            "workers": texts,
            "missing": texts,
            "truncated": {"type": "boolean"},
            name: {"type": "array", "items": {"type": "object", "required": list(required)}},
        },
    }


_ROOMS = _list_schema("rooms", ["worker", *RoomStatus.__dataclass_fields__])
_CONNECTIONS = _list_schema(
    "connections", ["connection", "worker", *(set(ConnectionStatus.__dataclass_fields__) - {"number"})]
)
_DONE = {"type": "object", "required": ["node"], "properties": {"node": {"type": "string"}}}

ROUTES = (
    Route("GET", "/api/v1/admin/rooms", Permission.OWNER, list_rooms, "Rooms in memory at this node", result=_ROOMS),
    Route(
        "GET",
        "/api/v1/admin/connections",
        Permission.OWNER,
        list_connections,
        "Connections in rooms of this node",
        query=(Field("document_id", text="of this document only"), Field("user_id", text="of this person only")),
        result=_CONNECTIONS,
    ),
    Route(
        "POST",
        "/api/v1/admin/kick",
        Permission.OWNER,
        kick,
        "Close a connection, or all of a person",
        body=(Field("connection", text="as listed: `worker-0/17`"), Field("user_id")),
        result=_DONE,
    ),
    Route("POST", f"{_ROOM}/unload", Permission.OWNER, unload, "Save a document and forget its room", result=_DONE),
    Route("POST", f"{_ROOM}/save", Permission.OWNER, save_room, "Store a document now", result=_DONE),
)
