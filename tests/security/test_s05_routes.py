"""S5: no path in a request leaves the shared folder, on any route."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.web.edge_server import JSON, Running

CANARY = "canary of tests: this stands outside"

PIECES = [
    "..",
    "../canary.txt",
    "../../canary.txt",
    "sub/../../canary.txt",
    "sub/../a.md",
    "./a.md",
    "sub/./b.tex",
    "/canary.txt",
    "//canary.txt",
    "/etc/passwd",
    "sub//b.tex",
    "sub/",
    "/",
    "..\\canary.txt",
    "sub\\..\\..\\canary.txt",
    "..%2fcanary.txt",
    "%2e%2e/canary.txt",
    "%2e%2e%2fcanary.txt",
    "..%5ccanary.txt",
    "..%c0%afcanary.txt",
    "..%252fcanary.txt",
    "....//canary.txt",
    "..;/canary.txt",
    "a.md\x00.png",
    "\x00",
    "a.md\n",
    "a.md\r\nX: y",
    "\u2025/canary.txt",
    "\uff0e\uff0e/canary.txt",
    "\u2215etc\u2215passwd",
    "..\u2215canary.txt",
    "..\u29f5canary.txt",
    "C:\\canary.txt",
    "C:canary.txt",
    "\\\\server\\share",
    "file:///etc/passwd",
    "link-to-canary",
    "link-to-folder/canary.txt",
    "~/canary.txt",
    "$HOME/canary.txt",
    "con",
    "nul.txt",
    "a.md.",
    "a.md ",
    " ",
    ".",
    "x" * 300,
    "/".join(["x"] * 3000),
    "a/" * 5000 + "b",
    "\ud800",
]


@pytest.fixture
def outside(folder: Path) -> Path:
    canary = folder.parent / "canary.txt"
    canary.write_text(CANARY, encoding="utf-8")
    (folder / "link-to-canary").symlink_to(canary)
    (folder / "link-to-folder").symlink_to(folder.parent)
    return canary


def as_query(path: str) -> str:
    return quote(path.encode("utf-8", "surrogatepass"))


async def test_no_route_reads_or_writes_outside(server: Running, outside: Path) -> None:
    client = server.client()
    for path in PIECES:
        for answer in await every_route(client, path):
            where = f"{ascii(path)[:60]} {answer.request.method} {answer.request.url}"
            assert CANARY not in answer.text and "root:x:" not in answer.text, where
            assert answer.status_code != 500, f"{where}: {answer.text}"
        assert canary_of(outside) == CANARY, ascii(path)
        assert names_beside(outside) == ["canary.txt", "data", "docs", "static"], ascii(path)


async def every_route(client: httpx.AsyncClient, path: str) -> list[httpx.Response]:
    """What each route that takes a path says to this one."""
    query = as_query(path)
    answers = [
        await client.get(f"/api/v1/folders?path={query}"),
        await client.get(f"/api/v1/files/content?path={query}"),
        await client.get(f"/api/v1/search?q=canary&path={query}"),
        await client.put(f"/api/v1/files/content?replace=1&path={query}", content=b"overwritten"),
    ]
    for route, body in [
        ("documents/open", {"path": path}),
        ("folders", {"path": path}),
        ("files", {"path": path, "content": "x"}),
        ("files/rename", {"path": "a.md", "new_path": path}),
        ("files/rename", {"path": path, "new_path": "stolen.md"}),
    ]:
        content = json.dumps(body).encode()
        answers.append(await client.post(f"/api/v1/{route}", content=content, headers=JSON))
    answers.append(await client.delete(f"/api/v1/files?path={query}"))
    for url in (f"/static/{query}", f"/static/../{query}", f"/edit/{query}", f"/api/v1/documents/{query}/content"):
        answers.append(await client.get(url))
    return answers


def canary_of(outside: Path) -> str:
    return outside.read_text(encoding="utf-8")


def names_beside(outside: Path) -> list[str]:
    return sorted(entry.name for entry in outside.parent.iterdir())
