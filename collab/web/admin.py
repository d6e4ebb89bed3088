"""Owns the routes of the operator: health, metrics, drain, withdrawing access, and the API's own description."""

from __future__ import annotations

import asyncio

from starlette.responses import JSONResponse, Response

from collab.audit import Event
from collab.errors import JournalError, MalformedMessage, PermissionDenied
from collab.node.calls import Ready
from collab.web.access import Permission
from collab.web.auditing import note
from collab.web.edge import Edge
from collab.web.metrics import CONTENT_TYPE, text_of
from collab.web.routes import Call, Field, Route

_SUBJECTS = ("jti:", "sub:", "share:")
_YEAR_MS = 366 * 24 * 3600 * 1000


async def healthz(call: Call) -> Response:
    """The process answers; nothing else is asked."""
    return JSONResponse({"status": "ok"})


async def readyz(call: Call) -> Response:
    """Whether a load balancer should send people here: not while draining, without a journal, or short of a worker."""
    others = await call.edge.rooms.ready()
    said = [await ready_here(call.edge), *(other for other in others.values() if other is not None)]
    missing = sorted(name for name, other in others.items() if other is None)
    journal, draining = all(one.journal for one in said), any(one.draining for one in said)
    ready = journal and not draining and not missing
    body = {
        "ready": ready,
        "draining": draining,
        "journal": "ok" if journal else "unavailable",
        "workers": len(others) + 1,
        "missing": missing,
    }
    return JSONResponse(body, status_code=200 if ready else 503)


async def ready_here(edge: Edge) -> Ready:
    """What this worker says of itself."""
    try:
        await edge.store.revocations(edge.clock.wall_ms())
    except JournalError:
        return Ready(journal=False, draining=edge.draining)
    return Ready(journal=True, draining=edge.draining)


async def metrics(call: Call) -> Response:
    if not call.edge.config.server.metrics_open:
        await call.edge.gate.admit(call.request, Permission.THIS_MACHINE)
    workers = [call.edge.metrics.families(), *await call.edge.rooms.measures()]
    return Response(text_of(workers), media_type=CONTENT_TYPE)


async def drain(call: Call) -> Response:
    """Take no more rooms, store everything, send the clients elsewhere; `/readyz` says no from now on."""
    need_all(call)
    note(call, Event.DRAINED)
    async with asyncio.TaskGroup() as group:
        group.create_task(call.edge.drain(), name="drain: here")
        group.create_task(call.edge.rooms.drain_others(), name="drain: others")
    return JSONResponse({"node": call.edge.node, "draining": True})


def need_all(call: Call) -> None:
    """What concerns the whole server is for owners of everything. Raises: Unauthenticated, PermissionDenied."""
    if call.access.need().scopes is not None:
        raise PermissionDenied("owner of a part only")


async def withdraw(call: Call) -> Response:
    """Refuse a token, a person or a share from now on. Raises: MalformedMessage, PermissionDenied."""
    subject = call.text("subject")
    if not subject.startswith(_SUBJECTS):
        raise MalformedMessage("subject", public="The subject is `jti:…`, `sub:…` or `share:…`.")
    need_all(call)
    await call.edge.revocations.revoke(subject, call.edge.clock.wall_ms() + _YEAR_MS)
    await call.edge.sockets.recheck()
    note(call, Event.REVOKED, subject=subject)
    return Response(status_code=204)


async def openapi(call: Call) -> Response:
    return JSONResponse(call.edge.openapi)


ROUTES = (
    Route("GET", "/healthz", Permission.ANYBODY, healthz, "The process answers", result={"type": "object"}),
    Route("GET", "/readyz", Permission.ANYBODY, readyz, "Whether to send people here", result={"type": "object"}),
    Route("GET", "/metrics", Permission.ANYBODY, metrics, "Prometheus metrics, from this machine only by default"),
    Route(
        "POST",
        "/api/v1/admin/drain",
        Permission.OWNER,
        drain,
        "Stop taking rooms, store all, tell clients to come back",
        result={"type": "object"},
    ),
    Route(
        "POST",
        "/api/v1/admin/revocations",
        Permission.OWNER,
        withdraw,
        "Withdraw a token, a person's tokens or a share",
        body=(Field("subject", required=True, text="`jti:ID`, `sub:USER` or `share:ID`"),),
        status=204,
    ),
    Route(
        "GET",
        "/api/v1/openapi.json",
        Permission.VISITOR,
        openapi,
        "This table for machines",
        result={"type": "object"},
    ),
)
