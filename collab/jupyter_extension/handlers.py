"""Owns the requests of jupyter-docprovider and jupyter-collaboration-ui: sessions, and what is not offered here."""

from __future__ import annotations

import json
from typing import Any

import tornado.web as web
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import ensure_async

from collab.jupyter_extension.mounts import Mounts
from collab.jupyter_extension.upstream import Person, Upstream

SETTING = "livefolder_link"
NOT_SHARED = "This file is in no folder that is shared with the livefolder server."


class Link:
    """What all requests need: the server behind, and what of ours is there."""

    def __init__(self, upstream: Upstream, mounts: Mounts, most_bytes: int) -> None:
        self.upstream = upstream
        self.mounts = mounts
        self.most_bytes = most_bytes


def link_of(handler: JupyterHandler) -> Link:
    """The link of this Jupyter server."""
    found: Link = handler.settings[SETTING]
    return found


def person_of(handler: JupyterHandler) -> Person:
    """Who asks, by Jupyter's identity provider."""
    user = handler.current_user
    username = str(getattr(user, "username", "") or "jupyter")
    return Person(username, str(getattr(user, "display_name", "") or getattr(user, "name", "") or username))


async def is_writable(handler: JupyterHandler, path: str) -> bool:
    """Whether this user's own contents manager may write the file. Raises: HTTPError (404)."""
    model = await ensure_async(handler.contents_manager.get(path, content=False))
    if model["type"] == "directory":
        raise web.HTTPError(400, "This is a folder.")
    return bool(model["writable"])


class SessionHandler(APIHandler):
    """`PUT api/collaboration/session/{path}`."""

    auth_resource = "contents"

    @web.authenticated
    @authorized
    async def put(self, path: str) -> None:
        """A room for a file."""
        link, body = link_of(self), self.get_json_body() or {}
        writable = await is_writable(self, path)
        place = link.mounts.remote(path)
        if place is None:
            raise web.HTTPError(404, NOT_SHARED)
        asked = {"format": str(body.get("format")), "type": str(body.get("type"))}
        session = await link.upstream.open(
            person_of(self), {"root": place.root, "path": place.path, **asked}, writable=writable
        )
        self.set_status(200)
        self.finish(json.dumps({**asked, "fileId": session.document_id, "sessionId": session.history_id}))


class NotOfferedHandler(APIHandler):
    """Timeline, undo_redo and forks: a plain 404, at which the interface stays quiet."""

    auth_resource = "contents"

    def _answer(self) -> None:
        self.set_status(404)
        self.finish(json.dumps({"code": 404, "error": "History is in the livefolder server's own editor."}))

    @web.authenticated
    @authorized
    async def get(self, *_: Any) -> None:
        self._answer()

    @web.authenticated
    @authorized
    async def put(self, *_: Any) -> None:
        self._answer()

    @web.authenticated
    @authorized
    async def delete(self, *_: Any) -> None:
        self._answer()
