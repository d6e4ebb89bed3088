"""Owns what a failed request says: public text, a slug and a correlation id, never more."""

from __future__ import annotations

import html
from collections.abc import Callable
from http import HTTPStatus

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from collab.errors import (
    CollabError,
    InternalError,
    LockConflict,
    MalformedMessage,
    NotFound,
    PermissionDenied,
    ProtocolError,
    StorageDenied,
    StorageError,
    StorageFull,
    StorageUnavailable,
    Unauthenticated,
    VersionConflict,
)
from collab.web.auditing import note_refused
from connectors import errors as storage

log = structlog.get_logger(__name__)

_SLUGS = {404: "not_found", 405: "method_not_allowed", 400: "malformed_message", 413: "limit_exceeded"}


class AlreadyThere(StorageError):
    """A file or folder stands where one was to be made."""

    code = "already_there"
    http_status = 409


class ImpossiblePath(ProtocolError):
    """The path leaves the folder, or cannot be a name in it."""

    code = "impossible_path"


class TooLarge(StorageError):
    """More than the server handles."""

    code = "limit_exceeded"
    http_status = 413


class NotAFile(StorageError):
    """A folder or a device stands there."""

    code = "not_a_file"
    http_status = 409


class NotPossibleHere(StorageError):
    """The storage has no such operation."""

    code = "not_possible_here"
    http_status = 501


_STORAGE_ERRORS: tuple[tuple[type[storage.ConnectorError], Callable[..., CollabError], str], ...] = (
    (storage.FileMissing, NotFound, "This file or folder does not exist."),
    (storage.FileExists, AlreadyThere, "Something with this name is already there."),
    (storage.AccessDenied, StorageDenied, "The storage does not allow this."),
    (storage.VersionMismatch, VersionConflict, "The file was changed meanwhile. Look again, then retry."),
    (storage.LockHeld, LockConflict, "The file is locked by another application."),
    (storage.LockLost, LockConflict, "The file's lock was lost."),
    (storage.Unavailable, StorageUnavailable, "The storage does not answer. Try again in a moment."),
    (storage.QuotaExceeded, StorageFull, "The storage is full."),
    (storage.TooLarge, TooLarge, "This is too large to be shown or edited here."),
    (storage.NotAFile, NotAFile, "This is not a file that can be opened."),
    (storage.InvalidPath, ImpossiblePath, "This is not a possible path or name."),
    (storage.Unsupported, NotPossibleHere, "The storage cannot do this."),
)

MESSAGE_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'self'"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/static/message.css"></head>
<body><main><h1>{title}</h1><p>{text}</p>{more}<p class="quiet">{correlation_id}</p></main></body></html>
"""

MESSAGE_CSS = """:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:1rem/1.6 system-ui,sans-serif;
background:#fff;color:#1b1d21}
main{max-width:34rem;padding:1.5rem}
h1{font-size:1.35rem;font-weight:600;margin:0 0 .5rem}
p{margin:.5rem 0}
code{font:.9em ui-monospace,monospace;background:#f0f1f3;padding:.1em .35em;border-radius:4px}
.quiet{color:#5b6169;font-size:.8rem}
@media (prefers-color-scheme:dark){body{background:#1b1d21;color:#e6e8eb}code{background:#2a2d33}
.quiet{color:#a3a9b2}}
"""


def message_page(title: str, text: str, *, status: int, correlation_id: str = "", code: str = "") -> Response:
    """A whole page that says one thing; `code` is a command to type."""
    more = f"<p><code>{html.escape(code)}</code></p>" if code else ""
    page = _PAGE.format(
        title=html.escape(title), text=html.escape(text), more=more, correlation_id=html.escape(correlation_id)
    )
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": MESSAGE_POLICY}
    return HTMLResponse(page, status_code=status, headers=headers)


async def answer_error(request: Request, error: Exception) -> Response:
    """Starlette's handler for everything that a route raises."""
    told = as_collab_error(error)
    if told.http_status >= 500:
        log.error("request_failed", code=told.code, path=request.scope["path"], exc_info=error)
    else:
        log.info("request_refused", code=told.code, path=request.scope["path"], detail=str(told))
    edge = request.app.state.edge
    edge.metrics.error(told.code)
    note_refused(edge, request, told)
    return error_response(request, told, request.scope["state"]["correlation_id"])


def error_response(request: Request, error: CollabError, correlation_id: str) -> Response:
    """What the client is told: a page for people who open an address, JSON for programs."""
    if _wants_page(request):
        title = HTTPStatus(error.http_status).phrase.capitalize()
        return message_page(title, error.public, status=error.http_status, correlation_id=correlation_id)
    return error_json(error, correlation_id)


def error_json(error: CollabError, correlation_id: str) -> JSONResponse:
    """The error object of the API."""
    body = {"error": {"code": error.code, "message": error.public, "correlation_id": correlation_id}}
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status_code=error.http_status, headers=headers)


def as_collab_error(error: Exception) -> CollabError:
    """The error for clients. What is not known here is our bug."""
    if isinstance(error, CollabError):
        return error
    if isinstance(error, HTTPException):
        return _http_error(error)
    if isinstance(error, storage.ConnectorError):
        return storage_error(error)
    return InternalError(repr(error))


def storage_error(error: storage.ConnectorError) -> CollabError:
    """A connector's error for requests that go to the storage without a room: nobody's edits are concerned."""
    for kind, make, text in _STORAGE_ERRORS:
        if isinstance(error, kind):
            return make(str(error), public=text)
    return StorageError(repr(error), public="The storage refused.")


def _http_error(error: HTTPException) -> CollabError:
    known: dict[int, CollabError] = {401: Unauthenticated(), 403: PermissionDenied(), 404: NotFound()}
    mapped = known.get(error.status_code)
    if mapped is None:
        mapped = MalformedMessage(public=HTTPStatus(error.status_code).phrase + ".")
        mapped.code = _SLUGS.get(error.status_code, "malformed_message")
        mapped.http_status = error.status_code
    elif error.status_code == 404:
        mapped.public = "There is nothing at this address."
    return mapped


def _wants_page(request: Request) -> bool:
    path = request.scope["path"]
    return "text/html" in request.headers.get("accept", "") and not path.startswith(("/api/", "/static/"))
