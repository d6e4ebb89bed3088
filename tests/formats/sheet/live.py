"""Edits of a sheet's shared document, as browsers make them."""

from __future__ import annotations

from typing import Any

import pycrdt

from collab.document import Document
from collab.formats.sheet.format import SheetFormat
from collab.formats.sheet.model import Json
from collab.formats.table import format_named
from collab.limits import Limits

LIMITS = Limits()


def sheet_format(name: str) -> SheetFormat:
    found = format_named(name)
    assert isinstance(found, SheetFormat)
    return found


def opened(content: bytes, name: str) -> Document:
    """A document of a file."""
    return Document.from_updates([sheet_format(name).decode(content, LIMITS, 7).update], 1001)


def edit_sheet(document: Document, sheet: str, change: Any) -> None:
    """`change` gets the sheet's shared map."""
    with document.native() as doc:
        sheets = doc.get("sheets", type=pycrdt.Map)
        with doc.transaction():
            change(sheets[sheet])


def put(document: Document, key: str, value: Json, sheet: str = "s1", root: str = "cells") -> None:
    """Put a value into a map of a sheet; `...` takes the key away."""

    def change(shared: Any) -> None:
        if value is ...:
            del shared[root][key]
        else:
            shared[root][key] = value

    edit_sheet(document, sheet, change)


def reopened(content: bytes, name: str) -> dict[str, Any]:
    """The shared sheets of a file."""
    return opened(content, name).read_map("sheets")
