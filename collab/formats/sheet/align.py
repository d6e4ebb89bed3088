"""Owns which rows and columns of a file are which of the live document; remembers nothing between saves.

A file that was loaded has `r1`, `r2`, … in its rows. One that was saved since has what the live document had then. So
the ids are believed where the contents confirm them, else rows are found again by what they hold. Content is compared
with the file in any case: a wrong match costs no value, only what is not understood, as the height of a row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collab.formats.linediff import diff_lines
from collab.formats.sheet.formula.parts import GONE
from collab.formats.sheet.live import LiveBook, LiveSheet
from collab.formats.sheet.model import EMPTY, Book, Cell, Content, Formula, Sheet, col_id, row_id

Key = tuple[str, object]
"""What a cell holds, to be compared; of a formula only its words, as its references may have moved or be gone."""
Grid = list[dict[int, Key]]
Places = list[int | None]
_ALIKE = 0.3
_PAIRS = 20_000
"""So many pairs of lines of one gap are compared; larger gaps are paired in order."""


@dataclass(slots=True)
class Match:
    """For each live row and column the one of the file; None: the file has none. Behind its used area they go on."""

    rows: Places
    cols: Places


def key_of(kind: str, value: object, formula: Formula | None) -> Key | None:
    """What a cell holds; None for nothing."""
    if formula is not None:
        return "f", "".join(part if isinstance(part, str) else GONE for part in formula)
    return None if kind == EMPTY else (kind, value)


def file_grid(sheet: Sheet) -> Grid:
    """What a file's sheet holds."""
    known: dict[int, dict[int, Key]] = {}
    grid: Grid = []
    for row in range(sheet.rows):
        cells = sheet.cells.get(row, _NO_CELLS)
        if id(cells) not in known:
            known[id(cells)] = _keys(cells)
        grid.append(known[id(cells)])
    return grid


_NO_CELLS: dict[int, Cell] = {}


def _keys(cells: Mapping[int, Cell]) -> dict[int, Key]:
    return {col: key for col, cell in cells.items() if (key := key_of(cell.kind, cell.value, cell.formula)) is not None}


def live_grid(sheet: LiveSheet) -> Grid:
    """What the live sheet holds."""
    cols = {name: place for place, name in enumerate(sheet.cols)}
    edits: dict[str, list[tuple[int, Content]]] = defaultdict(list)
    for (row, col), content in sheet.edits.items():
        if col in cols:
            edits[row].append((cols[col], content))
    grid: Grid = []
    for row in sheet.rows:
        cells = {cols[col]: cell for col, cell in sheet.base.get(row, {}).items() if col in cols}
        keys = _keys(cells)
        for place, content in edits.get(row, ()):
            key = key_of(content.kind, content.value, content.formula)
            if key is None:
                keys.pop(place, None)
            else:
                keys[place] = key
        grid.append(keys)
    return grid


# -- sheets --


def match_sheets(live: LiveBook, book: Book) -> list[int | None]:
    """For each live sheet the one of the file: by name where the content confirms it, by id likewise, by name alone."""
    by_name = {sheet.name.casefold(): number for number, sheet in reversed(list(enumerate(book.sheets)))}
    found: list[int | None] = [None] * len(live.sheets)
    free = set(range(len(book.sheets)))

    def take(place: int, number: int | None) -> None:
        if number is not None and number in free and found[place] is None:
            found[place] = number
            free.discard(number)

    named = [by_name.get(sheet.name.casefold()) for sheet in live.sheets]
    for place, (sheet, number) in enumerate(zip(live.sheets, named, strict=True)):
        if number is not None and _holds_same(sheet, book.sheets[number]):
            take(place, number)
    for place, sheet in enumerate(live.sheets):
        number = _own_number(sheet.id)
        if number in free and sheet.base and ids_fit(sheet, book.sheets[number]):
            take(place, number)
    for place, number in enumerate(named):
        take(place, number)
    _match_rest(live, book, found, free)
    return found


def _own_number(name: str) -> int:
    return int(name[1:]) - 1 if name[:1] == "s" and name[1:].isdigit() and len(name) < 8 else -1


def _holds_same(sheet: LiveSheet, other: Sheet) -> bool:
    return _trimmed(live_grid(sheet)) == _trimmed(file_grid(other))


def _trimmed(grid: Grid) -> Grid:
    end = len(grid)
    while end and not grid[end - 1]:
        end -= 1
    return grid[:end]


def _match_rest(live: LiveBook, book: Book, found: list[int | None], free: set[int]) -> None:
    """Sheets of new names: the one with the most in common, else that of the same number."""
    pools = {number: _pool(file_grid(book.sheets[number])) for number in free}
    for place, sheet in enumerate(live.sheets):
        if found[place] is not None or not free:
            continue
        pool = _pool(live_grid(sheet))
        best = max(free, key=lambda number: (_likeness(pool, pools[number]), number == _own_number(sheet.id), -number))
        own = _own_number(sheet.id) == best and not pool and not pools[best]
        if own or _likeness(pool, pools[best]) > _ALIKE:
            found[place] = best
            free.discard(best)


def _pool(grid: Grid) -> Counter[object]:
    return Counter(key for row in grid for key in row.values())


# -- rows and columns --


def align(sheet: LiveSheet, other: Sheet) -> Match:
    """Which rows and columns of the file are which of the live sheet."""
    live, file = live_grid(sheet), file_grid(other)
    if len(sheet.cols) >= other.cols and _trimmed(live) == _trimmed(file):
        return Match(list(range(len(sheet.rows))), list(range(len(sheet.cols))))
    if ids_fit(sheet, other):
        rows = [_number(row, "r") for row in sheet.rows]
        cols = [_number(col, "c") for col in sheet.cols]
        if None in rows and other.rows > _loaded(sheet)[0]:
            rows = _completed(rows, live, file, _loaded(sheet)[0])
        return Match(_continued(rows, other.rows), _continued(cols, other.cols))
    found = align_grids(live, file, (len(sheet.cols), other.cols))
    return Match(_continued(found.rows, other.rows), _continued(found.cols, other.cols))


def align_grids(live: Grid, file: Grid, widths: tuple[int, int]) -> Match:
    """Which rows and columns of one grid are which of another, by what they hold."""
    cols = match_lines(_column_pools(live, widths[0]), _column_pools(file, widths[1]))
    to_live = {col: place for place, col in enumerate(cols) if col is not None}
    rows = match_lines(
        [Counter(row.items()) for row in live],
        [Counter((to_live[col], key) for col, key in row.items() if col in to_live) for row in file],
    )
    return Match(rows, cols)


def _number(name: str, letter: str) -> int | None:
    return int(name[1:]) - 1 if name[:1] == letter and name[1:].isdigit() and len(name) < 10 else None


def _loaded(sheet: LiveSheet) -> tuple[int, int]:
    """How many rows and columns the sheet had when it was loaded, as far as it shows."""
    rows = [number for row in (*sheet.base, *sheet.rows) if (number := _number(row, "r")) is not None]
    cols = [number for col in sheet.cols if (number := _number(col, "c")) is not None]
    based = [number for row in sheet.base.values() for col in row if (number := _number(col, "c")) is not None]
    return max(rows, default=-1) + 1, max(*cols, *based, -1, -1) + 1


def ids_fit(sheet: LiveSheet, other: Sheet) -> bool:
    """Whether the file's rows and columns are those that were loaded: all that nobody edited is where its id says."""
    rows, cols = _loaded(sheet)
    edited: dict[str, set[str]] = defaultdict(set)
    for row, col in sheet.edits:
        edited[row].add(col)
    compared = 0
    for index in range(max(rows, other.rows)):
        name = row_id(index)
        base, cells = sheet.base.get(name, _NO_BASE), other.cells.get(index, _NO_CELLS)
        if index >= rows:
            break
        skipped = edited.get(name, _NONE)
        wanted = {col: cell for col, cell in base.items() if col not in skipped and _filled(cell)}
        held = {col_id(col): cell for col, cell in cells.items() if _filled(cell) and col < cols}
        compared += len(wanted)
        if any(col not in wanted and col not in skipped for col in held):
            return False
        if any(col not in held or not _same(cell, held[col]) for col, cell in wanted.items()):
            return False
    return compared > 0 or not sheet.base


_NO_BASE: dict[str, Cell] = {}
_NONE: set[str] = set()


def _filled(cell: Cell) -> bool:
    return cell.kind != EMPTY or cell.formula is not None


def _same(one: Cell, other: Cell) -> bool:
    return key_of(one.kind, one.value, one.formula) == key_of(other.kind, other.value, other.formula)


def _completed(rows: Places, live: Grid, file: Grid, loaded: int) -> Places:
    """Rows that were added and saved since stand behind the loaded ones: found by what they hold."""
    open_places = [place for place, row in enumerate(rows) if row is None]
    found = match_lines(
        [Counter(live[place].items()) for place in open_places], [Counter(row.items()) for row in file[loaded:]]
    )
    rows = list(rows)
    for place, match in zip(open_places, found, strict=True):
        rows[place] = None if match is None else loaded + match
    return rows


def _continued(places: Places, used: int) -> Places:
    """Lines at the end that the file does not use are those behind its used area."""
    last = max((place for place, match in enumerate(places) if match is not None), default=-1)
    follows = max((match for match in places if match is not None), default=-1) + 1
    following = max(used, follows)
    return [*places[: last + 1], *range(following, following + len(places) - last - 1)]


def _column_pools(grid: Grid, width: int) -> list[Counter[object]]:
    pools: list[Counter[object]] = [Counter() for _ in range(width)]
    for row in grid:
        for col, key in row.items():
            if col < width:
                pools[col][key] += 1
    return pools


def match_lines(live: Sequence[Counter[object]], file: Sequence[Counter[object]]) -> Places:
    """For each line of one side the line of the other: equal ones in order, then alike ones, then equal ones moved."""
    names: dict[frozenset[object], str] = {}
    one, other = (
        [names.setdefault(frozenset(line.items()), str(len(names))) for line in side] for side in (live, file)
    )
    found: Places = [None] * len(live)
    gaps: list[tuple[range, range]] = []
    at = live_at = 0
    for change in diff_lines(other, one):
        for step in range(change.a_start - at):
            found[live_at + step] = at + step
        gaps.append((range(change.b_start, change.b_end), range(change.a_start, change.a_end)))
        at, live_at = change.a_end, change.b_end
    for step in range(len(file) - at):
        found[live_at + step] = at + step
    _find_moved(found, one, other, {name for line, name in names.items() if not line})
    taken = set(found)
    for places, lines in gaps:
        open_places = [place for place in places if found[place] is None]
        free = [line for line in lines if line not in taken]
        for place, line in _pairs(open_places, free, live, file):
            found[place] = line
    return found


def _find_moved(found: Places, one: Sequence[str], other: Sequence[str], nothing: set[str]) -> None:
    taken = set(found)
    free: dict[str, list[int]] = defaultdict(list)
    for line in range(len(other) - 1, -1, -1):
        if line not in taken and other[line] not in nothing:
            free[other[line]].append(line)
    for place, name in enumerate(one):
        if found[place] is None and free.get(name):
            found[place] = free[name].pop()


def _pairs(
    places: Sequence[int], lines: Sequence[int], live: Sequence[Counter[object]], file: Sequence[Counter[object]]
) -> list[tuple[int, int]]:
    """Which lines of a gap belong together: the most alike ones, then those between them where there are as many."""
    if len(places) * len(lines) > _PAIRS:
        return list(zip(places, lines, strict=False))
    alike = [(-_likeness(live[place], file[line]), place, line) for place in places for line in lines]
    pairs: list[tuple[int, int]] = []
    for likeness, place, line in sorted(alike):
        if -likeness <= _ALIKE:
            break
        if all((place < one) == (line < other) and place != one and line != other for one, other in pairs):
            pairs.append((place, line))
    found = []
    before = (-1, -1)
    for pair in [*sorted(pairs), (max(places, default=0) + 1, max(lines, default=0) + 1)]:
        between = [place for place in places if before[0] < place < pair[0]]
        others = [line for line in lines if before[1] < line < pair[1]]
        found += list(zip(between, others, strict=True)) if len(between) == len(others) else []
        before = pair
    return [*found, *pairs]


def _likeness(one: Counter[object], other: Counter[object]) -> float:
    size = max(sum(one.values()), sum(other.values()))
    return sum((one & other).values()) / size if size else 0.0
