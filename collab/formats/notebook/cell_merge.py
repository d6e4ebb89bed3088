"""Owns the three-way merge of one cell: source by lines, outputs as one, metadata and attachments by key.

Where both sides changed the same thing both versions stay beside each other, or the live one stays and the other is
in the conflict's note. Knows no order of cells.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from collab.document import CONFLICTS, Document
from collab.formats.base import ChangedPlace, Conflict
from collab.formats.notebook.live import CELLS, shared_cell, shared_output
from collab.formats.notebook.model import CODE, Json, same, without_id
from collab.formats.text_merge import Where, apply_plan, conflict_id_of, plan_text_merge
from collab.nested import Path, is_map, is_text, remove_member, set_member
from collab.protocol.building import YArray, YMap, YText

_QUIET = frozenset({"language_info"})
"""Written by whoever has a kernel; nobody needs to choose."""
_NOTE_LENGTH = 10_000
"""A note shows so much of a version that is not in the document."""
_PARTS = frozenset({"id", "source", "outputs", "execution_count", "metadata", "attachments", "cell_type"})
_ABSENT = object()


@dataclass(slots=True)
class Notes:
    """What a merge did: counted, marked and written into the document's `conflicts`."""

    document: Document
    source: str
    at_ms: int
    changes: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    places: list[ChangedPlace] = field(default_factory=list)

    def conflict(self, cell: Json | None, part: str, base: str, live: str, theirs: str) -> None:
        """Note a conflict that is not within a text."""
        cell_id = "" if cell is None else str(cell.get("id", ""))
        conflict_id = conflict_id_of(cell_id, part, base, live, theirs, self.source)
        if document_has(self.document, conflict_id):
            return
        texts = {"base": base[:_NOTE_LENGTH], "live": live[:_NOTE_LENGTH], "theirs": theirs[:_NOTE_LENGTH]}
        details = {"cell": cell_id, "part": part, "source": self.source, "at_ms": self.at_ms}
        self.document.set_map_value(CONFLICTS, conflict_id, {**texts, **details})
        self.conflicts.append(Conflict(conflict_id, base, live, theirs))


def document_has(document: Document, conflict_id: str) -> bool:
    """Whether this conflict is noted already."""
    return document.map_value(CONFLICTS, conflict_id) is not None


@dataclass(frozen=True, slots=True)
class Side:
    """The three versions of a cell."""

    base: Json
    live: Json
    theirs: Json


def merge_metadata(notes: Notes, base: Json, live: Json, theirs: Json, path: Path, cell: Json | None = None) -> None:
    """Merge by key; where both changed one, live's stays and theirs is noted."""
    if same(base, theirs) or same(live, theirs):
        return
    if not is_map(notes.document, path):
        if same(base, live):
            set_member(notes.document, path[:-1], str(path[-1]), YMap(theirs))
            notes.changes += 1
        return
    for key in sorted({*base, *theirs}):
        was, here, there = (side.get(key, _ABSENT) for side in (base, live, theirs))
        if _same(was, there) or _same(here, there):
            continue
        if _same(was, here):
            _set(notes.document, path, key, there)
            notes.changes += 1
        elif key not in _QUIET:
            notes.conflict(cell, f"metadata.{key}", *map(_shown, (was, here, there)))


def _same(one: Any, other: Any) -> bool:
    return one is other if one is _ABSENT or other is _ABSENT else same(one, other)


def _set(document: Document, path: Path, key: str, value: Any) -> None:
    if value is _ABSENT:
        remove_member(document, path, key)
    else:
        set_member(document, path, key, value)


def _shown(value: Any) -> str:
    return "" if value is _ABSENT else json.dumps(value, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class CellMerge:
    """One cell at its place in the live array."""

    notes: Notes
    place: int
    sides: Side

    def run(self) -> None:
        base, live, theirs = (without_id(cell) for cell in (self.sides.base, self.sides.live, self.sides.theirs))
        if same(base, theirs) or same(live, theirs):
            return
        if base["cell_type"] != theirs["cell_type"] and live["cell_type"] != theirs["cell_type"]:
            self._retype(base, live)
            return
        self._source()
        merge_metadata(
            self.notes, base["metadata"], live["metadata"], theirs["metadata"], self._at("metadata"), self.sides.live
        )
        if live["cell_type"] == CODE:
            self._outputs()
        self._attachments()
        for key in sorted({*base, *theirs} - _PARTS):
            self._plain(key)

    def _at(self, *steps: str) -> Path:
        return (CELLS, self.place, *steps)

    def _retype(self, base: Json, live: Json) -> None:
        """Another type is another cell; an edit of the old one stays in front of it."""
        document, theirs = self.notes.document, self.sides.theirs
        if same(base, live):
            for key in sorted(({*live} | {"execution_state"}) - {*theirs} - {"id"}):
                remove_member(document, self._at(), key)
            for key, value in shared_cell({**theirs, "id": self.sides.live["id"]}).entries.items():
                set_member(document, self._at(), key, value)
            self.notes.changes += 1
        else:
            was, here, there = (side["cell_type"] for side in (base, live, theirs))
            self.notes.conflict(self.sides.live, "cell_type", was, here, there)
            self._source()

    def _source(self) -> None:
        document, sides = self.notes.document, self.sides
        if not is_text(document, self._at("source")):
            if same(sides.base["source"], sides.live["source"]):
                set_member(document, self._at(), "source", YText(sides.theirs["source"]))
                self.notes.changes += 1
            return
        where = Where((CELLS, self.place, "source"), {"cell": str(sides.live.get("id", "")), "part": "source"})
        plan = plan_text_merge(sides.base["source"], sides.theirs["source"], document.text(where.text))
        merged = apply_plan(plan, document, self.notes.source, self.notes.at_ms, where)
        if merged is not None:
            self.notes.changes += merged.changes
            self.notes.conflicts += merged.conflicts
            self.notes.places += merged.places

    def _outputs(self) -> None:
        """The outputs of a run belong together: one side's run replaces them, of two runs both stay."""
        base, live, theirs = ((cell.get("outputs", []), cell.get("execution_count")) for cell in self._all())
        if _run_equal(base, theirs) or _run_equal(live, theirs):
            return
        if _run_equal(base, live):
            self._set_outputs(theirs[0])
            set_member(self.notes.document, self._at(), "execution_count", theirs[1])
            self.notes.changes += 1
            return
        new = [output for output in theirs[0] if not any(same(output, known) for known in live[0])]
        if new:
            self._set_outputs([*live[0], *new])
            counts = (f"{len(outputs)} outputs" for outputs, _ in (base, live, theirs))
            self.notes.conflict(self.sides.live, "outputs", *counts)

    def _all(self) -> tuple[Json, Json, Json]:
        return self.sides.base, self.sides.live, self.sides.theirs

    def _set_outputs(self, outputs: list[Json]) -> None:
        shared = YArray([shared_output(output) for output in outputs])
        set_member(self.notes.document, self._at(), "outputs", shared)

    def _attachments(self) -> None:
        base, live, theirs = (cell.get("attachments", {}) for cell in self._all())
        if same(base, theirs) or same(live, theirs):
            return
        merged: Json = dict(live)
        for name in sorted({*base, *theirs}):
            was, here, there = (side.get(name, _ABSENT) for side in (base, live, theirs))
            if _same(was, there) or _same(here, there):
                continue
            if _same(was, here):
                merged = {**merged, name: there} if there is not _ABSENT else _without(merged, name)
            elif there is not _ABSENT:
                merged[_free_name(name, merged)] = there
                self.notes.conflict(self.sides.live, f"attachments.{name}", "", name, name)
        if merged:
            set_member(self.notes.document, self._at(), "attachments", merged)
        else:
            remove_member(self.notes.document, self._at(), "attachments")
        self.notes.changes += 1

    def _plain(self, key: str) -> None:
        was, here, there = (cell.get(key, _ABSENT) for cell in self._all())
        if _same(was, there) or _same(here, there):
            return
        if _same(was, here):
            _set(self.notes.document, self._at(), key, there)
            self.notes.changes += 1
        else:
            self.notes.conflict(self.sides.live, key, *map(_shown, (was, here, there)))


def _run_equal(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    return same(one[0], other[0]) and same(one[1], other[1])


def _without(entries: Mapping[str, Any], name: str) -> Json:
    return {key: value for key, value in entries.items() if key != name}


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    number = 2
    while f"{number}-{name}" in taken:
        number += 1
    return f"{number}-{name}"
