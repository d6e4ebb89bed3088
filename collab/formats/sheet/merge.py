"""Owns the three-way merge of workbooks: which sheets, rows and columns came and went outside; knows no file's bytes.

Nothing of either side is lost: a row that one side deleted and the other changed stays, and of a cell that both changed
the live value stays in its place and the other one in the conflict's note.
"""

from __future__ import annotations

from collections.abc import Sequence

from collab.document import Document
from collab.formats.base import Merged
from collab.formats.notebook.cell_merge import Notes
from collab.formats.sheet.align import Match, Places, align_grids, file_grid
from collab.formats.sheet.changes import Comparison, compare
from collab.formats.sheet.file import SheetFile
from collab.formats.sheet.live import SHEETS, STYLES, TABS, LiveSheet, read_live, shared_sheet
from collab.formats.sheet.merge_cells import CellsMerge, Translation
from collab.formats.sheet.model import Book, Cell, Sheet
from collab.formats.sheet.ods_splice import longest_increasing
from collab.nested import insert, remove, remove_member, set_member
from collab.xmltree import write_values

_DELETED = "deleted"


def merge_books(base: SheetFile, theirs: SheetFile, document: Document, source: str, at_ms: int) -> Merged:
    """Merge into the live document as one transaction. Raises: DocumentPoisoned."""
    if base.content == theirs.content:
        return Merged(0)
    notes = Notes(document, source, at_ms)
    with document.transaction():
        _BookMerge(compare(read_live(document), base), theirs.book, notes).run()
    return Merged(notes.changes, tuple(notes.conflicts))


def match_books(base: Book, theirs: Book) -> list[int | None]:
    """For each sheet of theirs the one of base: by name, else by what they hold where one of each is left."""
    names = {sheet.name.casefold(): number for number, sheet in enumerate(base.sheets)}
    found = [names.get(sheet.name.casefold()) for sheet in theirs.sheets]
    free = [number for number in range(len(base.sheets)) if number not in found]
    for place, number in enumerate(found):
        if number is None and free:
            grid = file_grid(theirs.sheets[place])
            same = next((one for one in free if grid and file_grid(base.sheets[one]) == grid), None)
            if same is None and len(free) == 1 and found.count(None) == 1 and len(base.sheets) == len(theirs.sheets):
                same = free[0]
            if same is not None:
                found[place] = same
                free.remove(same)
    return found


class _BookMerge:
    def __init__(self, found: Comparison, theirs: Book, notes: Notes) -> None:
        self._found = found
        self._theirs = theirs
        self._notes = notes
        self._document = notes.document
        self._base_of = match_books(found.book, theirs)
        self._count = 0
        self._translation = Translation(found, theirs, self._base_of)

    def run(self) -> None:
        """Merge everything: first where things are, then what is in them."""
        self._sheets_gone()
        merges = [self._lines(number, base) for number, base in enumerate(self._base_of) if base is not None]
        for number, base in enumerate(self._base_of):
            if base is None:
                self._translation.add_sheet(number, self._new_id())
        for merge in merges:
            if merge is not None:
                merge.run()
        for number, base in enumerate(self._base_of):
            if base is None:
                self._add_sheet(number)

    def _live_of(self, base: int) -> LiveSheet | None:
        sources = self._found.sources
        return self._found.live.sheets[sources.index(base)] if base in sources else None

    def _new_id(self) -> str:
        """An id that nobody else gives."""
        self._count += 1
        return f"{_base36(self._document.client_id)}-{self._count}"

    # -- sheets --

    def _sheets_gone(self) -> None:
        for number, sheet in enumerate(self._found.book.sheets):
            live = self._live_of(number)
            if number in self._base_of or live is None:
                continue
            if CellsMerge.is_changed(self._found, live, sheet):
                self._notes.conflict(None, f"sheet {live.name}", sheet.name, live.name, _DELETED)
                continue
            tabs = self._document.read_array(TABS)
            for at in [place for place, tab in enumerate(tabs) if tab == live.id][::-1]:
                remove(self._document, (TABS,), at)
            self._notes.changes += 1

    def _add_sheet(self, number: int) -> None:
        name = self._translation.sheet_ids[number]
        sheet = self._theirs.sheets[number]
        styles = {f"{name}-{style}": look for style, look in self._theirs.styles.items()}
        used = {cell.style for row in sheet.cells.values() for cell in row.values() if cell.style}
        write_values(
            self._document, STYLES, {key: styles[key] for style in used if (key := f"{name}-{style}") in styles}
        )
        cells = {row: self._translated(cells, number, name) for row, cells in sheet.cells.items()}
        set_member(self._document, (SHEETS,), name, shared_sheet(sheet, cells))
        before = [self._translation.sheet_ids[one] for one in range(number) if one in self._translation.sheet_ids]
        tabs = self._document.read_array(TABS)
        at = tabs.index(before[-1]) + 1 if before and before[-1] in tabs else len(tabs)
        insert(self._document, (TABS,), at, name)
        self._notes.changes += 1

    def _translated(self, cells: dict[int, Cell], number: int, name: str) -> dict[int, Cell]:
        return {
            col: cell._replace(
                style=f"{name}-{cell.style}" if cell.style else "",
                formula=None if cell.formula is None else self._translation.of_theirs(cell.formula, number),
            )
            for col, cell in cells.items()
        }

    # -- rows and columns --

    def _lines(self, number: int, base: int) -> CellsMerge | None:
        """Bring rows and columns into the live sheet; what is left is the merge of its cells."""
        live, old, new = self._live_of(base), self._found.book.sheets[base], self._theirs.sheets[number]
        if live is None:
            if file_grid(old) != file_grid(new):
                self._notes.conflict(None, f"sheet {old.name}", old.name, _DELETED, new.name)
            return None
        self._facts(live, old, new)
        match = _match(old, new)
        here = self._found.sources.index(base)
        rows = self._axis(live, "rows", match.rows, self._found.matches[here].rows, old.rows)
        cols = self._axis(live, "cols", match.cols, self._found.matches[here].cols, old.cols)
        self._translation.add_lines(number, live.id, rows, cols)
        return CellsMerge(self._notes, self._translation, (number, base), (live, match))

    def _facts(self, live: LiveSheet, old: Sheet, new: Sheet) -> None:
        where = (SHEETS, live.id)
        if old.name != new.name and live.name == old.name:
            set_member(self._document, where, "name", new.name)
            self._notes.changes += 1
        if old.hidden != new.hidden and live.hidden == old.hidden:
            set_member(self._document, where, "hidden", new.hidden)
            self._notes.changes += 1
        if new.locked and new.locked != live.locked:
            set_member(self._document, where, "locked", new.locked)
        elif live.locked and not new.locked:
            remove_member(self._document, where, "locked")

    def _axis(self, live: LiveSheet, key: str, base_of: Places, base_at: Places, used: int) -> list[str | None]:
        """For each line of theirs its live id, None where the live side deleted it."""
        ids = live.rows if key == "rows" else live.cols
        live_of = {base: ids[place] for place, base in enumerate(base_at) if base is not None}
        kept = {base for base in base_of if base is not None}
        for line in range(used):
            if line not in kept and line in live_of:
                self._line_gone(live, key, live_of.pop(line))
        found = [live_of.get(base) if base is not None else None for base in base_of]
        self._move(live, key, [name for name in found if name is not None])
        last: str | None = None
        for place, base in enumerate(base_of):
            if base is None:
                found[place] = name = self._new_id()
                self._insert(live, key, name, last)
            last = found[place] or last
        return found

    def _insert(self, live: LiveSheet, key: str, name: str, behind: str | None) -> None:
        raw = self._raw(live, key)
        at = raw.index(behind) + 1 if behind in raw else 0
        insert(self._document, (SHEETS, live.id, key), at, name)
        self._notes.changes += 1

    def _raw(self, live: LiveSheet, key: str) -> list[object]:
        found = self._document.read_map(SHEETS)[live.id].get(key)
        return found if isinstance(found, list) else []

    def _remove(self, live: LiveSheet, key: str, name: str) -> None:
        raw = self._raw(live, key)
        for at in [place for place, one in enumerate(raw) if one == name][::-1]:
            remove(self._document, (SHEETS, live.id, key), at)

    def _line_gone(self, live: LiveSheet, key: str, name: str) -> None:
        if CellsMerge.line_is_changed(self._found, live, key, name):
            self._notes.conflict(None, f"{live.name}: {key}", "", name, _DELETED)
            return
        self._remove(live, key, name)
        self._notes.changes += 1

    def _move(self, live: LiveSheet, key: str, wanted: Sequence[str]) -> None:
        """Bring the lines into the order of theirs, where the live order is not one of its own."""
        order = {name: place for place, name in enumerate(live.rows if key == "rows" else live.cols)}
        places = [order[name] for name in wanted if name in order]
        if places == sorted(places):
            return
        staying = {wanted[at] for at in longest_increasing(places)}
        last: str | None = None
        for name in wanted:
            if name not in staying:
                self._remove(live, key, name)
                self._insert(live, key, name, last)
            last = name


def _match(old: Sheet, new: Sheet) -> Match:
    """For each row and column of theirs the one of base."""
    one, other = file_grid(new), file_grid(old)
    if (new.rows, new.cols) == (old.rows, old.cols) and _alike(one, other):
        return Match(list(range(new.rows)), list(range(new.cols)))
    return align_grids(one, other, (new.cols, old.cols))


def _alike(one: list[dict[int, tuple[str, object]]], other: list[dict[int, tuple[str, object]]]) -> bool:
    """Whether hardly anything is other: nothing was inserted and deleted then."""
    same = sum(left == right for left, right in zip(one, other, strict=True))
    return same * 2 >= len(one)


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = digits[digit] + text
    return text or "0"
