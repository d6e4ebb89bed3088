"""Owns the routes for folders and files: list, search, make, upload, download, rename, delete; knows no document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from collab.audit import Event
from collab.errors import MalformedMessage, PermissionDenied
from collab.formats.rich.blank import blank_file
from collab.formats.sheet.blank import blank_sheet
from collab.formats.table import file_type
from collab.protocol.roles import Identity
from collab.rooms.storage_file import Root
from collab.web.access import Permission
from collab.web.auditing import note
from collab.web.edge import credentials_of, folders_of
from collab.web.entries import RASTER_TYPES, entry_json, extension_of, person_json
from collab.web.errors import AlreadyThere
from collab.web.routes import Call, Field, Route, read_body
from collab.web.security import SANDBOX_POLICY
from collab.web.templates import template_content
from collab.web.transfers import HeldResponse
from connectors.base import Connector, Credentials, EntryKind, Folders, Stat, Version
from connectors.errors import ConnectorError, FileMissing


@dataclass(frozen=True, slots=True)
class Place:
    """A checked path in a live folder, with the right that is used there."""

    root: Root
    path: str
    credentials: Credentials

    @property
    def connector(self) -> Connector:
        return self.root.connector


def place(call: Call, name: str = "path", *, writing: bool = False) -> Place:
    """The place that a request names. Raises: NotFound, PermissionDenied, ImpossiblePath."""
    grant = call.access.need()
    path = call.text(name)
    root = call.edge.root(grant, call.text("root"), path)
    if writing and not root.writable:
        raise PermissionDenied("root is read-only", public="This folder is read-only.")
    return Place(root, path, credentials_of(grant))


async def list_folder(call: Call) -> Response:
    at = place(call)
    stats = await folders_of(at.root).list(at.path, at.credentials, limit=call.edge.config.limits.folder_entries)
    return JSONResponse(
        {
            "root": at.root.name,
            "path": at.path,
            "writable": at.root.writable and call.access.need().role.may_write,
            "entries": await entries(call, at.root, sorted(_shown(call, stats), key=_folders_first)),
        }
    )


def _shown(call: Call, stats: Iterable[Stat]) -> list[Stat]:
    """Without the names that begin with a dot, unless they were asked for."""
    hidden = call.text("hidden") == "1"
    return [stat for stat in stats if hidden or not stat.path.rpartition("/")[2].startswith(".")]


async def entries(call: Call, root: Root, stats: Sequence[Stat]) -> list[dict[str, object]]:
    """Stats as Entries, with the people who are in them now."""
    people = await people_by_path(call, root.name)
    limits = call.edge.config.limits
    return [entry_json(stat, people.get(stat.path, ()), limits) for stat in stats]


async def people_by_path(call: Call, root: str) -> Mapping[str, Sequence[Identity]]:
    return {live.path: live.people for live in await call.edge.rooms.live() if live.root == root}


async def search(call: Call) -> Response:
    """Look for a part of a name, folder by folder, nearest first."""
    at, wanted, limits = place(call), call.text("q").casefold(), call.edge.config.limits
    found: list[Stat] = []
    folders, looked, truncated = [at.path], 0, False
    while folders and wanted and not truncated:
        looked += 1
        listed = await _entries_or_none(folders_of(at.root), folders.pop(0), at.credentials, limits.folder_entries)
        below = _shown(call, listed)
        folders += [stat.path for stat in below if stat.kind is EntryKind.FOLDER]
        found += [stat for stat in below if wanted in stat.path.rpartition("/")[2].casefold()]
        truncated = len(found) > limits.search_entries or (looked >= limits.search_folders and bool(folders))
    shown = sorted(found[: limits.search_entries], key=_folders_first)
    return JSONResponse({"entries": await entries(call, at.root, shown), "truncated": truncated})


async def _entries_or_none(folders: Folders, path: str, credentials: Credentials, limit: int) -> Sequence[Stat]:
    """A folder that vanished or is closed to us has nothing to find."""
    try:
        return sorted(await folders.list(path, credentials, limit=limit), key=lambda stat: stat.path)
    except ConnectorError:
        if path == "":
            raise
        return ()


async def live(call: Call) -> Response:
    """Which documents are open now, as far as this person may see."""
    grant = call.access.need()
    documents = [
        {
            "path": item.path,
            "root": item.root,
            "name": item.path.rpartition("/")[2],
            "format": file_type(item.path).language,
            "people": [person_json(person) for person in item.people],
        }
        for item in await call.edge.rooms.live()
        if item.root is not None and grant.covers(item.root, item.path)
    ]
    return JSONResponse({"documents": documents})


async def make_folder(call: Call) -> Response:
    at = place(call, writing=True)
    stat = await folders_of(at.root).create_folder(at.path, at.credentials)
    return JSONResponse((await entries(call, at.root, [stat]))[0], status_code=201)


async def make_file(call: Call) -> Response:
    at = place(call, writing=True)
    content = await _first_content(call, at.path)
    await at.connector.write(at.path, content, at.credentials, if_version=None)
    note(call, Event.UPLOADED, root=at.root.name, path=at.path, replaced=False)
    return await _entry(call, at, status=201)


async def _first_content(call: Call, path: str) -> bytes:
    """What a new file begins with. Raises: NotFound, LimitExceeded (template)."""
    if template := call.text("template"):
        config = call.edge.config
        return await template_content(config.server.templates, template, config.limits)
    extension = extension_of(path)
    return call.text("content").encode() or blank_file(extension) or blank_sheet(extension) or b""


async def upload(call: Call) -> Response:
    """Store raw bytes; replaces what is there only when asked to, and only the version that was there."""
    at = place(call, writing=True)
    with call.edge.transfers.hold() as held:
        content = await read_body(call.request, call.edge.config.limits, "upload_size_bytes", held.grow)
        version = await _version_to_replace(at) if call.text("replace") == "1" else None
        await at.connector.write(at.path, content, at.credentials, if_version=version)
    note(call, Event.UPLOADED, root=at.root.name, path=at.path, replaced=version is not None)
    return await _entry(call, at, status=201 if version is None else 200)


async def _version_to_replace(at: Place) -> Version | None:
    try:
        return (await at.connector.stat(at.path, at.credentials)).version
    except FileMissing:
        return None


async def download(call: Call) -> Response:
    """The bytes in the storage. Only pictures may be shown in the page, and nothing in them runs."""
    at = place(call)
    limit = call.edge.config.limits.upload_size_bytes
    with call.edge.transfers.hold() as held:
        size_bytes = min((await at.connector.stat(at.path, at.credentials)).size_bytes, limit)
        held.grow(size_bytes)
        content = (await at.connector.read(at.path, at.credentials, limit_bytes=limit)).content
        response = attachment(content, at.path, inline=call.text("inline") == "1")
        response.held = held.moved()
    return response


def attachment(content: bytes, path: str, *, inline: bool = False) -> HeldResponse:
    """Bytes of a person's file: never as a page of ours."""
    media_type = RASTER_TYPES.get(extension_of(path)) if inline else None
    if inline and media_type is None:
        raise MalformedMessage("inline", public="Only pictures can be shown by their address.")
    name = path.rpartition("/")[2]
    disposition = "inline" if inline else "attachment"
    return HeldResponse(
        content,
        media_type=media_type or "application/octet-stream",
        headers={
            "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Security-Policy": SANDBOX_POLICY,
        },
    )


async def rename(call: Call) -> Response:
    """Move a file or folder; documents that are open stay open under their new name."""
    at, target = place(call, writing=True), place(call, "new_path", writing=True)
    if not at.path or not target.path:
        raise AlreadyThere("the root itself", public="The shared folder itself cannot be renamed here.")
    stat = await folders_of(at.root).rename(at.path, target.path, at.credentials)
    await call.edge.rooms.moved(at.root.name, at.path, target.path)
    note(call, Event.RENAMED, root=at.root.name, path=at.path, new_path=target.path)
    return JSONResponse((await entries(call, at.root, [stat]))[0])


async def delete(call: Call) -> Response:
    at = place(call, writing=True)
    if not at.path:
        raise PermissionDenied("the root itself", public="The shared folder itself cannot be deleted here.")
    await folders_of(at.root).delete(at.path, at.credentials)
    await call.edge.rooms.changed(at.root.name, at.path)
    note(call, Event.DELETED, root=at.root.name, path=at.path)
    return Response(status_code=204)


async def _entry(call: Call, at: Place, status: int) -> Response:
    stat = await at.connector.stat(at.path, at.credentials)
    return JSONResponse((await entries(call, at.root, [stat]))[0], status_code=status)


def _folders_first(stat: Stat) -> tuple[bool, str, str]:
    return stat.kind is not EntryKind.FOLDER, stat.path.casefold(), stat.path


ENTRY = {
    "type": "object",
    "required": ["name", "path", "kind", "size_bytes", "modified_ms", "format", "editable", "people"],
    "properties": {
        "name": {"type": "string"},
        "path": {"type": "string"},
        "kind": {"enum": ["file", "folder"]},
        "size_bytes": {"type": "integer"},
        "modified_ms": {"type": "integer"},
        "format": {"type": "string"},
        "editable": {"type": "boolean"},
        "people": {"type": "array", "items": {"type": "object"}},
    },
}
_ENTRIES = {"type": "array", "items": ENTRY}
_ROOT = Field("root", text="the shared folder's name; the first one when left out")
_PATH = Field("path", required=True, text="names with `/` between them, relative to the root")
_FOLDER = Field("path", text="a folder; the root when left out")
_HIDDEN = Field("hidden", text="1: also names that begin with a dot, where this server shows them")
_API = "/api/v1"

ROUTES = (
    Route(
        "GET",
        f"{_API}/folders",
        Permission.VIEWER,
        list_folder,
        "The entries of a folder",
        query=(_ROOT, _FOLDER, _HIDDEN),
        result={
            "type": "object",
            "properties": {"root": {}, "path": {}, "writable": {"type": "boolean"}, "entries": _ENTRIES},
        },
    ),
    Route(
        "GET",
        f"{_API}/search",
        Permission.VIEWER,
        search,
        "Files and folders by a part of their name",
        query=(_ROOT, _FOLDER, Field("q", required=True), _HIDDEN),
        result={"type": "object", "properties": {"entries": _ENTRIES, "truncated": {"type": "boolean"}}},
    ),
    Route("GET", f"{_API}/live", Permission.VIEWER, live, "Documents that are open now", result={"type": "object"}),
    Route(
        "POST",
        f"{_API}/folders",
        Permission.EDITOR,
        make_folder,
        "Make a folder",
        body=(_ROOT, _PATH),
        result=ENTRY,
        status=201,
    ),
    Route(
        "POST",
        f"{_API}/files",
        Permission.EDITOR,
        make_file,
        "Make a file; what is there stays",
        body=(_ROOT, _PATH, Field("content"), Field("template", text="the name of one that `templates` lists")),
        result=ENTRY,
        status=201,
    ),
    Route(
        "PUT",
        f"{_API}/files/content",
        Permission.EDITOR,
        upload,
        "Upload raw bytes",
        query=(_ROOT, _PATH, Field("replace", text="1: replace what is there")),
        result=ENTRY,
        raw_body=True,
    ),
    Route(
        "GET",
        f"{_API}/files/content",
        Permission.VIEWER,
        download,
        "The bytes in the storage",
        query=(_ROOT, _PATH, Field("inline", text="1: to be shown in a page, pictures only")),
    ),
    Route(
        "POST",
        f"{_API}/files/rename",
        Permission.EDITOR,
        rename,
        "Rename or move",
        body=(_ROOT, _PATH, Field("new_path", required=True)),
        result=ENTRY,
    ),
    Route("DELETE", f"{_API}/files", Permission.EDITOR, delete, "Delete", query=(_ROOT, _PATH), status=204),
)
