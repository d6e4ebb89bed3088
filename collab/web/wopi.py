"""Owns the routes of WOPI: what hosts read, how their pages open a file, and what an open page may ask of its host.

Who may do what comes from the host's answers alone. No token is in an address that a browser shows, nor in a log.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from starlette.responses import HTMLResponse, JSONResponse, Response

from collab.errors import CollabError, NotFound, PermissionDenied, Unauthenticated
from collab.rooms.storage_file import map_error
from collab.store.base import DocumentRecord
from collab.web.access import Permission
from collab.web.documents import room_answer
from collab.web.errors import message_page
from collab.web.pages import with_data
from collab.web.routes import Call, Field, Route
from collab.web.security import page_policy
from collab.web.wopi_discovery import LAUNCH_PATH, capabilities, discovery
from collab.web.wopi_door import ROOT, Guest, WopiDoor, rotate
from collab.web.wopi_launch import Launch, expiry_ms
from connectors.addresses import AddressRules, parse_target
from connectors.errors import AddressRefused, ConnectorError
from connectors.wopi_calls import TokenRefused
from connectors.wopi_files import new_name, put_user_info, rename, save_as
from connectors.wopi_source import WopiToken

log = structlog.get_logger(__name__)

_DOCUMENT = "/api/v1/documents/{document_id}/wopi"
NOT_ALLOWED = "This server does not open files of that host. Its administrator can allow it (COLLAB_WOPI_HOSTS)."
_POST_MESSAGES = (
    "ClosePostMessage",
    "EditModePostMessage",
    "EditNotificationPostMessage",
    "FileSharingPostMessage",
    "FileVersionPostMessage",
)
_SWITCHES = ("EnableShare", "DisablePrint", "DisableExport", "HidePrintOption", "HideSaveOption", "HideExportOption")
_ADDRESSES = ("CloseUrl", "HostEditUrl", "HostViewUrl", "FileSharingUrl", "FileVersionUrl", "DownloadUrl")


async def show_discovery(call: Call) -> Response:
    """What hosts may open here."""
    door = _door(call)
    content = discovery(call.edge.address(call.request), door.keys.keys.attributes(), door.config.extensions)
    return Response(content, media_type="application/xml", headers={"Cache-Control": "no-cache"})


async def show_capabilities(call: Call) -> Response:
    """What this editor can do."""
    return JSONResponse(capabilities())


async def launch(call: Call) -> Response:
    """A host's page opens a file: the editor, with what it needs to join; a refusal is shown by the page too."""
    edge = call.edge
    page = edge.bundle.page("wopi")
    if page is None:
        return message_page("Almost there", "The pages of this server were not built yet.", status=503)
    try:
        asked = await Launch.read(call.request, edge.config.limits)
        shown = {"ui": _ui(asked), **await _open(call, WopiToken(asked.source, asked.token, asked.expires_ms), asked)}
        status = 200
    except (CollabError, ConnectorError) as error:
        told = _told(error)
        log.info("wopi_launch_refused", code=told.code, detail=str(told))
        edge.metrics.error(told.code)
        shown, status = {"problem": {"code": told.code, "message": told.public}}, told.http_status
    return _editor(call, page, shown, status)


def _editor(call: Call, page: str, shown: Mapping[str, object], status: int) -> Response:
    nonce = secrets.token_urlsafe(16)
    policy = page_policy(call.request.headers.get("host", ""), nonce, frame_ancestors(_door(call)))
    headers = {
        "Content-Security-Policy": policy,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(with_data(page, nonce, shown), status_code=status, headers=headers)


def frame_ancestors(door: WopiDoor) -> tuple[str, ...]:
    """Whose pages may show the editor."""
    return (*door.config.hosts, *door.config.frame_ancestors)


async def _open(call: Call, token: WopiToken, asked: Launch | None = None) -> dict[str, object]:
    """Check a person with the host and make the document live. Raises: CollabError, ConnectorError."""
    edge, door = call.edge, _door(call)
    guest = await door.check(token, edge.tokens, read_only=asked is not None and asked.read_only)
    opened = await edge.rooms.open(ROOT, guest.path, edge.credentials(guest.grant))
    edge.metrics.count("wopi_launches_total")
    answer = room_answer(call, opened, guest.grant)
    return {"opened": answer, "host": _host(guest, AddressRules(hosts=frame_ancestors(door)), call)}


def _host(guest: Guest, frames: AddressRules, call: Call) -> dict[str, object]:
    """What the page needs to know of the host."""
    info = guest.info
    origin = _origin(info.text("PostMessageOrigin")) or _origin(call.request.headers.get("referer", ""), frames)
    return {
        "origin": origin,
        "user_id": info.user_id,
        "is_owner": info.is_owner,
        "can": {
            "rename": info.may_rename and guest.grant.role.may_write,
            "save_as": info.may_save_as,
            "terminate": info.flag("EnableOwnerTermination") and info.is_owner,
        },
        "posts": {name: info.flag(name) for name in _POST_MESSAGES},
        "switches": {name: info.flag(name) for name in _SWITCHES},
        "urls": {name: info.text(name) for name in _ADDRESSES if _is_web(info.text(name))},
        "breadcrumb": {"brand": info.text("BreadcrumbBrandName"), "folder": info.text("BreadcrumbFolderName")},
    }


def _ui(asked: Launch) -> dict[str, object]:
    return {
        "lang": asked.language,
        "theme": asked.theme,
        "colors": dict(asked.colors),
        "close_button": asked.close_button,
    }


def _origin(address: str, frames: AddressRules | None = None) -> str | None:
    """The origin of an address; hosts write it with a slash or a path behind."""
    if not _is_web(address):
        return None
    parts = urlsplit(address)
    if frames is not None:
        try:
            frames.check_target(parse_target(f"{parts.scheme}://{parts.netloc}/"))
        except AddressRefused:
            return None
    return f"{parts.scheme}://{parts.netloc}".lower()


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and "@" not in parts.netloc


# -- of an open page --


async def renew_token(call: Call) -> Response:
    """The host gave the page a new token. Raises: PermissionDenied (another person's or file's), ConnectorError."""
    old = _token(call)
    fresh = WopiToken(old.source, call.text("access_token"), expiry_ms(call.text("access_token_ttl")))
    guest = await _door(call).check(fresh, call.edge.tokens, read_only=False)
    if guest.grant.user_id != call.access.need().user_id:
        raise PermissionDenied("token of another person", public="This token belongs to somebody else.")
    return JSONResponse(await _open(call, fresh))


async def save_a_copy(call: Call) -> Response:
    """Save what is live under another name, beside the file. Raises: NotFound, StorageError, JournalError."""
    record = await _record(call)
    content = await call.edge.rooms.content_now(record.document_id)
    made = await save_as(_door(call).connector.calls, _token(call), new_name(call.text("name")), content)
    return JSONResponse({"name": made.name, "url": made.edit_url or None})


async def rename_file(call: Call) -> Response:
    """Give the file another name. Some hosts store the body of this request, so it is what they have already."""
    record, edge = await _record(call), call.edge
    await edge.rooms.save_now(record.document_id)
    record = await _record(call)
    stored = None if record.save_base is None else await edge.store.content(record.save_base.content_hash)
    if stored is None:
        raise NotFound("no stored content", public="This file cannot be renamed now. Store it first.")
    name = await rename(_door(call).connector.calls, _token(call), new_name(call.text("name")), stored, record.lock_id)
    await edge.store.set_name(record.document_id, name)
    await edge.rooms.renamed(record.document_id, name)
    return JSONResponse({"name": name})


async def write_user_info(call: Call) -> Response:
    """Keep a few words for this person at the host. Raises: ConnectorError."""
    await put_user_info(_door(call).connector.calls, _token(call), call.text("info"))
    return Response(status_code=204)


async def rotate_keys(call: Call) -> Response:
    """New proof keys for all nodes. Raises: JournalError."""
    await rotate(call.edge.store)
    await _door(call).keys.refresh()
    return Response(status_code=204)


def _door(call: Call) -> WopiDoor:
    return call.edge.wopi


def _token(call: Call) -> WopiToken:
    """The host's token of who asks. Raises: Unauthenticated."""
    token = WopiToken.of(call.edge.credentials(call.access.need()))
    if token is None:
        raise Unauthenticated("not by WOPI")
    return token


async def _record(call: Call) -> DocumentRecord:
    record = await call.edge.store.document(call.request.path_params["document_id"])
    if record is None or record.alias.external_id != _token(call).path:
        raise NotFound("no such document", public="There is no such document.")
    return record


def _told(error: CollabError | ConnectorError) -> CollabError:
    """What a page is told."""
    if isinstance(error, CollabError):
        return error
    if isinstance(error, AddressRefused):
        return PermissionDenied(str(error), public=NOT_ALLOWED)
    if isinstance(error, TokenRefused):
        return Unauthenticated(str(error))
    return map_error(error)


_NAME = Field("name", required=True, text="the new name, with its extension")
_NAMED = {"type": "object", "properties": {"name": {"type": "string"}}}

ROUTES = (
    Route("GET", "/hosting/discovery", Permission.ANYBODY, show_discovery, "What WOPI hosts may open here"),
    Route("GET", "/hosting/capabilities", Permission.ANYBODY, show_capabilities, "What this WOPI client can do"),
    Route("POST", LAUNCH_PATH, Permission.ANYBODY, launch, "A WOPI host's page opens a file", raw_body=True),
    Route("GET", LAUNCH_PATH, Permission.ANYBODY, launch, "The same, of hosts that make no form"),
    Route("POST", "/api/v1/admin/wopi/rotate-keys", Permission.OWNER, rotate_keys, "New WOPI proof keys", status=204),
    Route(
        "POST",
        f"{_DOCUMENT}/token",
        Permission.VIEWER,
        renew_token,
        "A new token of the WOPI host",
        body=(Field("access_token", required=True), Field("access_token_ttl")),
    ),
    Route(
        "POST",
        f"{_DOCUMENT}/save-as",
        Permission.VIEWER,
        save_a_copy,
        "Save a copy at the WOPI host",
        body=(_NAME,),
        result=_NAMED,
    ),
    Route(
        "POST",
        f"{_DOCUMENT}/rename",
        Permission.EDITOR,
        rename_file,
        "Rename at the WOPI host",
        body=(_NAME,),
        result=_NAMED,
    ),
    Route(
        "POST",
        f"{_DOCUMENT}/user-info",
        Permission.VIEWER,
        write_user_info,
        "Keep a few words at the WOPI host",
        body=(Field("info", required=True),),
        status=204,
    ),
)
