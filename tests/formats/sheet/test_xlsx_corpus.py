"""The gates on workbooks of others: nothing is lost by a save, and an edit changes its cell and what depends on it.

The judge is an outside one (`judge.py`, beside the corpus). By default the small files; all of them with `-m soak`.
"""

from __future__ import annotations

import io
import json
import random
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collab.document import Document
from collab.errors import FormatError, LimitExceeded
from tests.formats.sheet.live import LIMITS, opened, put, sheet_format

FORMAT = sheet_format("xlsx")
SMALL = 14_000
VALUES = ({"v": 12.5}, {"v": "hällo <&>\n "}, {"f": ["1+1"]}, None)
# The judge leaves the files that it read to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def files(corpus: Path, largest: int) -> Iterator[tuple[Path, bytes, Document]]:
    """Files that open."""
    for path in sorted([*(corpus / "xlsx").iterdir(), *(corpus / "xlsm").iterdir()]):
        content = path.read_bytes()
        if len(content) <= largest:
            try:
                yield path, content, opened(content, "xlsx")
            except (FormatError, LimitExceeded):
                continue


def cells_of(document: Document) -> dict[tuple[str, str, str], Any]:
    """Every cell of a document, with its look by what it looks like."""
    looks = document.read_map("styles")
    found = {}
    for sheet, shared in document.read_map("sheets").items():
        for row, cells in shared["base"].items():
            for col, (kind, value, *rest) in cells.items():
                look = looks.get(rest[0], {}) if rest and rest[0] else {}
                found[sheet, row, col] = (kind, value, look, _by_index(rest[1]) if len(rest) > 1 else None)
    return found


def _by_index(formula: Any) -> str:
    """A formula by the places that it names: a place behind the last used one has no id."""
    return re.sub(r'"[rc](\d+)"', lambda match: str(int(match[1]) - 1), json.dumps(formula))


def places(document: Document) -> Iterator[tuple[str, str, str]]:
    """A few places of each of the first sheets: corners, the middle, a formula."""
    for sheet, shared in list(document.read_map("sheets").items())[:3]:
        rows, cols = shared["rows"], shared["cols"]
        formulas = ((row, col) for row, cells in shared["base"].items() for col, cell in cells.items() if len(cell) > 3)
        chosen = [(rows[0], cols[0]), (rows[-1], cols[-1])] if rows and cols else []
        for row, col in dict.fromkeys([*chosen, *list(formulas)[:1]]):
            yield sheet, row, col


def changed_by(before: Document, after: Document) -> set[tuple[str, str, str]]:
    """Cells that differ, without those whose formula has another value."""
    old, new = cells_of(before), cells_of(after)
    differ = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    return {key for key in differ if not _is_recomputed(old.get(key), new.get(key))}


def _is_recomputed(old: Any, new: Any) -> bool:
    return old is not None and new is not None and old[3] is not None and old[2:] == new[2:]


def check_file(judge: Any, path: Path, content: bytes, document: Document) -> list[str]:
    """What is wrong with our saves of one file."""
    wrong = []
    if FORMAT.encode(document, content) != content:
        wrong.append("no edit: other bytes")
    for sheet, row, col in places(document):
        for value in VALUES:
            put(document, f"{row}:{col}", value, sheet)
            try:
                after = FORMAT.encode(document, content)
            except FormatError as refused:
                # Told with a word: signed files, parts of arrays, heads of tables.
                if not refused.public or "could not be written" in refused.public:
                    wrong.append(f"{sheet} {row}:{col} {value}: {refused}")
                continue
            finally:
                put(document, f"{row}:{col}", ..., sheet)
            if not changed_by(document, opened(after, "xlsx")) <= {(sheet, row, col)}:
                wrong.append(f"{sheet} {row}:{col} {value}: other cells changed")
            wrong += _judged(judge, path, content, after, f"{sheet} {row}:{col} {value}")
    if FORMAT.encode(document, content) != content:
        wrong.append("undone: other bytes")
    return wrong


def _judged(judge: Any, path: Path, content: bytes, after: bytes, label: str) -> list[str]:
    if after == content:
        return []
    with tempfile.NamedTemporaryFile(suffix=path.suffix) as file:
        file.write(after)
        file.flush()
        report = judge.judge(str(path), file.name)
    package = report.get("package", {})
    names = [*package.get("changed", []), *package.get("rewritten", []), *package.get("lost", [])]
    parts = [name.replace("\\", "/") for name in names]
    allowed = ("worksheets/", "calcChain.xml", "workbook.xml", "tables/", "[Content_Types].xml")
    if "error" in report or not all(any(one in part for one in allowed) for part in parts) or package.get("lost"):
        return [f"{label}: {report.get('error', parts)}"]
    # The cell, its content; an entry of the chain; a rich text has pieces.
    return [f"{label}: {report['elements_gone']} elements gone"] if report.get("elements_gone", 0) > 4 else []


def test_small_files_of_others_pass_the_gates(corpus: Path, judge: Any) -> None:
    chosen = list(files(corpus, SMALL))

    wrong = {path.name: found for path, *rest in chosen if (found := check_file(judge, path, *rest))}

    assert len(chosen) >= 9
    assert wrong == {}


@pytest.mark.soak
def test_all_files_of_others_pass_the_gates(corpus: Path, judge: Any) -> None:
    chosen = list(files(corpus, LIMITS.file_size_bytes))

    wrong = {path.name: found for path, *rest in chosen if (found := check_file(judge, path, *rest))}

    assert len(chosen) > 30
    assert wrong == {}


# -- hostile files --


def mutated(content: bytes, seed: int) -> bytes:
    """A package with some bytes of one unpacked part changed, or of the package itself."""

    chance = random.Random(seed)
    if chance.random() < 0.3:
        broken = bytearray(content)
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        return bytes(broken)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    name = chance.choice([one for one in parts if "sheet" in one.lower() or one.startswith("xl/")])
    parts[name] = _damaged(parts[name], chance)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for one, data in parts.items():
            package.writestr(one, data)
    return buffer.getvalue()


_WORDS = [
    word.encode()
    for word in (
        'r="A1"|r="XFD1048576"|r="A0"|r="9999999999"|s="99999"|t="s"|t="d"|t="shared" si="0"|<v>1e999</v>|<v>-1</v>|'
        '<f>|</c>|<row/>|ref="A1:XFD1048576"|min="0"|max="99999"|ht="-5"|<mergeCell ref="A1"/>|&#0;|<!--|]]>'
    ).split("|")
] + [b"\xff"]


def _damaged(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        cut = chance.choice((0, 0, 1, 8, 40))
        new = chance.choice((b"", chance.choice(_WORDS), data[at : at + 60]))
        tag = data.find(chance.choice((b"<", b" ", b"=")), at)
        at = tag if tag >= 0 and chance.random() < 0.8 else at
        data = data[:at] + b" " * (chance.random() < 0.3) + new + data[at + cut :]
    return data


def survive(content: bytes, seed: int) -> bool:
    """Whether a damaged file opens; else it is refused with a word. A save without an edit leaves it alone."""
    broken = mutated(content, seed)
    try:
        document = opened(broken, "xlsx")
        assert FORMAT.encode(document, broken) == broken
        for sheet, row, col in list(places(document))[:1]:
            put(document, f"{row}:{col}", {"v": seed}, sheet)
            opened(FORMAT.encode(document, broken), "xlsx")
    except (FormatError, LimitExceeded) as refused:
        assert refused.public
        return False
    return True


def sources(corpus: Path, largest: int) -> list[bytes]:
    return [content for _, content, _ in files(corpus, largest)]


def test_damaged_files_are_refused_or_opened_and_nothing_else(corpus: Path) -> None:
    chosen = sources(corpus, SMALL)

    outcomes = [survive(chosen[seed % len(chosen)], seed) for seed in range(300)]

    assert any(outcomes) and not all(outcomes)


@pytest.mark.soak
def test_ten_thousand_damaged_files_are_refused_or_opened_and_nothing_else(corpus: Path) -> None:
    chosen = sources(corpus, 60_000)

    for seed in range(1_000, 11_000):
        survive(chosen[seed % len(chosen)], seed)
