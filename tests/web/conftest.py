"""Fixtures of the tests that need a whole server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.edge_server import Running, make_config, running, with_secret


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small live folder."""
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.md").write_text("# A\n", encoding="utf-8")
    (folder / "sub" / "b.tex").write_text("b\n", encoding="utf-8")
    (folder / "pic.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "page.html").write_text("<script>alert(1)</script>", encoding="utf-8")
    return folder


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[Running]:
    """A server in open mode."""
    async with running(make_config(folder)) as server:
        yield server


@pytest.fixture
async def site(folder: Path) -> AsyncIterator[Running]:
    """A server with a secret."""
    async with running(with_secret(make_config(folder))) as server:
        yield server
