"""Owns the dialect of Jupyter's shared documents: a session by HTTP first, then y-websocket's messages in its room."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

from collab.protocol.codec import Reader
from loadtest.dialects.base import Incoming, Kind
from loadtest.dialects.ywebsocket import YWebsocket

_TIMEOUT_S = 30.0
_ANSWER_SIZE_BYTES = 64 * 1024
_TYPES = {".ipynb": ("json", "notebook")}
_EMPTY = {"notebook": {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, "file": ""}


class Jupyter(YWebsocket):
    """A document of a Jupyter server with jupyter-collaboration, or of one that speaks like it."""

    def __init__(self, base: str, path: str, token: str | None) -> None:
        address = urlsplit(base)
        secure = address.scheme in ("https", "wss")
        where = f"{address.netloc}{address.path.rstrip('/')}"
        self._http = f"{'https' if secure else 'http'}://{where}"
        self._ws = f"{'wss' if secure else 'ws'}://{where}"
        self._path = path
        self._token = token
        suffix = path[path.rfind(".") :] if "." in path else ""
        self._format, self._type = _TYPES.get(suffix, ("text", "file"))
        self.url = ""

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        return (("Authorization", f"token {self._token}"),) if self._token else ()

    async def prepare(self) -> None:
        """Make the file where there is none, and ask for the session. Raises: OSError."""
        if await asyncio.to_thread(self._ask, "GET", f"contents/{quote(self._path)}?content=0", None, True) is None:
            content = {"type": self._type, "format": self._format, "content": _EMPTY[self._type]}
            await asyncio.to_thread(self._ask, "PUT", f"contents/{quote(self._path)}", content)
        kind = {"format": self._format, "type": self._type}
        session = await asyncio.to_thread(self._ask, "PUT", f"collaboration/session/{quote(self._path, safe='')}", kind)
        if session is None or not {"format", "type", "fileId", "sessionId"} <= session.keys():
            raise OSError("the answer about the session is not one of Jupyter's")
        room = f"{session['format']}:{session['type']}:{session['fileId']}"
        self.url = f"{self._ws}/api/collaboration/room/{room}?sessionId={quote(str(session['sessionId']))}"

    def _decode_auth(self, reader: Reader) -> Incoming:
        return Incoming(Kind.OTHER)  # their type 2 is "raw": answers about saving

    def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None, may_miss: bool = False
    ) -> Mapping[str, object] | None:
        """One request of the REST interface; None: not found. Raises: OSError."""
        request = urllib.request.Request(  # noqa: S310 - the scheme is ours
            f"{self._http}/api/{path}",
            json.dumps(body).encode() if body is not None else None,
            dict(self.headers) | {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
                found = json.loads(answer.read(_ANSWER_SIZE_BYTES))
        except urllib.error.HTTPError as error:
            if may_miss and error.code == 404:
                return None
            raise OSError(f"{method} /api/{path.partition('?')[0]} answered HTTP {error.code}") from None
        except ValueError:
            raise OSError(f"{method} /api/{path.partition('?')[0]} did not answer with JSON") from None
        if not isinstance(found, dict):
            raise OSError(f"{method} /api/{path.partition('?')[0]} did not answer with an object")
        return found
