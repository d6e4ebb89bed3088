"""Owns the writing of a plan into an OpenDocument spreadsheet's part: its sheets, and their tables."""

from __future__ import annotations

from collections.abc import Sequence

from collab.formats.sheet.model import Book, Plan, Sheet, SheetPlan
from collab.formats.sheet.ods_looks import CellStyles
from collab.formats.sheet.ods_names import CELL, COLUMN, NAMES, ROW, STYLE, TABLE, Names, tag_name
from collab.formats.sheet.ods_ranges import moved_print_ranges
from collab.formats.sheet.ods_read import Tables
from collab.formats.sheet.ods_rows import SheetWriter
from collab.formats.sheet.ods_splice import Run, Spliced
from collab.formats.sheet.ods_style_write import StyleWriter
from collab.formats.sheet.ods_table import Line, Table
from collab.formats.sheet.ods_tags import changed_tag, start_tag
from collab.formats.zipped.patch import Patch, apply_patches, refuse
from collab.formats.zipped.scan import Node, Scan, scan
from collab.limits import Limits

_NAME, _PRINT_RANGES = "table:name", "table:print-ranges"


class BookWriter:
    """Writes one plan into one part."""

    def __init__(self, part: Scan, tables: Sequence[Table], styles: CellStyles, book: Book, limits: Limits) -> None:
        self._scan = part
        self._content = part.content
        self._tables = tables
        self._styles = styles
        self._book = book
        self._limits = limits
        self._names = Names(part.prefixes)
        self._writer = StyleWriter(styles, self._names)

    def written(self, plan: Plan) -> bytes:
        """The part with the plan in it. Raises: FormatError."""
        per_sheet = [self._sheet_patches(plan, sheet) for sheet in plan.sheets]
        sources = [sheet.source for sheet in plan.sheets]
        if sources == list(range(len(self._tables))):
            patches = [patch for patches in per_sheet for patch in patches]
        else:
            patches = self._reordered(plan, per_sheet)
        patches += self._writer.patches(self._scan.root, self._content)
        return apply_patches(self._content, patches)

    def _reordered(self, plan: Plan, per_sheet: list[list[Patch]]) -> list[Patch]:
        """Whole tables inserted, deleted, moved."""
        spreadsheet = self._around()[-1]
        lines = [Line(table.node, number, 1, spreadsheet) for number, table in enumerate(self._tables)]
        runs = []
        for sheet, patches in zip(plan.sheets, per_sheet, strict=True):
            data = self._new_table(plan, sheet) if sheet.source is None else self._table_bytes(sheet.source, patches)
            runs.append(Run(sheet.source, 1, data))
        unused = Spliced(lines, lambda line, count: b"", lambda count: b"")
        return unused.patches(self._content, runs, spreadsheet.inner_end)

    def _table_bytes(self, source: int, patches: Sequence[Patch]) -> bytes:
        node = self._tables[source].node
        moved = [Patch(patch.start - node.start, patch.end - node.start, patch.new) for patch in patches]
        return apply_patches(self._content[node.start : node.end], moved)

    def _around(self) -> list[Node]:
        root = self._scan.root
        body = root.find("office:body")
        spreadsheet = body.find("office:spreadsheet") if body else None
        if body is None or spreadsheet is None:
            raise refuse("no office:spreadsheet")
        return [root, body, spreadsheet]

    def _sheet_patches(self, plan: Plan, sheet: SheetPlan) -> list[Patch]:
        if sheet.source is None:
            return []
        table, before = self._tables[sheet.source], self._book.sheets[sheet.source]
        tools = (self._names, self._writer, plan.ids, self._limits)
        writer = SheetWriter((self._content, self._around()), table, (sheet, before, self._book), tools)
        return [*self._tag_patches(plan, sheet, table, before), *writer.patches()]

    def _tag_patches(self, plan: Plan, sheet: SheetPlan, table: Table, before: Sheet) -> list[Patch]:
        values: dict[str, str | None] = {}
        if sheet.name != before.name:
            values[_NAME] = sheet.name
        if sheet.hidden != before.hidden:
            values[STYLE] = self._writer.table_style(table.node.attrs.get(STYLE, ""), hidden=sheet.hidden)
        if _PRINT_RANGES in table.node.attrs:
            values[_PRINT_RANGES] = moved_print_ranges(table.node.attrs[_PRINT_RANGES], plan, self._book)
        if all(table.node.attrs.get(key) == value for key, value in values.items()):
            return []
        tag = start_tag(self._content, table.node)
        changed = changed_tag(tag, self._names, values)
        changed = changed if not tag.endswith(b"/>") else changed[:-1] + b"/>"
        return [Patch(table.node.start, table.node.start + len(tag), changed)]

    def _new_table(self, plan: Plan, sheet: SheetPlan) -> bytes:
        """A sheet that is not in the file: an empty one, then filled like any other."""
        values = {_NAME: sheet.name}
        if sheet.hidden:
            values[STYLE] = self._writer.table_style("", hidden=True)
        names, width = self._names, max(1, len(sheet.cols))
        repeated = {"table:number-columns-repeated": str(width)} if width > 1 else {}
        table = (
            names.start(TABLE, values, inside=(COLUMN, ROW, CELL))
            + names.start(COLUMN, repeated, empty=True)
            + names.start(ROW, {})
            + names.start(CELL, repeated, empty=True)
            + names.end(ROW)
            + names.end(TABLE)
        )
        around = self._around()
        tags = [start_tag(self._content, node) for node in around]
        before = b"".join(tags)
        closing = b"".join(b"</%b>" % tag_name(tag) for tag in reversed(tags))
        return self._filled(plan, sheet, before, table, closing)

    def _filled(self, plan: Plan, sheet: SheetPlan, before: bytes, table: bytes, closing: bytes) -> bytes:
        found = Tables(self._limits)
        part = scan(before + table + closing, self._limits, NAMES, {ROW: found.row, TABLE: found.table})
        own = found.found[0]
        spare = BookWriter(part, found.found, self._styles, self._book, self._limits)
        rows, cols = range(len(sheet.rows)), range(len(sheet.cols))
        empty = SheetPlan(sheet.id, sheet.name, None, sheet.hidden, (0, 0), rows, cols)
        empty.edits, empty.merges = sheet.edits, sheet.merges or None
        empty.row_sizes, empty.col_sizes = sheet.row_sizes, sheet.col_sizes
        empty.row_hides, empty.col_hides = sheet.row_hides, sheet.col_hides
        tools = (self._names, self._writer, plan.ids, self._limits)
        writer = SheetWriter((part.content, spare._around()), own, (empty, Sheet(""), self._book), tools)
        written = apply_patches(part.content, writer.patches())
        return written[len(before) : len(written) - len(closing)]
