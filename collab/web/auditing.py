"""Owns what the edge notes in the audit log, and whom it names there; knows no file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from collab.audit import Event
from collab.auth.tokens import Grant
from collab.errors import CollabError, PermissionDenied, Unauthenticated

if TYPE_CHECKING:
    from collab.web.edge import Edge
    from collab.web.joining import Joined
    from collab.web.routes import Call

_GRANT = "grant"
_REFUSALS = (PermissionDenied, Unauthenticated)


def person(grant: Grant | None) -> Mapping[str, object]:
    """Whom a line names: the share link, where somebody came by one, included."""
    if grant is None:
        return {}
    return {
        "user_id": grant.user_id,
        "name": grant.name,
        "role": grant.role.value,
        "share_id": grant.share_id,
    }


def note(call: Call, event: Event, **facts: object) -> None:
    """Write down what the one who asks did."""
    call.edge.audit.note(event, person(call.access.grant), **facts)


def note_refused(edge: Edge, asked: HTTPConnection, error: CollabError) -> None:
    """Write down that somebody was refused, if it was for their right."""
    if edge.audit.enabled and isinstance(error, _REFUSALS):
        grant = asked.scope.get("state", {}).get(_GRANT)
        method = asked.scope.get("method", "WEBSOCKET")
        facts = {"code": error.code, "reason": str(error), "method": method, "path": asked.scope["path"]}
        edge.audit.note(Event.REFUSED, person(grant), **facts)


def watch(edge: Edge, joined: Joined) -> None:
    """Write down that somebody opened a document, and their first edit when it comes."""
    if not edge.audit.enabled:
        return
    who, facts = person(joined.grant), _document(edge, joined)
    edge.audit.note(Event.OPENED, who, **facts)
    joined.connection.on_first_edit = lambda: edge.audit.note(Event.WROTE, who, **facts)


def note_left(edge: Edge, joined: Joined) -> None:
    """Write down that somebody is gone, and how much they wrote."""
    if edge.audit.enabled:
        edge.audit.note(Event.LEFT, person(joined.grant), **_document(edge, joined), edits=joined.connection.edits)


def _document(edge: Edge, joined: Joined) -> dict[str, object]:
    connection = joined.connection
    root, path = edge.rooms.local.roll.place_of(joined.document_id)
    return {
        "document_id": joined.document_id,
        "root": root,
        "path": path,
        "dialect": connection.access.dialect,
        "connection": connection.number,
    }
