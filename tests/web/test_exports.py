"""Exports over HTTP: which formats there are, what comes back, who may, and what is said when it is not possible."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from collab.document import Document, Splice
from collab.formats.rich.odf import OdfFile
from collab.formats.sheet.blank import blank_sheet
from collab.limits import Limits
from collab.protocol.messages import SyncStep2, decode_message, encode_sync_step1, encode_update
from collab.protocol.roles import Role
from collab.siteconfig import ExportConfig
from tests.formats.rich.files import odt
from tests.web.edge_server import Running, bearer, first_json, make_config, running, with_secret

HELLO = 112
STAND_IN = """#!/bin/sh
while [ $# -gt 1 ]; do
  case "$1" in --convert-to) target=$2 ;; --outdir) out=$2 ;; esac
  shift
done
{ echo "%PDF of $1"; cat "$1"; } > "$out/document.$target"
"""


@pytest.fixture
def office(tmp_path: Path) -> Path:
    path = tmp_path / "office" / "soffice"
    path.parent.mkdir()
    path.write_text(STAND_IN)
    path.chmod(0o755)
    return path


@pytest.fixture
def folder(folder: Path) -> Path:
    (folder / "letter.odt").write_bytes(odt("<text:h>Dear all</text:h><text:p>one &amp; two</text:p>"))
    (folder / "n.ipynb").write_text(
        '{"cells": [{"cell_type": "code", "source": "a = 1", "metadata": {}, "outputs": []}], "metadata": {}, '
        '"nbformat": 4, "nbformat_minor": 5}'
    )
    (folder / "x.py").write_text("print(1)\n")
    (folder / "table.ods").write_bytes(blank_sheet("ods") or b"")
    return folder


@pytest.fixture
async def server(folder: Path, office: Path) -> AsyncIterator[Running]:
    async with running(make_config(folder, export=ExportConfig(str(office)))) as server:
        yield server


async def address_of(server: Running, path: str) -> str:
    return f"/api/v1/documents/{(await server.open(path))['document_id']}"


async def formats(server: Running, path: str) -> dict[str, str | None]:
    answer = await server.client().get(f"{await address_of(server, path)}/exports")
    return {item["format"]: item["reason"] for item in answer.json()["formats"]}


async def test_each_document_names_the_formats_that_it_can_be_had_in(server: Running) -> None:
    assert list(await formats(server, "a.md")) == ["odt", "html", "pdf", "docx"]
    assert list(await formats(server, "letter.odt")) == ["md", "html", "txt", "pdf", "docx"]
    assert list(await formats(server, "table.ods")) == ["pdf", "xlsx"]
    assert list(await formats(server, "n.ipynb")) == ["html", "md", "script"]
    assert list(await formats(server, "x.py")) == ["pdf"]
    assert list(await formats(server, "sub/b.tex")) == []


async def test_a_copy_has_what_the_document_holds_now(server: Running) -> None:
    opened = await server.open("a.md")
    async with server.join(str(opened["document_id"]), str(opened["token"])) as socket:
        await first_json(socket, HELLO)
        document = Document(4711)
        await socket.send(encode_sync_step1(document.state_vector()))
        async for data in socket:
            message = decode_message(bytes(data), Limits()) if isinstance(data, bytes) else None
            if isinstance(message, SyncStep2):
                document.apply(message.update)
                break
        await socket.send(encode_update(document.changed_by(lambda: document.edit_text((Splice(0, 0, "typed\n\n"),)))))

        await server.application.edge.rooms.save_now(opened["document_id"])  # type: ignore[arg-type]  # a text
        copy = await server.client().get(f"/api/v1/documents/{opened['document_id']}/export?format=html")

    assert "<p>typed</p>\n<h1>A</h1>" in copy.text


async def test_a_copy_is_an_attachment_with_its_own_name(server: Running) -> None:
    copy = await server.client().get(f"{await address_of(server, 'letter.odt')}/export?format=md")

    assert copy.text == "# Dear all\n\none & two\n"
    assert copy.headers["content-disposition"] == "attachment; filename*=UTF-8''letter.md"
    assert copy.headers["content-type"] == "application/octet-stream"
    assert copy.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in copy.headers["content-security-policy"]


async def test_markdown_becomes_an_odt_that_opens(server: Running) -> None:
    copy = await server.client().get(f"{await address_of(server, 'a.md')}/export?format=odt")

    assert [(block.kind, block.text) for block in OdfFile(copy.content, Limits()).source.blocks] == [("heading", "A")]


async def test_pdf_is_made_of_the_documents_own_bytes(server: Running, folder: Path) -> None:
    copy = await server.client().get(f"{await address_of(server, 'letter.odt')}/export?format=pdf")

    head, _, given = copy.content.partition(b"\n")
    assert head.startswith(b"%PDF of ") and head.endswith(b"document.odt")
    assert given == (folder / "letter.odt").read_bytes()
    assert copy.headers["content-disposition"] == "attachment; filename*=UTF-8''letter.pdf"


async def test_pdf_of_a_text_goes_by_an_odt(server: Running) -> None:
    copy = await server.client().get(f"{await address_of(server, 'x.py')}/export?format=pdf")

    given = copy.content.partition(b"\n")[2]
    assert b"print(1)" in zipfile.ZipFile(io.BytesIO(given)).read("content.xml")


async def test_a_notebook_becomes_a_script(server: Running) -> None:
    copy = await server.client().get(f"{await address_of(server, 'n.ipynb')}/export?format=script")

    assert copy.text == "# %%\na = 1\n"
    assert copy.headers["content-disposition"].endswith("n.py")


@pytest.mark.parametrize(
    ("path", "wanted"), [("a.md", "md"), ("a.md", "exe"), ("letter.odt", "odt"), ("sub/b.tex", "pdf")]
)
async def test_an_unknown_format_is_refused_with_those_that_are_possible(
    server: Running, path: str, wanted: str
) -> None:
    answer = await server.client().get(f"{await address_of(server, path)}/export?format={wanted}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_format")
    assert "odt, html, pdf, docx" in answer.text or path != "a.md"


async def test_without_the_office_program_the_rest_works_and_the_reason_is_told(folder: Path) -> None:
    async with running(make_config(folder, export=ExportConfig("none"))) as server:
        listed = await formats(server, "letter.odt")
        address = await address_of(server, "letter.odt")
        pdf = await server.client().get(f"{address}/export?format=pdf")
        text = await server.client().get(f"{address}/export?format=txt")

    assert listed["md"] is None and "LibreOffice" in str(listed["pdf"])
    assert (pdf.status_code, pdf.json()["error"]["code"]) == (501, "export_unavailable")
    assert text.text == "Dear all\none & two\n"


async def test_a_person_exports_so_often_in_a_minute(folder: Path) -> None:
    config = make_config(folder)
    async with running(replace(config, limits=replace(config.limits, exports_per_minute=2))) as server:
        address = f"{await address_of(server, 'a.md')}/export?format=html"
        answers = [await server.client().get(address) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["error"]["code"] == "too_many_requests"


async def test_a_copy_that_is_too_large_is_refused(folder: Path) -> None:
    config = make_config(folder)
    async with running(replace(config, limits=replace(config.limits, export_size_bytes=100))) as server:
        answer = await server.client().get(f"{await address_of(server, 'a.md')}/export?format=html")

    assert answer.status_code == 413 and "export_size_bytes" in answer.text


async def test_a_reader_may_export_and_a_stranger_may_not(folder: Path) -> None:
    async with running(with_secret(make_config(folder))) as site:
        reader, other = bearer(site, Role.VIEWER), bearer(site, Role.OWNER, "eve", ("docs", "sub"))
        opened = await site.open("a.md", site.client(headers=reader))
        address = f"/api/v1/documents/{opened['document_id']}/export?format=html"
        room = {"Authorization": f"Bearer {opened['token']}"}

        codes = [(await site.client(headers=who).get(address)).status_code for who in (reader, room, other, {})]

    assert codes == [200, 200, 403, 401]
