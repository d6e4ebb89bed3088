"""Owns signing in and out and `GET /me`: what the browser may know about who it is."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from collab import __version__
from collab.audit import Event
from collab.auth.tokens import Grant, Purpose
from collab.errors import PermissionDenied
from collab.web.access import Permission, identity_json
from collab.web.auditing import note, person
from collab.web.routes import Call, Field, Route


async def me(call: Call) -> Response:
    """Who asks. In open mode the first call gives the browser an identity of its own to keep."""
    edge, grant = call.edge, call.access.grant
    fresh = call.access.open_mode and grant is not None and edge.gate.cookie_name not in call.request.cookies
    if fresh:
        grant = edge.gate.new_local()
    answer = JSONResponse(
        {
            "mode": "open" if call.access.open_mode else "token",
            "signed_in": grant is not None,
            "user": None if grant is None else identity_json(grant.identity),
            "role": None if grant is None else grant.role.value,
            "roots": [
                {"name": root.name, "writable": root.writable, "hidden_files": root.hidden_files}
                for root in ([] if grant is None else edge.roots_of(grant))
            ],
            "version": __version__,
            "sign_in": None if edge.provider is None else {"name": edge.provider.config.name, "url": "/oidc/login"},
        }
    )
    if fresh and grant is not None:
        set_cookie(call, answer, grant)
    return answer


async def sign_in(call: Call) -> Response:
    """Swap a token for a cookie. Raises: Unauthenticated, PermissionDenied (used already, revoked)."""
    edge = call.edge
    grant = edge.tokens.verify(Purpose.ACCESS, call.text("token"))
    await edge.revocations.check(grant)
    if grant.once:
        await _use_up(call, grant)
    session = edge.tokens.derive(grant, edge.config.auth.session_lifetime_s)
    if grant.once:
        session = edge.gate.new_local()
    answer = JSONResponse({"user": identity_json(session.identity), "role": session.role.value})
    set_cookie(call, answer, session)
    edge.audit.note(Event.SIGNED_IN, person(session), by="token")
    return answer


async def sign_out(call: Call) -> Response:
    """Forget the session on both sides."""
    if call.access.grant is not None and not call.access.open_mode:
        grant = call.access.grant
        await call.edge.revocations.revoke(f"jti:{grant.token_id}", grant.expires_s * 1000)
        note(call, Event.SIGNED_OUT)
    answer = Response(status_code=204)
    answer.delete_cookie(call.edge.gate.cookie_name, httponly=True, samesite="lax")
    return answer


async def _use_up(call: Call, grant: Grant) -> None:
    """A one-time token opens this server once. Raises: PermissionDenied."""
    if not call.access.open_mode:
        raise PermissionDenied("one-time token outside open mode")
    await call.edge.revocations.revoke(f"jti:{grant.token_id}", grant.expires_s * 1000)


def set_cookie(call: Call, answer: Response, grant: Grant) -> None:
    """Let the browser keep this session."""
    edge = call.edge
    answer.set_cookie(
        edge.gate.cookie_name,
        edge.tokens.sign(Purpose.SESSION, grant),
        max_age=max(0, grant.expires_s - edge.clock.wall_ms() // 1000),
        httponly=True,
        samesite="lax",
        secure=edge.is_https(call.request),
    )


_USER = {"type": ["object", "null"], "properties": {"id": {}, "name": {}, "color": {}}}
_ME = {
    "type": "object",
    "required": ["mode", "signed_in", "user", "role", "roots", "version"],
    "properties": {
        "mode": {"enum": ["open", "token"]},
        "signed_in": {"type": "boolean"},
        "user": _USER,
        "role": {"type": ["string", "null"]},
        "roots": {"type": "array", "items": {"type": "object"}},
        "version": {"type": "string"},
        "sign_in": {"type": ["object", "null"]},
    },
}

ROUTES = (
    Route("GET", "/api/v1/me", Permission.VISITOR, me, "Who asks, and what is shared here", result=_ME),
    Route(
        "POST",
        "/api/v1/session",
        Permission.VISITOR,
        sign_in,
        "Swap a token for the session cookie",
        body=(Field("token", required=True, text="an access token, from the URL's fragment"),),
    ),
    Route("DELETE", "/api/v1/session", Permission.VISITOR, sign_out, "Sign out", status=204),
)
