"""The gates on spreadsheets of others: a save without an edit is the same file, an edit changes what it means.

The judge is an outside one (`judge.py`, beside the corpus). By default the small files; all of them with `-m soak`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collab.errors import FormatError, LimitExceeded
from tests.formats.rich.test_corpus import judged
from tests.formats.sheet.files import Open, all_cells, format_of

KINDS = ("ods", "fods")
SMALL = 9_500
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Edit = Callable[[Open, str, str], object]
EDITS: dict[str, Edit] = {
    "number": lambda opened, row, col: opened.member("cells", f"{row}:{col}", {"v": 12.5}),
    "text": lambda opened, row, col: opened.member("cells", f"{row}:{col}", {"v": "two  words\n<&>"}),
    "formula": lambda opened, row, col: opened.member("cells", f"{row}:{col}", {"f": ["1+", [0, 16000, 3]]}),
    "nothing": lambda opened, row, col: opened.member("cells", f"{row}:{col}", None),
}
STRUCTURE: dict[str, Edit] = {
    "row inserted": lambda opened, row, col: opened.insert("rows", opened.sheet().rows.index(row), "k-1"),
    "column deleted": lambda opened, row, col: opened.delete("cols", opened.sheet().cols.index(col)),
    "row deleted": lambda opened, row, col: opened.delete("rows", opened.sheet().rows.index(row)),
    "column inserted": lambda opened, row, col: opened.insert("cols", opened.sheet().cols.index(col), "k-1"),
}


def files(corpus: Path, largest: int) -> list[Path]:
    """Files that open."""
    found = []
    for path in sorted(path for kind in KINDS for path in (corpus / kind).iterdir()):
        if path.stat().st_size > largest:
            continue
        try:
            Open(path.read_bytes())
        except (FormatError, LimitExceeded):
            continue
        found.append(path)
    return found


def middle(opened: Open) -> tuple[str, str] | None:
    """A cell with something in it, near the middle."""
    live = opened.sheet()
    filled = [
        (row, col)
        for row in live.rows
        for col, cell in live.base.get(row, {}).items()
        if cell.kind != "z" and cell.formula is None
    ]
    return filled[len(filled) // 2] if filled else None


def check_file(judge: Any, path: Path) -> list[str]:
    """What is wrong with our saves of one file."""
    content, wrong = path.read_bytes(), []
    if Open(content).saved() != content:
        wrong.append("no edit: other bytes")
    place = middle(Open(content))
    if place is None:
        return wrong
    row, col = place
    before = all_cells(content)
    for label, edit in EDITS.items():
        opened = Open(content)
        edit(opened, row, col)
        saved = opened.saved()
        live = opened.sheet()
        here = (0, live.rows.index(row), live.cols.index(col))
        after = all_cells(saved)
        changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        others = {key for key in changed - {here} if before.get(key) is None or before[key].formula is None}
        if others:
            wrong.append(f"{label}: other cells changed: {sorted(others)[:3]}")
        report = judged(judge, path, saved)
        if "error" in report or report.get("elements_gone", 0) > len(changed) * 9 or report.get("lost_parts", 0):
            wrong.append(f"{label}: {report.get('error', 'elements gone')}")
        if opened.format.encode(opened.document, saved) != saved:
            wrong.append(f"{label}: a second save has other bytes")
        if opened.forget("cells", f"{row}:{col}").saved() != content:
            wrong.append(f"{label} undone: other bytes")
    return wrong


def check_structure(path: Path) -> tuple[list[str], int]:
    """What is wrong when rows and columns come and go, and how often it was refused with a reason."""
    content, wrong, refused = path.read_bytes(), [], 0
    place = middle(Open(content))
    for label, edit in STRUCTURE.items() if place else ():
        assert place is not None
        opened = Open(content)
        locked = opened.sheet().locked
        edit(opened, *place)
        try:
            saved = opened.saved()
        except FormatError as error:
            refused += 1
            if not error.public:
                wrong.append(f"{label}: refused without a reason")
            continue
        if locked:
            wrong.append(f"{label}: a locked sheet was changed")
        if opened.format.encode(opened.document, saved) != saved:
            wrong.append(f"{label}: a second save has other bytes")
        fresh = Open(saved)
        if _grid(opened) != _grid(fresh):
            wrong.append(f"{label}: other values")
    return wrong, refused


def _grid(opened: Open) -> list[list[object]]:
    rows = [_shown(opened, row) for row in opened.sheet().rows]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _shown(opened: Open, row: str) -> list[object]:
    """The values of a row; of a formula only that there is one, as its value may be a new one."""
    live = opened.sheet()
    contents = [live.content(row, col) for col in live.cols]
    values = ["f" if content.formula is not None else content.value for content in contents]
    while values and values[-1] is None:
        values.pop()
    return values


def test_small_files_of_others_pass_the_gates(corpus: Path, judge: Any) -> None:
    chosen = files(corpus, SMALL)

    wrong = {path.name: found for path in chosen if (found := check_file(judge, path))}

    assert len(chosen) >= 20
    assert wrong == {}


def test_rows_and_columns_of_small_files_come_and_go_or_are_refused(corpus: Path) -> None:
    chosen = files(corpus, SMALL)

    results = {path.name: check_structure(path) for path in chosen}

    assert {name: wrong for name, (wrong, _) in results.items() if wrong} == {}
    assert sum(refused for _, refused in results.values()) < len(chosen) * len(STRUCTURE) / 3


def test_every_file_of_others_but_the_known_ones_opens_and_is_saved_as_it_is(corpus: Path) -> None:
    found = {}
    for path in sorted(path for kind in KINDS for path in (corpus / kind).iterdir()):
        content = path.read_bytes()
        if len(content) > 60_000:
            continue
        try:
            found[path.name] = Open(content).saved() == content
        except LimitExceeded as error:
            found[path.name] = error.limit == "sheet_rows"  # a cell in the last of a million rows

    assert len(found) > 45
    assert all(found.values()), found


@pytest.mark.soak
def test_all_files_of_others_pass_the_gates(corpus: Path, judge: Any) -> None:
    chosen = files(corpus, format_of().limits.file_size_bytes)

    wrong = {path.name: found for path in chosen if (found := check_file(judge, path))}
    wrong |= {path.name: found for path in chosen if (found := check_structure(path)[0])}

    assert len(chosen) > 58
    assert wrong == {}
