"""Owns the questions to the livefolder server: in whose name they are asked, and what its answers mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.web import HTTPError

from collab.jupyter_extension.mounts import Place

_PATH = "/api/v1/jupyter"
_AWAY = 503


@dataclass(frozen=True, slots=True)
class Person:
    """The user of this Jupyter server, by its own identity provider."""

    user: str
    name: str


@dataclass(frozen=True, slots=True)
class Session:
    """A room for a file and a person."""

    document_id: str
    history_id: str
    place: Place
    websocket_url: str
    writable: bool


@dataclass(frozen=True, slots=True)
class Upstream:
    """One livefolder server. `authorization` is what proves who we are: nothing, a token, the hub's, or the secret."""

    url: str
    authorization: str
    timeout_s: float

    async def open(self, person: Person, target: dict[str, str], *, writable: bool) -> Session:
        """A session for `{"root", "path"}` or `{"document_id"}`. Raises: HTTPError (its own refusals; 503: away)."""
        told = {**target, "user": person.user, "name": person.name, "writable": writable}
        answer = await self._post("/sessions", told)
        place = Place(answer["root"], answer["path"])
        return Session(
            answer["document_id"], answer["history_id"], place, answer["websocket_url"], bool(answer["writable"])
        )

    async def report(self, person: Person, action: str, place: Place, new: Place | None = None) -> None:
        """Tell that a file was renamed or deleted. Raises: HTTPError."""
        told = {"action": action, "root": place.root, "path": place.path, "user": person.user, "name": person.name}
        await self._post("/events", told if new is None else {**told, "new_path": new.path})

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        request = HTTPRequest(
            self.url.rstrip("/") + _PATH + path,
            method="POST",
            headers=headers,
            body=json.dumps(body),
            request_timeout=self.timeout_s,
            connect_timeout=self.timeout_s,
        )
        try:
            answer = await AsyncHTTPClient().fetch(request)
            found: dict[str, Any] = json.loads(answer.body or b"{}")
        except HTTPClientError as error:
            raise HTTPError(*_refusal(error)) from None
        except (OSError, ValueError) as error:
            raise HTTPError(_AWAY, f"The livefolder server does not answer ({type(error).__name__}).") from None
        return found


def _refusal(error: HTTPClientError) -> tuple[int, str]:
    """The status and the words of a refusal; what is no answer of the server itself means that it is away."""
    if error.response is None or error.code >= 500:
        return _AWAY, "The livefolder server does not answer."
    try:
        message = str(json.loads(error.response.body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = "The livefolder server refuses."
    return error.code, message.replace("%", "%%")
