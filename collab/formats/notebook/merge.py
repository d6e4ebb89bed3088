"""Owns the three-way merge of notebooks: which cells came, went and moved, and what became of each.

Nothing of either side is lost: a cell that one side deleted and the other changed stays, cells that both added stay
both. Knows no file's bytes and no storage; how one cell is merged is `cell_merge`'s.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from collab.document import Document
from collab.formats.base import ChangedPlace, Merged
from collab.formats.notebook.cell_merge import CellMerge, Notes, Side, merge_metadata
from collab.formats.notebook.live import CELLS, META, METADATA, LiveNotebook, placed_cells, read_live, shared_cell
from collab.formats.notebook.matching import match_cells
from collab.formats.notebook.model import Json, same, without_id
from collab.formats.notebook.source import with_ids
from collab.formats.text_merge import MARKED_PLACES
from collab.nested import insert, remove


def merge_notebook(base: LiveNotebook, theirs: LiveNotebook, document: Document, source: str, at_ms: int) -> Merged:
    """Merge into the live document as one transaction. Raises: DocumentPoisoned."""
    if same(list(base.cells), list(theirs.cells)) and same(base.metadata, theirs.metadata):
        return Merged(0)
    notes = Notes(document, source, at_ms)
    with document.transaction():
        merge_metadata(notes, base.metadata, read_live(document).metadata, theirs.metadata, (META, METADATA))
        cells = _CellsMerge(base.cells, theirs.cells, document, notes)
        cells.run()
    return Merged(notes.changes, tuple(notes.conflicts), _places(document, cells))


def common_cells(live: LiveNotebook, theirs: LiveNotebook) -> LiveNotebook:
    """What both have in common."""
    matches = match_cells(live.cells, theirs.cells)
    pairs = zip(theirs.cells, matches, strict=True)
    cells = [cell for cell, match in pairs if match is not None and _equal(cell, live.cells[match])]
    metadata = {key: value for key, value in theirs.metadata.items() if same(value, live.metadata.get(key))}
    return LiveNotebook(cells, metadata, theirs.major, theirs.minor)


def _equal(one: Json, other: Json) -> bool:
    return same(without_id(one), without_id(other))


def _places(document: Document, cells: _CellsMerge) -> tuple[ChangedPlace, ...]:
    """Where whole cells came, and the passages that changed in others."""
    places = list(cells.notes.places)
    for slot in cells.inserted[:MARKED_PLACES]:
        where = (CELLS, cells.place_of(slot), "source")
        start, end = document.relative_positions([(0, False), (len(document.text(where)), True)], where)
        places.append(ChangedPlace(start, end))
    return tuple(places[:MARKED_PLACES])


class _CellsMerge:
    """One merge of cells. A slot is a place in the live array: the number of a live cell, or -1 - n for a new one.

    `None` is what is no cell, or the second of two equal ones; it is left alone.
    """

    def __init__(self, base: Sequence[Json], theirs: Sequence[Json], document: Document, notes: Notes) -> None:
        placed = placed_cells(document)
        self.notes = notes
        self.inserted: list[int] = []
        self._document = document
        self._base, self._theirs = base, theirs
        self._live = [cell for _, cell in placed]
        self._slots: list[int | None] = [None] * len(document.read_array(CELLS))
        for number, (place, _) in enumerate(placed):
            self._slots[place] = number
        self._live_base = match_cells(base, self._live)
        self._theirs_base = match_cells(base, theirs)
        self._live_of = {match: number for number, match in enumerate(self._live_base) if match is not None}
        self._theirs_of = {match: number for number, match in enumerate(self._theirs_base) if match is not None}
        self._slot_of_theirs: dict[int, int] = {}
        """The slot of each cell of theirs that is live."""

    def place_of(self, slot: int) -> int:
        """Where a slot is in the array now."""
        return self._slots.index(slot)

    def run(self) -> None:
        """Merge everything."""
        for number, cell in enumerate(self._base):
            self._merge_known(number, cell)
        fresh = self._match_fresh()
        moved = self._moved()
        for number in range(len(self._theirs)):
            if number in moved:
                self._move(number)
            elif number in fresh:
                self._insert(number)

    def _merge_known(self, number: int, base: Json) -> None:
        live, theirs = self._live_of.get(number), self._theirs_of.get(number)
        if live is not None and theirs is not None:
            self._slot_of_theirs[theirs] = live
            self._merge_cell(live, base, self._theirs[theirs])
        elif live is not None:
            self._theirs_deleted(live, base)

    def _merge_cell(self, live: int, base: Json, theirs: Json) -> None:
        sides = Side(base, self._live[live], theirs)
        CellMerge(self.notes, self.place_of(live), sides).run()

    def _theirs_deleted(self, live: int, base: Json) -> None:
        cell = self._live[live]
        if _equal(cell, base):
            place = self.place_of(live)
            remove(self._document, (CELLS,), place)
            del self._slots[place]
            self.notes.changes += 1
        else:
            self.notes.conflict(cell, "deleted", base["source"], cell["source"], "")

    def _match_fresh(self) -> set[int]:
        """The cells of theirs that are to be inserted: added there, or changed there and deleted here."""
        added_live = [number for number, match in enumerate(self._live_base) if match is None]
        added = [number for number, match in enumerate(self._theirs_base) if match is None]
        known = match_cells([self._live[number] for number in added_live], [self._theirs[number] for number in added])
        fresh = set()
        for number, match in zip(added, known, strict=True):
            if match is None:
                fresh.add(number)
                continue
            live = added_live[match]
            self._slot_of_theirs[number] = live
            empty = {**without_id(self._theirs[number]), "source": "", "metadata": {}, "outputs": []}
            self._merge_cell(live, empty, self._theirs[number])
        for number, base in enumerate(self._base):
            theirs = self._theirs_of.get(number)
            if theirs is not None and number not in self._live_of and not _equal(self._theirs[theirs], base):
                fresh.add(theirs)
                self.notes.conflict(self._theirs[theirs], "deleted", base["source"], "", self._theirs[theirs]["source"])
        return fresh

    def _moved(self) -> set[int]:
        """The cells that stand elsewhere in theirs; where live moved one too, its place stays."""
        common = [match for match in self._theirs_base if match is not None and match in self._live_of]
        kept_theirs = set(_longest_rising(common))
        live_order = [match for match in self._live_base if match is not None and match in self._theirs_of]
        kept_live = set(_longest_rising(live_order))
        return {self._theirs_of[match] for match in common if match not in kept_theirs and match in kept_live}

    def _move(self, number: int) -> None:
        """Shared arrays know no moves: the cell, as it is by now, goes and comes again."""
        slot = self._slot_of_theirs[number]
        place = self.place_of(slot)
        cell = next(cell for at, cell in placed_cells(self._document) if at == place)
        remove(self._document, (CELLS,), place)
        del self._slots[place]
        self._put(number, cell, slot)

    def _insert(self, number: int) -> None:
        taken = frozenset(str(cell["id"]) for cell in self._live)
        (cell,) = with_ids([self._theirs[number]], taken)
        slot = -1 - number
        self._live.append(cell)
        self._slot_of_theirs[number] = slot
        self._put(number, cell, slot)

    def _put(self, number: int, cell: Json, slot: int) -> None:
        place = self._place_for(number)
        insert(self._document, (CELLS,), place, shared_cell(cell))
        self._slots.insert(place, slot)
        self.inserted.append(slot)
        self.notes.changes += 1

    def _place_for(self, number: int) -> int:
        """Behind the cell that precedes it in theirs, and behind what live added there."""
        slots = (self._slot_of_theirs.get(before) for before in range(number - 1, -1, -1))
        before = next((slot for slot in slots if slot is not None and slot in self._slots), None)
        place = 0 if before is None else self.place_of(before) + 1
        while place < len(self._slots) and self._is_added_here(self._slots[place]):
            place += 1
        return place

    def _is_added_here(self, slot: int | None) -> bool:
        if slot is None or slot < 0 or slot >= len(self._live_base):
            return False
        return self._live_base[slot] is None and slot not in self._slot_of_theirs.values()


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """A longest rising subsequence: what kept its order."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        place = bisect_left(tails, number)
        before.append(ends[place - 1] if place else -1)
        tails[place : place + 1] = [number]
        ends[place : place + 1] = [index]
    found = []
    at = ends[-1] if ends else -1
    while at >= 0:
        found.append(numbers[at])
        at = before[at]
    return found[::-1]
