"""S17: whatever is sent to whichever route, the answer names no path, no line of code and no library."""

from __future__ import annotations

import asyncio
import json
import random
import re

import pytest

from collab.web.route_table import ROUTES
from tests.patience import PATIENCE_S
from tests.web.edge_server import Running

pytestmark = pytest.mark.slow

LEAK = re.compile(
    r"Traceback|File \"|line \d+, in|\.py\b|site-packages|/tmp/|/home/|/usr/|/var/|sqlite|starlette|uvicorn|pycrdt|"
    r"Error\(|Exception|0x[0-9a-f]{6,}|errno",
    re.IGNORECASE,
)
ALLOWED_PATHS = {"/api/v1/openapi.json", "/metrics", "/static/{name:path}", "/embed"}  # the last: "not built yet"
VALUES: list[object] = [
    None,
    True,
    -1,
    0,
    1e308,
    10**30,
    "",
    "a.md",
    "none.md",
    "sub",
    "pic.png",
    "page.html",
    "../x",
    "\x00",
    "'; DROP TABLE documents; --",
    "{{7*7}}",
    "<script>",
    "x" * 5000,
    [],
    ["a"],
    {},
    {"a": 1},
]
RAW = [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"path": NaN}', b"{}" * 10]
TYPES = ["application/json", "text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=x"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_random_requests_get_public_text_only(server: Running, route) -> None:  # type: ignore[no-untyped-def]  # Route
    client, chance = server.client(), random.Random(f"{route.method} {route.path}")
    for number in range(12):
        path = re.sub(r"{[^}]*}", lambda _: str(chance.choice(["x", "a.md", "%00", "..", "é", "0" * 300])), route.path)
        if route.path == "/api/v1/admin/drain":
            path += "/x"
        query = {field.name: str(chance.choice(VALUES)) for field in route.query if chance.random() < 0.9}
        body = {field.name: chance.choice(VALUES) for field in route.body if chance.random() < 0.9}
        content = chance.choice(RAW) if number % 3 == 0 else json.dumps(body).encode()
        kind = chance.choice(TYPES) if number % 4 == 0 else "application/json"
        headers = {"Content-Type": kind} | chance.choice([{}, {"Accept": "text/html"}, {"Range": "bytes=5-1"}])
        send = {"content": content} if route.method in {"POST", "PUT"} else {}

        answer = await client.request(route.method, path, params=query, headers=headers, **send)  # type: ignore[arg-type]  # mixed

        assert answer.status_code != 500, f"{answer.request.url} {content[:200]!r}: {answer.text}"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "content-security-policy" in answer.headers
        if answer.status_code >= 400 and route.path not in ALLOWED_PATHS:
            assert not LEAK.search(answer.text), answer.text


async def test_a_bug_of_ours_is_told_by_its_correlation_id_alone(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> list[object]:
        raise RuntimeError("a secret detail in /home/anna/thesis.tex")

    monkeypatch.setattr(server.application.edge.rooms, "live", broken)

    answer = await server.client().get("/api/v1/live")

    error = answer.json()["error"]
    assert answer.status_code == 500
    assert error["code"] == "internal_error" and error["correlation_id"] == answer.headers["x-correlation-id"]
    assert "thesis" not in answer.text and "RuntimeError" not in answer.text


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET http://evil.com/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT evil.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /ws/x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET /ws/x HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=lambda head: ascii(head[:30]),
)
async def test_broken_requests_get_a_plain_refusal(server: Running, head: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head)
    writer.write_eof()
    answer = (await asyncio.wait_for(reader.read(), PATIENCE_S)).decode(errors="replace")
    writer.close()

    assert not LEAK.search(answer)
    assert not answer or answer.split()[1] in ("400", "403", "404", "405", "426", "431"), answer
