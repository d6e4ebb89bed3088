"""Fixtures of the tests that need a whole server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab.web.pages import Bundle
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
def bundle(tmp_path: Path) -> Bundle:
    """Built pages, as far as the server looks into them."""
    assets = tmp_path / "static" / "assets"
    assets.mkdir(parents=True)
    for page in ("start", "edit", "share"):
        text = f'<!doctype html><title>{page}</title><meta name="style-nonce" nonce="{{{{nonce}}}}">'
        (tmp_path / "static" / f"{page}.html").write_text(text, encoding="utf-8")
    (assets / "start-ABCD1234.js").write_text("export {};", encoding="utf-8")
    (tmp_path / "static" / "LICENSES.txt").write_text("none", encoding="utf-8")
    return Bundle(tmp_path / "static")


@pytest.fixture
async def server(folder: Path, bundle: Bundle) -> AsyncIterator[Running]:
    """A server in open mode."""
    async with running(make_config(folder), bundle) as server:
        yield server


@pytest.fixture
async def site(folder: Path, bundle: Bundle) -> AsyncIterator[Running]:
    """A server with a secret."""
    async with running(with_secret(make_config(folder)), bundle) as server:
        yield server
