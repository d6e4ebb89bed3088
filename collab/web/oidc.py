"""Owns the routes that send a browser to the OpenID Connect provider, and take it back with a session."""

from __future__ import annotations

import re

from starlette.responses import RedirectResponse, Response

from collab.audit import Event
from collab.auth.oidc import LOGIN_S, TRY_AGAIN
from collab.errors import NotFound, PermissionDenied
from collab.web.access import Permission
from collab.web.auditing import person
from collab.web.provider import Provider
from collab.web.routes import Call, Field, Route
from collab.web.session import set_cookie

LOGIN = "/oidc/login"
CALLBACK = "/oidc/callback"
_COOKIE = "collab_oidc"
_COOKIE_PATH = "/oidc"
_OURS = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")
"""A path of this server: nothing that a browser would read as another host."""
_SEE_OTHER = 303


async def login(call: Call) -> Response:
    """Leave for the provider. Raises: NotFound (none is set), StorageUnavailable."""
    wanted = call.request.query_params.get("next", "/")
    target = wanted if _OURS.fullmatch(wanted) else "/"
    url, cookie = await _provider(call).begin(target, _redirect_uri(call))
    answer = RedirectResponse(url, status_code=_SEE_OTHER)
    answer.set_cookie(
        _COOKIE,
        cookie,
        max_age=LOGIN_S,
        path=_COOKIE_PATH,
        httponly=True,
        samesite="lax",
        secure=call.edge.is_https(call.request),
    )
    return answer


async def callback(call: Call) -> Response:
    """Come back with a code. Raises: NotFound, Unauthenticated, PermissionDenied, StorageUnavailable."""
    edge, query, provider = call.edge, call.request.query_params, _provider(call)
    begun = provider.logins.resume(call.request.cookies.get(_COOKIE, ""), query.get("state", ""))
    if "error" in query or "code" not in query:
        raise PermissionDenied(f"the provider said {query.get('error', 'nothing')[:80]}", public=TRY_AGAIN)
    found = await provider.finish(begun, query["code"], query.get("iss"), _redirect_uri(call))
    session = edge.tokens.new(found.user_id, found.name, found.role, edge.config.auth.session_lifetime_s)
    await edge.revocations.check(session)
    edge.audit.note(Event.SIGNED_IN, person(session), by="oidc")
    answer = RedirectResponse(begun.target, status_code=_SEE_OTHER)
    answer.delete_cookie(_COOKIE, path=_COOKIE_PATH, httponly=True, samesite="lax")
    set_cookie(call, answer, session)
    return answer


def _provider(call: Call) -> Provider:
    if call.edge.provider is None:
        raise NotFound("no provider", public="This server has no sign-in of this kind.")
    return call.edge.provider


def _redirect_uri(call: Call) -> str:
    return f"{call.edge.address(call.request)}{CALLBACK}"


ROUTES = (
    Route(
        "GET",
        LOGIN,
        Permission.VISITOR,
        login,
        "Sign in at the OpenID Connect provider",
        query=(Field("next", text="the path to go to then"),),
        status=_SEE_OTHER,
    ),
    Route("GET", CALLBACK, Permission.VISITOR, callback, "Where the provider sends people back", status=_SEE_OTHER),
)
