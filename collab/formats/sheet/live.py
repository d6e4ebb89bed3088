"""Owns the shared document of a workbook (docs/sheets.md): making a fresh one, and reading a live one as it is.

Browsers write into it, so nothing of it is trusted: what does not fit the page is left out. Knows no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from collab.document import STATE, Document
from collab.formats.sheet.clean import (
    clean_content,
    clean_formula,
    clean_look,
    is_id,
    names_apart,
    number_of,
)
from collab.formats.sheet.model import (
    EMPTY,
    NOTHING,
    Book,
    Cell,
    Content,
    Ids,
    Json,
    Look,
    Place,
    Sheet,
    col_id,
    row_id,
    sheet_id,
)
from collab.protocol.building import UpdateBuilder, YArray, YMap

META, TABS, SHEETS, STYLES = "meta", "tabs", "sheets", "styles"
SCHEMA = 1
Key = tuple[str, str]
"""Row id and column id."""
_KEY = re.compile(r"^([A-Za-z0-9-]{1,64}):([A-Za-z0-9-]{1,64})$")


@dataclass(slots=True)
class LiveSheet:
    """One sheet of the live document."""

    id: str
    name: str
    hidden: bool = False
    locked: str = ""
    rows: list[str] = field(default_factory=list)
    cols: list[str] = field(default_factory=list)
    base: dict[str, dict[str, Cell]] = field(default_factory=dict)
    """Row id -> column id -> cell as first loaded."""
    edits: dict[Key, Content] = field(default_factory=dict)
    looks: dict[Key, Look] = field(default_factory=dict)
    """What people gave; a key with None takes away what the file says."""
    row_sizes: dict[str, float] = field(default_factory=dict)
    col_sizes: dict[str, float] = field(default_factory=dict)
    hidden_rows: set[str] = field(default_factory=set)
    hidden_cols: set[str] = field(default_factory=set)
    merges: dict[Key, Key] = field(default_factory=dict)
    frozen: Place = (0, 0)

    def base_cell(self, row: str, col: str) -> Cell:
        """The cell as it was loaded."""
        return self.base.get(row, {}).get(col, NOTHING)

    def content(self, row: str, col: str) -> Content:
        """What the cell holds now."""
        edit = self.edits.get((row, col))
        if edit is not None:
            return edit
        cell = self.base_cell(row, col)
        return Content(cell.kind, cell.value, cell.formula)


@dataclass(slots=True)
class LiveBook:
    """The live document."""

    sheets: list[LiveSheet]
    styles: dict[str, Look]
    schema: int = SCHEMA

    def look(self, sheet: LiveSheet, row: str, col: str) -> Look:
        """How a cell looks now."""
        look = self.styles.get(sheet.base_cell(row, col).style, {})
        laid = sheet.looks.get((row, col))
        return look if laid is None else laid_over(look, laid)

    def ids(self) -> Ids:
        """Where everything is in the file that would be written now."""
        return Ids([(sheet.id, sheet.name, sheet.rows, sheet.cols) for sheet in self.sheets])


def laid_over(look: Look, laid: Look) -> Look:
    """A look with another one over it."""
    return {key: value for key, value in {**look, **laid}.items() if value is not None}


# -- a fresh document --


def fresh_update(book: Book, meta: Mapping[str, object], state: Mapping[str, object], client_id: int) -> bytes:
    """The update of a document that has nothing else. Raises: UnicodeEncodeError (half a character)."""
    builder = UpdateBuilder(client_id)
    builder.root(STATE, YMap(state))
    builder.root(META, YMap({"schema": SCHEMA, **meta}))
    builder.root(STYLES, YMap(book.styles))
    builder.root(
        SHEETS, YMap({sheet_id(number): shared_sheet(sheet, sheet.cells) for number, sheet in enumerate(book.sheets)})
    )
    builder.root(TABS, YArray([sheet_id(number) for number in range(len(book.sheets))]))
    return builder.update()


def shared_sheet(sheet: Sheet, cells: Mapping[int, Mapping[int, Cell]]) -> YMap:
    """A sheet as shared types; `cells` are its own, or what they are called elsewhere."""
    entries: dict[str, object] = {"name": sheet.name}
    if sheet.hidden:
        entries["hidden"] = True
    if sheet.locked:
        entries["locked"] = sheet.locked
    entries |= {
        "rows": YArray([row_id(row) for row in range(sheet.rows)]),
        "cols": YArray([col_id(col) for col in range(sheet.cols)]),
        "next": YMap({"rows": 0, "cols": 0}),
        "base": YMap({row_id(row): shared_row(held) for row, held in cells.items() if held}),
        "cells": YMap({}),
        "looks": YMap({}),
        "sizes": YMap(_by_line(sheet, sheet.row_sizes, sheet.col_sizes)),
        "hides": YMap(_by_line(sheet, dict.fromkeys(sheet.hidden_rows, True), dict.fromkeys(sheet.hidden_cols, True))),
        "merges": YMap({_key(top, left): _key(bottom, right) for top, left, bottom, right in sheet.merges}),
        "frozen": YMap({"rows": sheet.frozen[0], "cols": sheet.frozen[1]} if any(sheet.frozen) else {}),
        "filter": YMap(_filter(sheet)),
        "comments": YMap({_key(*place): comment._asdict() for place, comment in sheet.comments.items()}),
        "objects": YMap({f"o{number + 1}": _thing(sheet, number) for number in range(len(sheet.things))}),
    }
    return YMap(entries)


def _key(row: int, col: int) -> str:
    return f"{row_id(row)}:{col_id(col)}"


def shared_row(cells: Mapping[int, Cell]) -> dict[str, Json]:
    """A row of `base`."""
    return {col_id(col): shared_cell(cell) for col, cell in cells.items()}


def shared_cell(cell: Cell) -> list[Json]:
    """`[type, value, style id?, formula?]`."""
    if cell.formula is not None:
        return [cell.kind, cell.value, cell.style, cell.formula]
    return [cell.kind, cell.value, cell.style] if cell.style else [cell.kind, cell.value]


def _by_line(sheet: Sheet, rows: Mapping[int, object], cols: Mapping[int, object]) -> dict[str, object]:
    """Of the lines that are in use."""
    found = {f"r:{row_id(row)}": value for row, value in sorted(rows.items()) if row < sheet.rows}
    return {**found, **{f"c:{col_id(col)}": value for col, value in sorted(cols.items()) if col < sheet.cols}}


def _filter(sheet: Sheet) -> dict[str, object]:
    if sheet.filter is None:
        return {}
    top, left, bottom, right = sheet.filter
    return {"range": [_key(top, left), _key(bottom, right)], "hidden": {}}


def _thing(sheet: Sheet, number: int) -> dict[str, object]:
    thing = sheet.things[number]
    size = {"w": thing.width, "h": thing.height, "label": thing.label}
    href = {"href": thing.href} if thing.href else {}
    return {"kind": thing.kind, "at": _key(*thing.place), **size, **href}


def renewed_update(document: Document, client_id: int) -> bytes:
    """The update of a fresh document of the same content, without what was deleted. Raises: DocumentPoisoned."""
    sheets = document.read_map(SHEETS)
    tabs = [tab for tab in dict.fromkeys(document.read_array(TABS)) if is_id(tab) and isinstance(sheets.get(tab), dict)]
    builder = UpdateBuilder(client_id)
    for root in (STATE, META, STYLES):
        builder.root(root, YMap(document.read_map(root)))
    builder.root(SHEETS, YMap({tab: _again(sheets[tab]) for tab in tabs}))
    builder.root(TABS, YArray(tabs))
    return builder.update()


def _again(sheet: Mapping[str, Json]) -> YMap:
    found: dict[str, object] = {key: value for key, value in sheet.items() if not isinstance(value, dict | list)}
    for key in ("rows", "cols"):
        found[key] = YArray(_ids(sheet.get(key)))
    found |= {key: YMap(value) for key, value in sheet.items() if isinstance(value, dict)}
    return YMap(found)


# -- a live document --


def read_live(document: Document) -> LiveBook:
    """The live document as it is. Raises: DocumentPoisoned."""
    sheets = document.read_map(SHEETS)
    tabs = list(dict.fromkeys(tab for tab in document.read_array(TABS) if is_id(tab)))
    found = [_live_sheet(tab, sheets[tab]) for tab in tabs if isinstance(sheets.get(tab), dict)]
    styles = {key: clean_look(look) for key, look in document.read_map(STYLES).items()}
    _name_apart(found)
    schema = number_of(document.read_map(META).get("schema"))
    return LiveBook(found, styles, SCHEMA if schema is None else int(schema))


def _name_apart(sheets: list[LiveSheet]) -> None:
    for sheet, name in zip(sheets, names_apart([sheet.name for sheet in sheets]), strict=True):
        sheet.name = name


def _live_sheet(sheet: str, values: Mapping[str, Json]) -> LiveSheet:
    name = values.get("name")
    found = LiveSheet(
        sheet,
        name if isinstance(name, str) else "",
        values.get("hidden") is True,
        values["locked"] if isinstance(values.get("locked"), str) else "",
        _ids(values.get("rows")),
        _ids(values.get("cols")),
    )
    for row, cells in _map(values, "base").items():
        if isinstance(cells, dict):
            found.base[row] = {col: cell for col, raw in cells.items() if (cell := _base_cell(raw)) is not None}
    for key, raw in _map(values, "cells").items():
        at, content = _parsed(key), clean_content(raw)
        if at is not None and content is not None:
            found.edits[at] = content
    for key, raw in _map(values, "looks").items():
        if (at := _parsed(key)) is not None and (look := clean_look(raw, taking_away=True)):
            found.looks[at] = look
    for key, raw in _map(values, "merges").items():
        start, end = _parsed(key), _parsed(raw)
        if start is not None and end is not None:
            found.merges[start] = end
    _read_lines(found, values)
    return found


def _read_lines(sheet: LiveSheet, values: Mapping[str, Json]) -> None:
    for key, raw in _map(values, "sizes").items():
        size = number_of(raw)
        if size is not None and 0 <= size <= 10_000 and is_id(key[2:]) and key[1:2] == ":":
            (sheet.row_sizes if key[0] == "r" else sheet.col_sizes)[key[2:]] = size
    for key, raw in _map(values, "hides").items():
        if raw is True and is_id(key[2:]) and key[1:2] == ":":
            (sheet.hidden_rows if key[0] == "r" else sheet.hidden_cols).add(key[2:])
    frozen = _map(values, "frozen")
    rows, cols = (number_of(frozen.get(key)) or 0 for key in ("rows", "cols"))
    sheet.frozen = (max(0, int(rows)), max(0, int(cols)))


def _map(values: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def _ids(raw: Json) -> list[str]:
    """The ids of an array; who is there twice stands at the first place."""
    return list(dict.fromkeys(item for item in raw if is_id(item))) if isinstance(raw, list) else []


def _parsed(key: Json) -> Key | None:
    found = _KEY.match(key) if isinstance(key, str) else None
    return (found[1], found[2]) if found else None


def _base_cell(raw: Json) -> Cell | None:
    """A cell of `base`, written by us."""
    if not isinstance(raw, list) or len(raw) < 2 or not isinstance(raw[0], str):
        return None
    formula = clean_formula(raw[3]) if len(raw) > 3 else None
    style = raw[2] if len(raw) > 2 and isinstance(raw[2], str) else ""
    return Cell(raw[0], raw[1] if raw[0] != EMPTY else None, style, formula)
