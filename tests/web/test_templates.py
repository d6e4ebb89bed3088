"""New files from templates: what is offered, and that the bytes are the template's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from collab.protocol.roles import Role
from tests.formats.rich.files import odt
from tests.web.edge_server import Running, bearer, make_config, running, with_secret

LETTER = odt("<text:p>Dear …</text:p>")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    (folder / "below").mkdir(parents=True)
    (folder / "Letter.odt").write_bytes(LETTER)
    (folder / "agenda.md").write_text("# Agenda\n")
    (folder / ".hidden.md").write_text("no\n")
    (folder / "large.txt").write_bytes(b"x" * 20_000)
    return folder


@pytest.fixture
async def server(folder: Path, templates: Path) -> AsyncIterator[Running]:
    config = make_config(folder)
    config = replace(
        config,
        server=replace(config.server, templates=templates),
        limits=replace(config.limits, template_size_bytes=10_000),
    )
    async with running(config) as server:
        yield server


async def test_the_files_of_the_folder_are_offered_by_name(server: Running) -> None:
    answer = await server.client().get("/api/v1/templates")

    assert answer.json() == {
        "templates": [{"name": "agenda.md", "format": "markdown"}, {"name": "Letter.odt", "format": "document"}]
    }


async def test_a_new_file_is_a_copy_byte_for_byte(server: Running, folder: Path) -> None:
    made = await server.client().post("/api/v1/files", json={"path": "sub/new.odt", "template": "Letter.odt"})

    assert made.status_code == 201, made.text
    assert (folder / "sub" / "new.odt").read_bytes() == LETTER


@pytest.mark.parametrize("name", ["none.odt", "../secret", ".hidden.md", "below", "large.txt", "/etc/passwd", "a\0b"])
async def test_what_is_not_offered_is_no_template(server: Running, templates: Path, folder: Path, name: str) -> None:
    (templates.parent / "secret").write_text("private")

    answer = await server.client().post("/api/v1/files", json={"path": "new.odt", "template": name})

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert not (folder / "new.odt").exists()


async def test_without_a_folder_there_are_none_and_readers_are_told_of_none(folder: Path) -> None:
    async with running(with_secret(make_config(folder))) as site:
        writer = await site.client(headers=bearer(site, Role.EDITOR)).get("/api/v1/templates")
        reader = await site.client(headers=bearer(site, Role.VIEWER)).get("/api/v1/templates")

    assert writer.json() == {"templates": []}
    assert reader.status_code == 403
