"""The editor of spreadsheets in real browsers against a real `collab serve`; the cases are in sheet_page.mjs."""

from __future__ import annotations

import io
import secrets
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.browser.browser_run import TRIES, case_names, run_cases
from tests.browser.make_token import make_token
from tests.serving import Server

SCRIPT = Path(__file__).with_name("sheet_page.mjs")
CASES = case_names(SCRIPT)
NAMES = ("together", "insert", "undo", "keys", "formulas", "paste", "sort", "sheets", "reader", "looks", "phone")
MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (("office", "office"), ("table", "table"), ("text", "text"))
)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def _cell(value: str | float) -> str:
    if isinstance(value, str) and value.startswith("of:"):
        return f'<table:table-cell table:formula="{escape(value)}" office:value-type="float" office:value="6"/>'
    if isinstance(value, str):
        text = f"<text:p>{escape(value)}</text:p>"
        return f'<table:table-cell office:value-type="string">{text}</table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


def ods(rows: list[list[str | float]]) -> bytes:
    """A spreadsheet of one sheet, as small as it may be."""
    cells = "".join(f"<table:table-row>{''.join(map(_cell, row))}</table:table-row>" for row in rows)
    table = f'<table:table table:name="Sheet1">{cells}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    manifest = (
        f'{head}<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{MEDIA_TYPE}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", MEDIA_TYPE, zipfile.ZIP_STORED)
        archive.writestr(
            "content.xml",
            f'{head}<office:document-content {NAMESPACES} office:version="1.3">{body}</office:document-content>',
        )
        archive.writestr("META-INF/manifest.xml", manifest)
    return packed.getvalue()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    top = tmp_path_factory.mktemp("sheets")
    folder = top / "docs"
    folder.mkdir()
    rows: list[list[str | float]] = [["Name", "Count"], ["pear", 3], ["apple", 1], ["fig", 2]]
    for name in NAMES:
        for attempt in TRIES:
            (folder / f"{attempt}{name}.ods").write_bytes(ods([*rows, ["all", "of:=SUM([.B2:.B4])"]]))
    secret = secrets.token_urlsafe(32)
    people = {
        name: make_token(secret, name, role, 3600)
        for name, role in (("olga", "owner"), ("ben", "editor"), ("rita", "viewer"))
    }
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("COLLAB_AUTH_SECRET", secret)
        with Server(folder, top / "data", environ={"COLLAB_AUTH_SECRET": secret}) as server:
            return run_cases(SCRIPT, {"sample": server.url, "folder": str(folder), **people})


@pytest.mark.parametrize("case", CASES)
def test_sheet_page(case: str, results: dict[str, str | None]) -> None:
    assert results[case] is None, results[case]


def test_every_case_of_the_script_is_a_test_here(results: dict[str, str | None]) -> None:
    assert sorted(results) == sorted(CASES)
