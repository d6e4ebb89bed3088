"""Owns the files that new ones can be made from: those in one folder of this machine. Knows no live folder."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from starlette.responses import JSONResponse, Response

from collab.errors import LimitExceeded, NotFound
from collab.formats.table import file_type
from collab.limits import Limits
from collab.web.access import Permission
from collab.web.routes import Call, Route

_GONE = "There is no such template any more."


async def templates(call: Call) -> Response:
    """The files of the folder of templates, by name."""
    config = call.edge.config
    names = await asyncio.to_thread(template_names, config.server.templates, config.limits)
    return JSONResponse({"templates": [{"name": name, "format": file_type(name).language} for name in names]})


def template_names(folder: Path | None, limits: Limits) -> list[str]:
    """What can be chosen: files that are not hidden and not too large; nothing where there is no folder."""
    if folder is None:
        return []
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries if not entry.name.startswith(".") and _fits(entry, limits)]
    except OSError:
        return []
    return sorted(found, key=str.casefold)[: limits.templates]


def _fits(entry: os.DirEntry[str], limits: Limits) -> bool:
    try:
        return entry.is_file() and entry.stat().st_size <= limits.template_size_bytes and entry.name.isprintable()
    except OSError:
        return False


async def template_content(folder: Path | None, name: str, limits: Limits) -> bytes:
    """The bytes of a template. Raises: NotFound, LimitExceeded."""
    return await asyncio.to_thread(_read, folder, name, limits)


def _read(folder: Path | None, name: str, limits: Limits) -> bytes:
    if folder is None or name not in template_names(folder, limits):
        raise NotFound("no such template", public=_GONE)
    try:
        with (folder / name).open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise NotFound("no file", public=_GONE)
            content = file.read(limits.template_size_bytes + 1)
    except OSError as error:
        raise NotFound(str(error), public=_GONE) from None
    if len(content) > limits.template_size_bytes:
        raise LimitExceeded("template_size_bytes")
    return content


_TEMPLATE = {
    "type": "object",
    "required": ["name", "format"],
    "properties": {"name": {"type": "string"}, "format": {"type": "string"}},
}

ROUTES = (
    Route(
        "GET",
        "/api/v1/templates",
        Permission.EDITOR,
        templates,
        "Files that new ones can be made from",
        result={"type": "object", "properties": {"templates": {"type": "array", "items": _TEMPLATE}}},
    ),
)
