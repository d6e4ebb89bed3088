"""Pages of other origins: the configured ones may read the API with a token of their own, the others nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from collab.protocol.roles import Role
from collab.web.pages import Bundle
from tests.security.test_s02_origin import FOREIGN
from tests.web.edge_server import JSON, Running, bearer, make_config, running, with_secret

HOST_PAGE = "https://app.example.org"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
SENDABLE = [origin for origin in FOREIGN if origin.isascii() and origin == origin.strip()]


@pytest.fixture
async def site(folder: Path, bundle: Bundle) -> AsyncIterator[Running]:
    """A server that one host page may call."""
    config = with_secret(make_config(folder))
    config = replace(config, server=replace(config.server, allowed_origins=(HOST_PAGE,)))
    async with running(config, bundle) as site:
        yield site


def told(answer: httpx.Response) -> list[str]:
    return [name for name in answer.headers if name.lower().startswith("access-control-")]


async def test_the_preflight_of_an_allowed_origin_is_answered(site: Running) -> None:
    answer = await site.client().options("/api/v1/documents/open", headers={"Origin": HOST_PAGE, **PREFLIGHT})

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == HOST_PAGE
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Origin" in answer.headers["Vary"]


async def test_an_allowed_origin_reads_answers_and_errors_with_its_own_token(site: Running) -> None:
    client = site.client(headers={**bearer(site, Role.EDITOR), "Origin": HOST_PAGE})

    opened = await client.post("/api/v1/documents/open", json={"path": "a.md"})
    refused = await client.post("/api/v1/documents/open", json={"path": "none.md"})

    assert (opened.status_code, refused.status_code) == (200, 404)
    for answer in (opened, refused):
        assert answer.headers["Access-Control-Allow-Origin"] == HOST_PAGE
        assert "X-Correlation-Id" in answer.headers["Access-Control-Expose-Headers"]


async def test_no_answer_lets_another_page_use_our_cookie(site: Running) -> None:
    client = site.client(headers={"Origin": HOST_PAGE})

    for answer in (await client.get("/api/v1/me"), await client.options("/api/v1/session", headers=PREFLIGHT)):
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert answer.headers["Access-Control-Allow-Origin"] != "*"


@pytest.mark.parametrize("origin", SENDABLE, ids=ascii)
async def test_a_foreign_origin_is_told_nothing(site: Running, origin: str) -> None:
    client = site.client(headers={**bearer(site, Role.EDITOR), "Origin": origin})

    asked = await client.options("/api/v1/documents/open", headers=PREFLIGHT)
    done = await client.post("/api/v1/documents/open", json={"path": "a.md"})

    assert asked.status_code in (403, 405) and done.status_code == 403
    assert told(asked) == told(done) == []


async def test_two_origins_at_once_are_none(site: Running) -> None:
    headers = [("Origin", HOST_PAGE), ("Origin", HOST_PAGE), *PREFLIGHT.items(), *JSON.items()]

    assert told(await site.client().options("/api/v1/documents/open", headers=headers)) == []


@pytest.mark.parametrize("path", ["/", "/edit/a.md", "/healthz", "/static/LICENSES.txt", "/robots.txt"])
async def test_pages_are_for_no_other_origin(site: Running, path: str) -> None:
    assert told(await site.client().get(path, headers={"Origin": HOST_PAGE})) == []
