"""Three people who edit a sheet at random: their documents agree, and the file holds what they see."""

from __future__ import annotations

import os
import random

import pytest

from collab.document import Document
from collab.errors import FormatError
from collab.formats.sheet.live import LiveSheet, read_live
from collab.formats.sheet.model import file_ids
from collab.formats.sheet.ods import OdsFile
from collab.nested import insert, remove, remove_member, set_member
from tests.formats.sheet.files import GRID, LIMITS, SUMS_AND_MORE, Open, format_of, ods

FILE = ods(GRID + SUMS_AND_MORE)
PEOPLE = 3
VALUES = ({"v": 1.5}, {"v": "word"}, {"v": "  ü \n😀<&>"}, {"v": True}, {"v": -7}, None)
LOOKS = ({"bold": True}, {"fill": "#ffeeaa"}, {"format": "0.00"}, {"bold": None}, {"align": "center", "size": 12})


def edit(rng: random.Random, document: Document, person: int, step: int) -> None:
    """One thing that a person does."""
    live = rng.choice(read_live(document).sheets)
    where = ("sheets", live.id)
    lines = rng.choice(("rows", "cols"))
    ids = live.rows if lines == "rows" else live.cols
    match rng.randrange(10):
        case 0:
            insert(document, (*where, lines), rng.randrange(len(ids) + 1), f"u{person}-{step}")
        case 1 if len(ids) > 2:
            remove(document, (*where, lines), raw(document, live, lines).index(rng.choice(ids)))
        case 2 if len(ids) > 2:
            name = rng.choice(ids)
            remove(document, (*where, lines), raw(document, live, lines).index(name))
            insert(document, (*where, lines), rng.randrange(len(ids)), name)
        case 3 if live.rows and live.cols:
            set_member(document, (*where, "looks"), key(rng, live), rng.choice(LOOKS))
        case 4 if live.rows and live.cols:
            reference = [rng.choice(live.rows), rng.choice(live.cols), rng.randrange(4)]
            set_member(document, (*where, "cells"), key(rng, live), {"f": ["SUM(", reference, ",1)"]})
        case 5 if live.edits:
            row, col = rng.choice(sorted(live.edits))
            remove_member(document, (*where, "cells"), f"{row}:{col}")
        case _ if live.rows and live.cols:
            set_member(document, (*where, "cells"), key(rng, live), rng.choice(VALUES))


def raw(document: Document, live: LiveSheet, lines: str) -> list[object]:
    found = document.read_map("sheets")[live.id][lines]
    assert isinstance(found, list)
    return found


def key(rng: random.Random, live: LiveSheet) -> str:
    return f"{rng.choice(live.rows)}:{rng.choice(live.cols)}"


def run_people(seed: int, operations: int) -> None:
    rng = random.Random(seed)
    start = Open(FILE).document.diff()
    people = [Document.from_updates([start], client_id=100 + person) for person in range(PEOPLE)]
    stored = FILE
    for step in range(operations):
        person = rng.randrange(PEOPLE)
        edit(rng, people[person], person, step)
        if rng.random() < 0.3:
            one, other = rng.sample(people, 2)
            one.apply(other.diff(one.state_vector()))
        if step == operations // 2:
            stored = saved(people[0], stored, f"seed {seed}, halfway")
    for one in people:
        for other in people:
            one.apply(other.diff(one.state_vector()))
    states = [one.read_map("sheets") for one in people]
    assert states[0] == states[1] == states[2], f"seed {seed}"
    content = saved(people[0], stored, f"seed {seed}")
    check(people[0], content, f"seed {seed}")
    assert format_of().encode(people[1], content) == content, f"seed {seed}: a second save has other bytes"


def saved(document: Document, stored: bytes, label: str) -> bytes:
    try:
        return format_of().encode(document, stored)
    except FormatError as error:
        raise AssertionError(f"{label}: {error}") from error


def check(document: Document, content: bytes, label: str) -> None:
    """The file is the live document, cell by cell."""
    file = OdsFile(content, LIMITS)
    ids = file_ids([(sheet.name, sheet.rows, sheet.cols) for sheet in file.book.sheets])
    live = read_live(document)
    for number, sheet in enumerate(live.sheets):
        found = file.book.sheets[number]
        for row, row_name in enumerate(sheet.rows):
            for col, col_name in enumerate(sheet.cols):
                wanted, cell = sheet.content(row_name, col_name), found.cell(row, col)
                if wanted.formula is None:
                    assert (wanted.kind, wanted.value, None) == (cell.kind, cell.value, cell.formula), label
                else:
                    assert cell.formula is not None, label
                    if "#REF!" not in (text := file.formula_text(wanted.formula, live.ids(), sheet.id)):
                        assert text == file.formula_text(cell.formula, ids, f"s{number + 1}"), label


@pytest.mark.parametrize("seed", range(14))
def test_three_people_at_random(seed: int) -> None:
    run_people(seed, 30)


@pytest.mark.soak
def test_three_people_at_random_many_times() -> None:
    first = int(os.environ.get("COLLAB_TEST_SEED", "1000"))
    for seed in range(first, first + 1000):
        run_people(seed, 50)
