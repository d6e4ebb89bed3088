"""Owns the shape of the route table: what a route is, how its body is read, how it is turned into Starlette's.

Every route names who may call it; a route that is not in a table does not exist.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from collab.errors import LimitExceeded, MalformedMessage
from collab.limits import Limits
from collab.web.access import Access, Permission
from collab.web.security import is_valid_host

if TYPE_CHECKING:
    from collab.web.edge import Edge

_TYPES: Mapping[str, type] = {"string": str, "integer": int, "boolean": bool}


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a JSON body or of the query."""

    name: str
    kind: str = "string"
    required: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way through a route."""

    request: Request
    edge: Edge
    access: Access
    body: Mapping[str, object]

    def text(self, name: str, default: str = "") -> str:
        """A text of the body or of the query."""
        value = self.body.get(name, self.request.query_params.get(name, default))
        return value if isinstance(value, str) else default

    def whole(self, name: str) -> int | None:
        value = self.body.get(name)
        return value if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the API."""

    method: str
    path: str
    permission: Permission
    answer: Callable[[Call], Awaitable[Response]]
    summary: str
    body: Sequence[Field] = ()
    query: Sequence[Field] = ()
    result: Mapping[str, object] = field(default_factory=dict)
    """The JSON schema of a good answer; empty when it is not JSON."""
    status: int = 200
    raw_body: bool = False
    """The route reads the body itself, as bytes."""


def starlette_route(route: Route) -> StarletteRoute:
    """The route with its checks in front: permission first, then the body."""

    async def endpoint(request: Request) -> Response:
        edge: Edge = request.app.state.edge
        if not is_valid_host(request.headers.get("host", "localhost")):
            raise MalformedMessage("host", public="The request names no possible host.")
        access = await edge.gate.admit(request, route.permission)
        body: Mapping[str, object] = {}
        if route.method not in {"GET", "HEAD", "DELETE"} and not route.raw_body:
            body = await _json_body(request, route.body, edge.config.limits)
        _check_query(request, route.query)
        return await route.answer(Call(request, edge, access, body))

    return StarletteRoute(route.path, endpoint, methods=[route.method])


async def read_body(request: Request, limits: Limits, limit: str, grow: Callable[[int], None] | None = None) -> bytes:
    """The body, in a stream that is cut at the limit of that name and when it drips.

    `grow` is told of every part before it is kept. Raises: LimitExceeded, what `grow` raises.
    """
    most: int = getattr(limits, limit)
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > most:
        raise LimitExceeded(limit)
    body = BytesIO()
    size = 0
    try:
        async with asyncio.timeout(limits.handshake_timeout_s) as deadline:
            until = deadline.when() or 0.0
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise LimitExceeded(limit)
                if grow is not None:
                    grow(len(part))
                body.write(part)
                deadline.reschedule(until + size / limits.request_body_bytes_per_second)
    except TimeoutError:
        raise LimitExceeded("request_body_bytes_per_second") from None
    return body.getvalue()


async def _json_body(request: Request, fields: Sequence[Field], limits: Limits) -> Mapping[str, object]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise MalformedMessage("content type", public="The request needs Content-Type: application/json.")
    content = await read_body(request, limits, "request_body_size_bytes")
    try:
        value = json.loads(content or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise MalformedMessage("body", public="The body is not JSON.") from None
    if not isinstance(value, dict):
        raise MalformedMessage("body", public="The body must be a JSON object.")
    _check_fields(value, fields)
    return value


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _check_fields(value: Mapping[str, object], fields: Sequence[Field]) -> None:
    for item in fields:
        found = value.get(item.name)
        if found is None:
            if item.required:
                raise MalformedMessage("field", public=f"The body needs `{item.name}`.")
        elif type(found) is not _TYPES[item.kind]:
            raise MalformedMessage("field", public=f"`{item.name}` must be of type {item.kind}.")


def _check_query(request: Request, fields: Sequence[Field]) -> None:
    for item in fields:
        if item.required and item.name not in request.query_params:
            raise MalformedMessage("query", public=f"The address needs `{item.name}`.")
