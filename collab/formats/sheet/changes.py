"""Owns the difference between the live document and a file: the plan of a save; knows no file format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from collab.formats.sheet.align import Match, align, match_sheets
from collab.formats.sheet.clean import clean_name, names_apart
from collab.formats.sheet.file import SheetFile
from collab.formats.sheet.formulas import is_unread
from collab.formats.sheet.live import LiveBook, LiveSheet, laid_over
from collab.formats.sheet.model import (
    NOTHING,
    Book,
    Cell,
    CellEdit,
    Content,
    Formula,
    Ids,
    Json,
    Look,
    Plan,
    Range,
    Sheet,
    SheetPlan,
    col_id,
    file_ids,
    row_id,
    sheet_id,
)
from collab.formats.sheet.number_formats import DATE, DURATION, TIME, format_kind
from collab.formats.sheet.shrink import shrink

_NEAR = 1e-12
_SAME_SIZE_PX = 0.4


@dataclass(slots=True)
class Comparison:
    """A live document beside a file."""

    live: LiveBook
    book: Book
    sources: list[int | None]
    matches: list[Match]
    file: SheetFile
    live_ids: Ids
    file_ids: Ids
    still: bool = True
    """Whether every sheet, row and column is where the file has it."""
    row_of: list[dict[int, int]] = field(default_factory=list)
    """For each sheet of the file: its row -> where that is now."""
    col_of: list[dict[int, int]] = field(default_factory=list)


def compare(live: LiveBook, file: SheetFile) -> Comparison:
    """Find out what is where; ranges with a corner that is gone are made to fit."""
    shrink(live)
    book = file.book
    sources = match_sheets(live, book)
    for sheet, source in zip(live.sheets, sources, strict=True):
        if source is None or sheet.name != book.sheets[source].name:
            sheet.name = clean_name(sheet.name)
    for sheet, name in zip(live.sheets, names_apart([sheet.name for sheet in live.sheets]), strict=True):
        sheet.name = name
    matches = [
        align(sheet, book.sheets[source])
        if source is not None
        else Match([None] * len(sheet.rows), [None] * len(sheet.cols))
        for sheet, source in zip(live.sheets, sources, strict=True)
    ]
    ids = file_ids([(sheet.name, sheet.rows, sheet.cols) for sheet in book.sheets])
    found = Comparison(live, book, sources, matches, file, live.ids(), ids)
    found.row_of = [{} for _ in book.sheets]
    found.col_of = [{} for _ in book.sheets]
    found.still = sources == list(range(len(book.sheets)))
    for sheet, source, match in zip(live.sheets, sources, matches, strict=True):
        if source is None:
            continue
        found.row_of[source] = {row: place for place, row in enumerate(match.rows) if row is not None}
        found.col_of[source] = {col: place for place, col in enumerate(match.cols) if col is not None}
        plan = _bare_plan(sheet, source, match, book.sheets[source])
        found.still = found.still and not plan.moves_rows and not plan.moves_cols
        found.still = found.still and sheet.name == book.sheets[source].name
    return found


def _bare_plan(sheet: LiveSheet, source: int | None, match: Match, before: Sheet) -> SheetPlan:
    return SheetPlan(
        sheet.id, sheet.name, source, sheet.hidden, (before.rows, before.cols), list(match.rows), list(match.cols)
    )


def plan_of(found: Comparison) -> Plan | None:
    """What has to change in the file; None when nothing has."""
    plans = []
    changed = found.sources != list(range(len(found.book.sheets)))
    for sheet, source, match in zip(found.live.sheets, found.sources, found.matches, strict=True):
        before = found.book.sheets[source] if source is not None else Sheet("")
        plan = _bare_plan(sheet, source, match, before)
        _CellChanges(found, sheet, before, plan).run()
        _add_lines(sheet, before, plan)
        _add_merges(sheet, before, plan)
        if sheet.frozen != before.frozen and (source is not None or any(sheet.frozen)):
            plan.frozen = sheet.frozen
        changed = changed or _changes(plan, before)
        plans.append(plan)
    return Plan(plans, found.live_ids) if changed else None


def _changes(plan: SheetPlan, before: Sheet) -> bool:
    details = (plan.edits, plan.row_sizes, plan.col_sizes, plan.row_hides, plan.col_hides)
    facts = plan.name != before.name or plan.hidden != before.hidden or plan.moves_rows or plan.moves_cols
    return facts or any(details) or plan.merges is not None or plan.frozen is not None


class _CellChanges:
    """The cells of one sheet."""

    def __init__(self, found: Comparison, sheet: LiveSheet, before: Sheet, plan: SheetPlan) -> None:
        self._found = found
        self._sheet = sheet
        self._before = before
        self._plan = plan
        self._here = sheet_id(plan.source) if plan.source is not None else sheet.id
        self._styles: dict[str, tuple[Look, Look]] = {}
        self._by_row: dict[str, set[str]] = defaultdict(set)
        for row, col in (*sheet.edits, *sheet.looks):
            self._by_row[row].add(col)

    def run(self) -> None:
        cols = list(zip(self._sheet.cols, self._plan.cols, strict=True))
        place_of = {name: place for place, name in enumerate(self._sheet.cols)}
        source_place = {col: place for place, col in enumerate(self._plan.cols) if col is not None}
        for place, (row, source) in enumerate(zip(self._sheet.rows, self._plan.rows, strict=True)):
            cells = self._before.cells.get(source, {}) if source is not None else {}
            wanted = {place_of[col] for col in self._by_row.get(row, ()) if col in place_of}
            wanted.update(place_of[col] for col in self._sheet.base.get(row, ()) if col in place_of)
            wanted.update(source_place[col] for col in cells if col in source_place)
            edits = {}
            for at in wanted:
                name, col = cols[at]
                behind = (source or 0) >= self._before.rows or (col or 0) >= self._before.cols
                own = source is not None and col is not None and (row, name) == (row_id(source), col_id(col))
                known = not (behind and own)
                edit = self._edit(row, name, cells.get(col, NOTHING) if col is not None else NOTHING, known=known)
                if edit is not None:
                    edits[at] = edit
            if edits:
                self._plan.edits[place] = edits

    def _edit(self, row: str, col: str, before: Cell, *, known: bool) -> CellEdit | None:
        """`known`: the file says how the cell looks, or has nothing of it; behind its used area it may not say."""
        edit = CellEdit()
        content = self._sheet.content(row, col)
        if not self._same_content(content, before):
            edit.content = content
        elif (
            before.formula is not None and content.formula is not None and self._moved(content.formula, before.formula)
        ):
            edit.formula = content.formula
        if known or (row, col) in self._sheet.looks:
            self._compare_look(edit, row, col, before.style)
        return edit if edit.content is not None or edit.formula is not None or edit.look is not None else None

    def _same_content(self, content: Content, before: Cell) -> bool:
        if content.formula is None or before.formula is None:
            same = content.formula is before.formula and content.kind == before.kind
            return same and (content.value == before.value or self._near(content.value, before))
        if content.formula == before.formula and self._found.still:
            return True
        if is_unread(content.formula) or is_unread(before.formula):
            return content.formula == before.formula
        return self._text(content.formula) == self._text(self._in_live_ids(before.formula))

    def _near(self, value: object, before: Cell) -> bool:
        """Whether a date differs only by what its written form leaves out."""
        kind = format_kind(str(self._found.book.look(before.style).get("format", "")))
        if kind not in (DATE, TIME, DURATION) or not isinstance(value, int | float):
            return False
        old = before.value
        return isinstance(old, int | float) and abs(old - value) <= max(_NEAR * abs(value), 1e-9)

    def _text(self, formula: Formula) -> str:
        return self._found.file.formula_text(formula, self._found.live_ids, self._sheet.id)

    def _moved(self, formula: Formula, before: Formula) -> bool:
        """Whether the same formula reads otherwise now."""
        if self._found.still or is_unread(formula):
            return False
        return self._text(formula) != self._found.file.formula_text(before, self._found.file_ids, self._here)

    def _in_live_ids(self, formula: Formula) -> Formula:
        """A formula of the file, by what its places are in the live document."""
        return [part if isinstance(part, str) else live_reference(self._found, part, self._here) for part in formula]

    def _compare_look(self, edit: CellEdit, row: str, col: str, style: str) -> None:
        laid = self._sheet.looks.get((row, col))
        base = self._sheet.base.get(row, {}).get(col)
        if laid is None and base is None and not _is_loaded(row, col):
            return
        base_style = base.style if base is not None else ""
        look = self._found.live.styles.get(base_style, {})
        if laid is not None:
            look = laid_over(look, laid)
        elif base_style == style:
            return
        look = self._found.file.readable(look)
        if look != self._found.book.look(style):
            edit.look = look
            edit.style = base_style if self._found.book.styles.get(base_style) == look else ""


def live_reference(found: Comparison, part: list[Json], here: str) -> list[Json]:
    """A reference in the file, by what its place is in the live document; `here` is the file's sheet of the formula."""
    named = len(part) > 3
    name = str(part[3]) if named else here
    source = next((n for n in range(len(found.book.sheets)) if sheet_id(n) == name), None)
    if source is None or source not in found.sources:
        return [part[0], part[1], part[2], "gone"]
    live = found.live.sheets[found.sources.index(source)]
    row_at = None if part[0] is None else found.file_ids.row_index(name, part[0])
    col_at = None if part[1] is None else found.file_ids.col_index(name, part[1])
    row = _live_line(part[0], row_at, found.row_of[source], live.rows)
    col = _live_line(part[1], col_at, found.col_of[source], live.cols)
    return [row, col, part[2], live.id] if named else [row, col, part[2]]


def _is_loaded(row: str, col: str) -> bool:
    """Whether the document knows how this cell looked when it was loaded."""
    return row[:1] == "r" and row[1:].isdigit() and col[:1] == "c" and col[1:].isdigit()


def _live_line(raw: object, index: int | None, places: Mapping[int, int], ids: list[str]) -> object:
    if raw is None or index is None:
        return raw
    if index in places:
        return ids[places[index]]
    return raw if isinstance(raw, int) else "gone"


def _add_lines(sheet: LiveSheet, before: Sheet, plan: SheetPlan) -> None:
    """Heights, widths and what is hidden, of rows and columns."""
    for ids, sources, letter, old, new, sizes in (
        (sheet.rows, plan.rows, "r", before.row_sizes, sheet.row_sizes, plan.row_sizes),
        (sheet.cols, plan.cols, "c", before.col_sizes, sheet.col_sizes, plan.col_sizes),
    ):
        for place, (name, source) in enumerate(zip(ids, sources, strict=True)):
            was = old.get(source) if source is not None else None
            size = new.get(name)
            loaded = name[:1] == letter and name[1:].isdigit()
            if size is not None and (was is None or abs(size - was) > _SAME_SIZE_PX):
                sizes[place] = size
            elif size is None and was is not None and loaded:
                sizes[place] = None
    for ids, sources, hidden, now, hides in (
        (sheet.rows, plan.rows, before.hidden_rows, sheet.hidden_rows, plan.row_hides),
        (sheet.cols, plan.cols, before.hidden_cols, sheet.hidden_cols, plan.col_hides),
    ):
        for place, (name, source) in enumerate(zip(ids, sources, strict=True)):
            if (name in now) != (source in hidden):
                hides[place] = name in now


def live_merges(sheet: LiveSheet) -> list[Range]:
    """The merges of a live sheet that make sense: both corners are there, none overlaps one before it."""
    rows = {name: place for place, name in enumerate(sheet.rows)}
    cols = {name: place for place, name in enumerate(sheet.cols)}
    found: list[Range] = []
    for start, end in sheet.merges.items():
        if start[0] in rows and end[0] in rows and start[1] in cols and end[1] in cols:
            one = (rows[start[0]], cols[start[1]], rows[end[0]], cols[end[1]])
            if one[:2] != one[2:] and one[0] <= one[2] and one[1] <= one[3]:
                found.append(one)
    return list(_apart(sorted(found)))


def _apart(ranges: list[Range]) -> Iterator[Range]:
    kept: list[Range] = []
    for one in ranges:
        kept = [other for other in kept if other[2] >= one[0]]
        if not any(_overlap(one, other) for other in kept):
            kept.append(one)
            yield one


def _overlap(one: Range, other: Range) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def moved_ranges(ranges: Sequence[Range], plan: SheetPlan) -> list[Range | None]:
    """Where ranges of the file are now; None when the lines of one are no longer beside each other."""
    rows = {row: place for place, row in enumerate(plan.rows) if row is not None}
    cols = {col: place for place, col in enumerate(plan.cols) if col is not None}
    return [_moved_range(one, rows, cols) for one in ranges]


def _moved_range(one: Range, rows: Mapping[int, int], cols: Mapping[int, int]) -> Range | None:
    top, left, bottom, right = one
    if top not in rows or left not in cols:
        return None
    if any(rows.get(row) != rows[top] + row - top for row in range(top, bottom + 1)):
        return None
    if any(cols.get(col) != cols[left] + col - left for col in range(left, right + 1)):
        return None
    return rows[top], cols[left], rows[bottom], cols[right]


def _add_merges(sheet: LiveSheet, before: Sheet, plan: SheetPlan) -> None:
    wanted = live_merges(sheet)
    still = not plan.moves_rows and not plan.moves_cols
    there = [*before.merges] if still else moved_ranges(before.merges, plan)
    if None in there or wanted != list(_apart(sorted(one for one in there if one is not None))):
        plan.merges = wanted
