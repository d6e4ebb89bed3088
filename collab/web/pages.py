"""Owns the pages and static files that browsers load; knows the built bundle's layout, and no document."""

from __future__ import annotations

import json
import mimetypes
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from starlette.responses import FileResponse, HTMLResponse, Response

from collab.errors import NotFound
from collab.web.access import Permission
from collab.web.errors import MESSAGE_CSS, message_page
from collab.web.routes import Call, Route
from collab.web.security import page_policy

STATIC = Path(__file__).resolve().parent.parent / "static"
NONCE = "{{nonce}}"
JUPYTER = "{{jupyter}}"
_HASHED = re.compile(r"[.-][A-Za-z0-9_]{8,}\.[a-z0-9.]+$")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
APP = '<div id="app"></div>'
"""Where a page gets its data, behind this."""
SDK = "collab-embed."
_FOR_ANYBODY = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Modules of other people's pages; they are the same for everybody."""
_WORKER = re.compile(r"assets/formula-worker-[A-Za-z0-9]+\.js")
_FOR_WORKER = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; "
    "frame-ancestors 'none'"
}
"""A worker has the policy of its own script: it may compile the formula engine, which no page may."""
_MEDIA_TYPES = {".ts": "text/plain; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm"}
_FOREVER = "public, max-age=31536000, immutable"
_MISSING = "The pages of this server were not built yet. Build them once, then load this page again:"
_BUILD_COMMAND = "python static/build.py"


class Bundle:
    """The built pages and their files, read from one folder."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
        self._files = {path.relative_to(folder).as_posix(): path for path in files}

    @property
    def built(self) -> bool:
        return self.page("start") is not None

    def page(self, name: str) -> str | None:
        """The HTML of a page, None when it was not built."""
        path = self._files.get(f"{name}.html") or self._files.get("index.html")
        return None if path is None else path.read_text(encoding="utf-8")

    def file(self, name: str) -> Path:
        """A file of the bundle, by the table made at start: no path is ever put together from a request.

        Raises: NotFound.
        """
        path = self._files.get(name) if _NAME.fullmatch(name) else None
        if path is None or path.suffix == ".html":
            raise NotFound("no such static file", public="There is nothing at this address.")
        return path


def _shell(call: Call, name: str) -> Response:
    text = call.edge.bundle.page(name)
    if text is None:
        return message_page("Almost there", _MISSING, status=503, code=_BUILD_COMMAND)
    nonce = secrets.token_urlsafe(16)
    host = call.request.headers.get("host", "")
    servers = call.edge.config.server.jupyter_servers
    return HTMLResponse(
        text.replace(NONCE, nonce).replace(JUPYTER, " ".join(servers)),
        headers={
            "Content-Security-Policy": page_policy(host, nonce, jupyter_servers=servers),
            "Cache-Control": "no-cache",
        },
    )


async def start_page(call: Call) -> Response:
    return _shell(call, "start")


async def edit_page(call: Call) -> Response:
    return _shell(call, "edit")


async def share_page(call: Call) -> Response:
    return _shell(call, "share")


async def static_file(call: Call) -> Response:
    name = call.request.path_params["name"]
    if name == "message.css":
        return Response(MESSAGE_CSS, media_type="text/css", headers={"Cache-Control": "no-cache"})
    path = call.edge.bundle.file(name)
    cache = _FOREVER if _HASHED.search(path.name) else "no-cache"
    media_type = _MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    others = _FOR_ANYBODY if name.startswith(SDK) else _FOR_WORKER if _WORKER.fullmatch(name) else {}
    return FileResponse(path, media_type=media_type, headers={"Cache-Control": cache, **others})


def with_data(text: str, nonce: str, data: Mapping[str, object]) -> str:
    """A page for a frame, with what it needs to know in it; nothing of that can end the element that it stands in."""
    plain = json.dumps(data).replace("<", "\\u003c")
    island = f'<script type="application/json" id="launch">{plain}</script>'
    return text.replace(NONCE, nonce).replace(JUPYTER, "").replace(APP, APP + island)


async def embed_page(call: Call) -> Response:
    """The editor in a frame of a site's own page; only the configured origins may show it."""
    text = call.edge.bundle.page("embed")
    if text is None:
        return message_page("Almost there", _MISSING, status=503, code=_BUILD_COMMAND)
    nonce = secrets.token_urlsafe(16)
    origins = sorted(str(origin) for origin in call.edge.gate.allowed)
    policy = page_policy(call.request.headers.get("host", ""), nonce, origins)
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-cache",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return HTMLResponse(with_data(text, nonce, {"origins": origins}), headers=headers)


async def robots(call: Call) -> Response:
    return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")


ROUTES = (
    Route("GET", "/", Permission.VISITOR, start_page, "The start page"),
    Route("GET", "/edit/{path:path}", Permission.VISITOR, edit_page, "The editor of one file"),
    Route("GET", "/s", Permission.VISITOR, share_page, "The page behind a share link"),
    Route("GET", "/embed", Permission.ANYBODY, embed_page, "The editor in a frame of a site's own page"),
    Route("GET", "/static/{name:path}", Permission.ANYBODY, static_file, "A file of the pages"),
    Route("GET", "/robots.txt", Permission.ANYBODY, robots, "Keeps search engines out"),
)
