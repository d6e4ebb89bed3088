"""Owns the routes of a document's past: points, edits on a retired history, and the rebase; knows no update's bytes."""

from __future__ import annotations

import base64

from starlette.responses import JSONResponse, Response

from collab.errors import CollabError, MalformedMessage, NotFound, PermissionDenied
from collab.rooms.absorb import Absorption
from collab.rooms.handover import retired_history
from collab.rooms.past import NO_POINT
from collab.rooms.rebase import Outcome
from collab.store.base import HistoryId, Point
from collab.web.access import Permission
from collab.web.documents import Known, known
from collab.web.files import attachment
from collab.web.routes import Call, Field, Route, read_body

_DOCUMENT = "/api/v1/documents/{document_id}"
_HISTORY = f"{_DOCUMENT}/histories/{{history_id}}"
_POINT = f"{_DOCUMENT}/points/{{point_id}}"


class NotRebased(CollabError):
    """The document keeps its history."""

    code = "not_rebased"
    http_status = 409


NOT_REBASED = {
    Outcome.IN_USE: "Somebody has the document open.",
    Outcome.UNSAVED: "The storage does not have all of it yet.",
    Outcome.WAITING: "Edits on an older history wait to be merged. Open the document once.",
    Outcome.NO_HISTORY: "The document has no history.",
    Outcome.INCOMPLETE: "Part of its journal is damaged.",
    Outcome.CHANGED: "Somebody edited or opened it meanwhile.",
}


# -- a retired history --


async def retired(call: Call) -> Response:
    """Where a retired history ended: only what goes beyond is handed over. Raises: NotFound, HistoryChanged."""
    document = await known(call)
    parts = call.edge.past.local.parts
    found = await retired_history(parts, document.document_id, _history_id(call))
    return JSONResponse({"state_vector": base64.b64encode(found.state_vector).decode()})


async def hand_over(call: Call) -> Response:
    """Take edits that were made on a retired history; answers when they are journalled and merged.

    Raises: NotFound, PermissionDenied, HistoryChanged, MalformedMessage, LimitExceeded, FormatError, JournalError.
    """
    document = await known(call)
    grant, edge = call.access.need(), call.edge
    credentials = edge.credentials(grant)
    opened = await edge.rooms.open(document.root, document.path, credentials)
    if not opened.writable:
        raise PermissionDenied("the storage is read-only", public="This file cannot be changed in its storage.")
    with edge.transfers.hold() as held:
        update = await read_body(call.request, edge.config.limits, "sync_size_bytes", held.grow)
        absorbed = await edge.past.hand_over(
            document.document_id, _history_id(call), update, grant.identity, credentials
        )
    merged = absorbed or Absorption()
    return JSONResponse({"new": absorbed is not None, "changes": merged.changes, "conflicts": merged.conflicts})


def _history_id(call: Call) -> HistoryId:
    return HistoryId(call.request.path_params["history_id"])


# -- points --


async def points(call: Call) -> Response:
    """What can be read of the past, newest first. Raises: NotFound, JournalError."""
    document = await known(call)
    found = await call.edge.store.points(document.document_id)
    return JSONResponse({"points": [_point_json(point) for point in found]})


async def name_point(call: Call) -> Response:
    """Name the document as it is now, or a point that is listed. Raises: NotFound, LimitExceeded, JournalError."""
    document = await known(call)
    name = call.text("name").strip()
    if not name or not name.isprintable():
        raise MalformedMessage("name", public="A point needs a name in one line.")
    past, author = call.edge.past, call.access.need().identity
    wanted = call.text("point_id")
    if wanted:
        point = await past.local.name_point(document.document_id, *_parse_point(wanted), name, author)
    else:
        point = await past.name_now(document.document_id, name, author)
    return JSONResponse(_point_json(point), status_code=201)


async def forget_point(call: Call) -> Response:
    """Take a point's name away; the point is thinned like any other then. Raises: NotFound, JournalError."""
    document, (history_id, seq) = await _asked_point(call)
    if not await call.edge.store.forget_point(document.document_id, history_id, seq):
        raise NotFound("no such point", public=NO_POINT)
    return Response(status_code=204)


async def point_content(call: Call) -> Response:
    """The file as it was at a point. Raises: NotFound, FormatError, JournalError."""
    document, (history_id, seq) = await _asked_point(call)
    return attachment(await call.edge.past.local.content_at(document.document_id, history_id, seq), document.path)


async def _asked_point(call: Call) -> tuple[Known, tuple[HistoryId, int]]:
    return await known(call), _parse_point(call.request.path_params["point_id"])


def _parse_point(point_id: str) -> tuple[HistoryId, int]:
    history_id, _, seq = point_id.rpartition(".")
    if not history_id or not seq.isascii() or not seq.isdigit() or len(seq) > 15:
        raise NotFound("no such point", public=NO_POINT)
    return HistoryId(history_id), int(seq)


def _point_json(point: Point) -> dict[str, object]:
    named = point.name
    return {
        "point_id": f"{point.history_id}.{point.seq}",
        "history_id": point.history_id,
        "at_ms": point.at_ms,
        "name": None if named is None else named.text,
        "named_by": None if named is None else {"id": named.author_id, "name": named.author_name},
        "named_at_ms": None if named is None else named.at_ms,
    }


# -- the rebase --


async def rebase(call: Call) -> Response:
    """Give a document that nobody has open a fresh history now. Raises: NotFound, NotRebased, JournalError."""
    document = await known(call)
    done = await call.edge.past.rebase(document.document_id)
    if done.outcome is not Outcome.REBASED:
        raise NotRebased(done.outcome, public=done.reason or NOT_REBASED[done.outcome])
    return JSONResponse({"before_bytes": done.before_bytes, "after_bytes": done.after_bytes})


_POINT_SCHEMA = {
    "type": "object",
    "required": ["point_id", "history_id", "at_ms", "name"],
    "properties": {
        "point_id": {"type": "string"},
        "history_id": {"type": "string"},
        "at_ms": {"type": "integer"},
        "name": {"type": ["string", "null"]},
        "named_by": {"type": ["object", "null"]},
        "named_at_ms": {"type": ["integer", "null"]},
    },
}
_POINTS = {"type": "object", "properties": {"points": {"type": "array", "items": _POINT_SCHEMA}}}
_VECTOR = {"type": "object", "properties": {"state_vector": {"type": "string", "contentEncoding": "base64"}}}
_MERGED = {
    "type": "object",
    "properties": {"new": {"type": "boolean"}, "changes": {"type": "integer"}, "conflicts": {"type": "integer"}},
}
_SIZES = {"type": "object", "properties": {"before_bytes": {"type": "integer"}, "after_bytes": {"type": "integer"}}}

ROUTES = (
    Route("GET", _HISTORY, Permission.EDITOR, retired, "How far a retired history went", result=_VECTOR),
    Route(
        "POST",
        f"{_HISTORY}/edits",
        Permission.EDITOR,
        hand_over,
        "Hand over edits that were made on a retired history (a Yjs update, v1)",
        result=_MERGED,
        raw_body=True,
    ),
    Route("GET", f"{_DOCUMENT}/points", Permission.VIEWER, points, "What can be read of the past", result=_POINTS),
    Route(
        "POST",
        f"{_DOCUMENT}/points",
        Permission.EDITOR,
        name_point,
        "Name the document as it is now, or a listed point",
        body=(Field("name", required=True), Field("point_id", text="a listed point; left out: now")),
        result=_POINT_SCHEMA,
        status=201,
    ),
    Route("DELETE", _POINT, Permission.EDITOR, forget_point, "Take a point's name away", status=204),
    Route("GET", f"{_POINT}/content", Permission.VIEWER, point_content, "The file as it was at a point"),
    Route("POST", f"{_DOCUMENT}/rebase", Permission.OWNER, rebase, "Go on with a fresh history", result=_SIZES),
)
