"""Owns the writing of one cell: what a change names is anew, all else of the element stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

from collab.formats.sheet.model import BOOLEAN, EMPTY, NUMBER, CellEdit, Content, Formula, Look
from collab.formats.sheet.number_formats import DATE, DURATION, PERCENT, TIME, format_kind
from collab.formats.sheet.ods_cells import PARAGRAPH, paragraphs, value_attributes
from collab.formats.sheet.ods_names import (
    CELL,
    COLS_REPEATED,
    COLS_SPANNED,
    COVERED,
    FORMULA,
    MATRIX,
    ROWS_SPANNED,
    STYLE,
    VALUE_ATTRIBUTES,
    VALUE_TYPE,
    Names,
)
from collab.formats.sheet.ods_tags import changed_tag, rebuilt, start_tag
from collab.formats.sheet.serials import date_of_serial, duration_of_serial
from collab.formats.zipped.scan import Node

Span = tuple[int, int]
"""Rows and columns; (0, 0): covered by another cell; (1, 1): on its own."""
COVERED_SPAN: Span = (0, 0)


@dataclass(slots=True)
class CellChange:
    """A cell edit with what it needs: how the cell looks, and which style that is, None when it keeps its own."""

    edit: CellEdit
    look: Look
    style: str | None = None
    span: Span | None = None


@dataclass(slots=True)
class CellWriter:
    """Writes the cells of one sheet."""

    names: Names

    def written(self, content: bytes, node: Node | None, change: CellChange, formula: str | None) -> bytes:
        """A cell of its own, without a repeat. `node` is the cell it was, in `content`; `formula` its new text."""
        values: dict[str, str | None] = {COLS_REPEATED: None}
        if change.style is not None:
            values[STYLE] = change.style
        name = "" if node is not None else CELL
        if change.span is not None:
            name = COVERED if change.span == COVERED_SPAN else CELL
            rows, cols = change.span
            spans = rows > 1 or cols > 1
            values |= {ROWS_SPANNED: str(rows) if spans else None, COLS_SPANNED: str(cols) if spans else None}
        tag = start_tag(content, node) if node is not None else b""
        edit = change.edit
        if edit.content is None and edit.cached is None:
            inner = content[node.inner_start : node.inner_end] if node is not None and node.inner_start >= 0 else b""
            if formula is not None:
                values[FORMULA] = formula
            return rebuilt(changed_tag(tag, self.names, values, name=name), inner)
        held = edit.content or edit.cached or Content(EMPTY)
        currency = node.attrs.get("office:currency", "") if node and node.attrs.get(VALUE_TYPE) == "currency" else ""
        values |= value_attributes(held, change.look, currency)
        dropped = set(VALUE_ATTRIBUTES)
        if edit.content is not None:
            dropped |= {FORMULA, *MATRIX}
        if formula is not None:
            values[FORMULA] = formula
        inner = self._inner(content, node, shown(held, change.look))
        return rebuilt(
            changed_tag(tag, self.names, values, name=name, dropped=dropped, inside=(PARAGRAPH,) if inner else ()),
            inner,
        )

    def _inner(self, content: bytes, node: Node | None, text: str) -> bytes:
        """The new paragraphs where the old ones were, with all else that the cell has."""
        new = paragraphs(text, self.names) if text else b""
        out: list[bytes] = []
        placed = False
        for child in node.elements if node is not None else ():
            if child.name in (PARAGRAPH, "text:h", "text:list"):
                out += [] if placed else [new]
                placed = True
            else:
                out.append(content[child.start : child.end])
        return b"".join(out if placed else [*out, new])


def shown(content: Content, look: Look) -> str:
    """A value as text, for those readers that do not format it themselves."""
    value = content.value
    if content.kind == EMPTY or value is None:
        return ""
    if content.kind == BOOLEAN:
        return "TRUE" if value else "FALSE"
    if content.kind != NUMBER or not isinstance(value, int | float):
        return str(value)
    match format_kind(str(look.get("format", ""))):
        case kind if kind == DATE and abs(value) < 3_000_000:
            return date_of_serial(value)
        case kind if kind in (TIME, DURATION) and abs(value) < 1_000_000:
            clock = duration_of_serial(value)
            return clock.replace("PT", "").replace("H", ":").replace("M", ":").rstrip("S")
        case kind if kind == PERCENT:
            return f"{value * 100:.12g}%"
    return repr(value) if isinstance(value, int) else f"{value:.15g}"


def is_formula(edit: CellEdit) -> Formula | None:
    """The formula that an edit writes, if it does."""
    return edit.formula if edit.formula is not None else edit.content.formula if edit.content is not None else None
