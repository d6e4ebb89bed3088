"""Every route stands in a table, says who may call it, and is held to that."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route as StarletteRoute

from collab.protocol.roles import Role
from collab.web.access import Permission
from collab.web.app import Application
from collab.web.openapi import openapi_document
from collab.web.route_table import ROUTES
from collab.web.routes import Route
from tests.web.edge_server import JSON, Running, bearer, make_config

PUBLIC = {
    "GET /embed",
    "GET /output-frame",
    "GET /output-frame/run",
    "GET /hosting/capabilities",
    "GET /hosting/discovery",
    "GET /wopi/edit",
    "POST /wopi/edit",
    "GET /static/{name:path}",
    "GET /robots.txt",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "POST /api/v1/jupyter/sessions",
    "POST /api/v1/jupyter/events",
}
"""Routes that ask nobody anything; `/metrics` asks for this machine by itself, Jupyter's for a credential."""
VISITOR = {
    "GET /",
    "GET /edit/{path:path}",
    "GET /s",
    "GET /api/v1/me",
    "POST /api/v1/session",
    "GET /oidc/login",
    "GET /oidc/callback",
    "DELETE /api/v1/session",
    "POST /api/v1/shares/redeem",
    "GET /api/v1/openapi.json",
}


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_the_application_serves_the_table_and_one_websocket(tmp_path) -> None:  # type: ignore[no-untyped-def]  # Path
    (tmp_path / "docs").mkdir()
    application = Application(make_config(tmp_path / "docs"), 8000)
    served = application._starlette.routes

    tabled = {(route.method, route.path) for route in ROUTES}
    plain = [route for route in served if isinstance(route, StarletteRoute)]
    assert {(method, route.path) for route in plain for method in (route.methods or set()) - {"HEAD"}} == tabled
    assert set(application.sockets.prefixes) == {"/ws/", "/jupyter/", "/hocuspocus"}
    assert len(plain) == len(served)


def test_only_these_routes_let_strangers_in() -> None:
    assert {name(route) for route in ROUTES if route.permission is Permission.ANYBODY} == PUBLIC
    assert {name(route) for route in ROUTES if route.permission is Permission.VISITOR} == VISITOR


def test_no_route_is_there_twice() -> None:
    assert len({name(route) for route in ROUTES}) == len(ROUTES)


def test_the_description_names_every_route_with_its_permission() -> None:
    paths = openapi_document(ROUTES)["paths"]

    for route in ROUTES:
        operation = paths[re.sub(r":\w+}", "}", route.path)][route.method.lower()]  # type: ignore[index]  # a JSON tree
        assert operation["x-permission"] == route.permission.value
        assert operation["summary"]


GUARDED = [route for route in ROUTES if route.permission in (Permission.VIEWER, Permission.EDITOR, Permission.OWNER)]
RANK = {"viewer": 0, "commenter": 1, "editor": 2, "owner": 3}


@pytest.mark.parametrize("role", [None, *Role], ids=str)
async def test_each_role_may_call_what_its_rank_allows(site: Running, role: Role | None) -> None:
    client = site.client(headers={} if role is None else bearer(site, role))
    for route in GUARDED:
        if route.path.endswith("/drain"):
            continue
        answer = await client.request(
            route.method,
            re.sub(r"{[^}]*}", "none", route.path),
            params={field.name: "none" for field in route.query},
            content=b"{}" if route.method in {"POST", "PUT"} else None,
            headers=JSON | {"Origin": site.url},
        )
        allowed = role is not None and RANK[role.value] >= RANK[route.permission.value]
        told = answer.json()["error"]["code"] if answer.status_code >= 400 else ""
        if role is None:
            assert answer.status_code == 401, name(route)
        elif not allowed:
            assert (answer.status_code, told) == (403, "permission_denied"), name(route)
        else:
            assert answer.status_code != 403, f"{name(route)}: {answer.text}"


async def test_a_cookie_alone_changes_nothing_without_our_origin(site: Running) -> None:
    token = bearer(site, Role.OWNER)["Authorization"].split()[1]
    browser = site.client()
    await browser.post("/api/v1/session", json={"token": token}, headers={"Origin": site.url})
    body = {"path": "new.md"}

    assert (await browser.post("/api/v1/files", json=body)).status_code == 403
    assert (await browser.post("/api/v1/files", json=body, headers={"Origin": "https://evil.com"})).status_code == 403
    assert (await browser.post("/api/v1/files", json=body, headers={"Origin": site.url})).status_code == 201


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Running) -> None:
    token = bearer(site, Role.OWNER)["Authorization"].split()[1]

    answer = await site.client().post("/api/v1/session", json={"token": token}, headers={"Origin": site.url})

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie


async def test_a_body_that_is_no_json_of_the_right_kind_is_refused(server: Running) -> None:
    client = server.client()

    for content, headers in [
        (b"path=a", {"Content-Type": "text/plain"}),
        (b"[]", JSON),
        (b'{"path": 1}', JSON),
        (b"{}", JSON),
    ]:
        answer = await client.post("/api/v1/files", content=content, headers=headers)
        assert answer.status_code == 400, content
