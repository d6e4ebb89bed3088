"""Owns the routes of exports: in which formats a live document can be had, and the document in one of them.

Knows no format.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

from collab.audit import Event
from collab.document import Kind
from collab.errors import CollabError, PermissionDenied
from collab.formats.exports.targets import Target, targets_of
from collab.sandbox.office import NOT_INSTALLED
from collab.web.access import Permission
from collab.web.auditing import note
from collab.web.documents import Known, known
from collab.web.exporting import Copy
from collab.web.files import attachment
from collab.web.routes import Call, Field, Route

_DOCUMENT = "/api/v1/documents/{document_id}"
_CONVERTED = (Kind.TEXT, Kind.NOTEBOOK)
"""Taken in UTF-8, or the newest version of their format; what a zipped file is made of is in its own bytes only."""
_FORBIDDEN = "The storage that this document is in does not allow copies in other formats."


class UnknownFormat(CollabError):
    """The document cannot be had in that format."""

    code = "unknown_format"
    http_status = 400


async def export_formats(call: Call) -> Response:
    """In which formats this document can be had; `reason` where one cannot be had on this server."""
    document = await known(call)
    targets = targets_of(await _kind_of(call, document), document.shown_path)
    installed = call.edge.exports.office.installed
    return JSONResponse({"formats": [_target_json(target, installed) for target in targets]})


def _target_json(target: Target, installed: bool) -> Mapping[str, object]:
    return {
        "format": target.name,
        "label": target.label,
        "extension": target.extension,
        "slow": bool(target.via),
        "reason": NOT_INSTALLED if target.via and not installed else None,
    }


async def export_document(call: Call) -> Response:
    """What the document holds now, in another format, as an attachment.

    Raises: NotFound, PermissionDenied, UnknownFormat, TooManyRequests, and what `Exports.make` raises.
    """
    document, exports = await known(call), call.edge.exports
    await _check_host(call)
    exports.charge(call.access.need().user_id)
    wanted = call.text("format")
    kind = await _kind_of(call, document)
    if kind is None:  # nobody opened it yet
        await call.edge.rooms.content_now(document.document_id)
        kind = await _kind_of(call, document)
    target = next((one for one in targets_of(kind, document.shown_path) if one.name == wanted), None)
    if kind is None or target is None:
        raise _unknown(kind, document.shown_path)
    content = await call.edge.rooms.content_now(document.document_id, converted=kind in _CONVERTED)
    with call.edge.transfers.hold() as held:
        held.grow(len(content))
        extension, made = await exports.make(Copy(kind, document.shown_path, content), target)
        held.grow(len(made))
        note(call, Event.EXPORTED, document_id=document.document_id, path=document.path, format=target.name)
        response = attachment(made, f"{_stem(document.shown_path)}.{extension}")
        response.held = held.moved()
    return response


async def _kind_of(call: Call, document: Known) -> str | None:
    record = await call.edge.store.document(document.document_id)
    return None if record is None else record.kind


async def _check_host(call: Call) -> None:
    """A WOPI host may forbid copies. Raises: PermissionDenied, Unauthenticated, ConnectorError."""
    grant = call.access.need()
    if grant.sealed is None:
        return
    info = await call.edge.wopi.connector.check(call.edge.credentials(grant))
    if info.flag("DisableExport"):
        raise PermissionDenied("DisableExport", public=_FORBIDDEN)


def _unknown(kind: str | None, path: str) -> UnknownFormat:
    names = [target.name for target in targets_of(kind, path)]
    possible = f"Possible are: {', '.join(names)}." if names else "It can be had as it is only."
    return UnknownFormat("no such target", public=f"This document cannot be exported to that format. {possible}")


def _stem(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


_FORMAT = {
    "type": "object",
    "required": ["format", "label", "extension", "slow", "reason"],
    "properties": {
        "format": {"type": "string"},
        "label": {"type": "string"},
        "extension": {"type": "string"},
        "slow": {"type": "boolean"},
        "reason": {"type": ["string", "null"]},
    },
}

ROUTES = (
    Route(
        "GET",
        f"{_DOCUMENT}/exports",
        Permission.VIEWER,
        export_formats,
        "The formats that a document can be had in",
        result={"type": "object", "properties": {"formats": {"type": "array", "items": _FORMAT}}},
    ),
    Route(
        "GET",
        f"{_DOCUMENT}/export",
        Permission.VIEWER,
        export_document,
        "The live content in another format, as an attachment",
        query=(Field("format", required=True, text="one of those that `exports` lists"),),
    ),
)
