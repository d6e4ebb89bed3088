"""Formulas of the corpus, and a small sheet to read them against."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from collab.formats.sheet.model import Ids, file_ids

_TABLE = re.compile(r'<table:table [^>]*table:name="([^"]*)"')
_ODF = re.compile(r'<table:table [^>]*table:name="([^"]*)"|table:formula="([^"]*)"')
_XLSX = re.compile(r"<(?:\w+:)?f(?: [^>]*)?>([^<]+)</(?:\w+:)?f>")
_NAME = re.compile(r'<(?:\w+:)?sheet [^>]*name="([^"]*)"')


def ids_of(*names: str, rows: int = 100, cols: int = 20) -> Ids:
    """The ids of a file with these sheets."""
    return file_ids([(name, rows, cols) for name in names])


def odf_formulas(corpus: Path) -> Iterator[tuple[str, Ids, str, str]]:
    """Each formula of the corpus' ods and fods: where from, ids, its sheet, the attribute."""
    for path in sorted([*(corpus / "ods").iterdir(), *(corpus / "fods").iterdir()]):
        content = path.read_bytes()
        if path.suffix == ".ods":
            with zipfile.ZipFile(path) as package:
                content = package.read("content.xml")
        text = content.decode("utf-8")
        names = [html.unescape(name) for name in _TABLE.findall(text)]
        ids, here = ids_of(*names), "s1"
        for name, formula in _ODF.findall(text):
            if name:
                here = ids.sheet_id(html.unescape(name)) or here
            else:
                yield path.name, ids, here, html.unescape(formula)


def xlsx_formulas(corpus: Path) -> Iterator[tuple[str, Ids, str, str]]:
    """Each formula of the corpus' xlsx and xlsm: where from, ids, a sheet, the text."""
    for path in sorted([*(corpus / "xlsx").iterdir(), *(corpus / "xlsm").iterdir()]):
        with zipfile.ZipFile(path) as package:
            book = next(name for name in package.namelist() if name.lower().endswith("workbook.xml"))
            names = [html.unescape(name) for name in _NAME.findall(package.read(book).decode("utf-8"))]
            ids = ids_of(*names)
            for part in package.namelist():
                if "worksheets/" in part and part.endswith(".xml"):
                    for formula in _XLSX.findall(package.read(part).decode("utf-8")):
                        yield path.name, ids, "s1", html.unescape(formula)
