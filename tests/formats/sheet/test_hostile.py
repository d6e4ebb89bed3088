"""Files that somebody broke on purpose: each gives a workbook or a refusal, and saving one loses nothing."""

from __future__ import annotations

import os
import random
import re

import pytest

from collab.errors import FormatError, LimitExceeded
from tests.formats.sheet.files import GRID, SUMS_AND_MORE, Open, part

PARTS = part(GRID + SUMS_AND_MORE).encode()
WORDS = (
    b"<", b">", b"/>", b'"', b"&amp;", b"\0", b"table:number-columns-repeated=\"99999999999\"", b"<table:table-row>",
    b"</table:table-cell>", b"<table:covered-table-cell/>", b'table:number-rows-spanned="0"', b"office:value=\"nan\"",
    b"<![CDATA[x]]>", b"<!-- -->", b"of:=[.A1", b"\xff", b"\xf0\x9f\x98\x80", b'table:number-rows-repeated="-1"',
)  # fmt: skip


VALUES = (
    b"",
    b"0",
    b"-1",
    b"99999999999",
    b"1e999",
    b"nan",
    b"of:=[.A1",
    b"of:=SUM([.A1:.B99999999])",
    b"2020-99-99",
    b"x",
)
VALUE = re.compile(rb'"([^"]*)"')
LEAF = re.compile(
    rb"<table:table-(?:cell|column)[^>]*(?:/>|>(?:<text:p>[^<]*</text:p>)?</table:table-cell>)|<text:p>[^<]*</text:p>"
)


def reshaped(rng: random.Random) -> bytes:
    """The flat file, well-formed still, with other values and elements in wrong places."""
    content = PARTS
    for _ in range(rng.randrange(1, 5)):
        pattern = VALUE if rng.random() < 0.6 else LEAF
        body = content.index(b"<office:spreadsheet>")
        found = [one for one in pattern.finditer(content, body)]
        one, other = rng.choice(found), rng.choice(found)
        group = 1 if pattern is VALUE else 0
        new = rng.choice(VALUES) if group and rng.random() < 0.5 else other[group] * rng.randrange(3)
        content = content[: one.start(group)] + new + content[one.end(group) :]
    return content


def mutated(rng: random.Random) -> bytes:
    """The flat file with some of its bytes deleted, doubled, moved or replaced."""
    content = bytearray(PARTS)
    for _ in range(rng.randrange(1, 4)):
        start = rng.randrange(len(content))
        end = min(len(content), start + rng.choice((1, 2, 7, 40, 200)))
        match rng.randrange(4):
            case 0:
                del content[start:end]
            case 1:
                content[start:start] = content[start:end]
            case 2:
                content[start:end] = rng.choice(WORDS)
            case _:
                piece = content[start:end]
                del content[start:end]
                at = rng.randrange(len(content))
                content[at:at] = piece
    return bytes(content)


def try_file(seed: int) -> bool:
    """Whether this one opens; when it does, a save without an edit is the file, and an edit is saved or refused."""
    rng = random.Random(seed)
    content = mutated(rng) if seed % 4 == 0 else reshaped(rng)
    try:
        opened = Open(content)
    except (FormatError, LimitExceeded):
        return False
    try:
        assert opened.saved() == content, seed
    except (FormatError, LimitExceeded) as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    live = opened.sheet() if opened.document.read_array("tabs") else None
    if live is not None and live.rows and live.cols:
        try:
            opened.put(rng.randrange(len(live.rows)), rng.randrange(len(live.cols)), {"v": 3}).saved()
            opened.insert("rows", 0, "k-1").saved()
        except (FormatError, LimitExceeded):
            return True
    return True


def test_broken_files_give_a_workbook_or_a_refusal() -> None:
    opened = sum(try_file(seed) for seed in range(200))

    assert 50 < opened < 200


@pytest.mark.soak
def test_ten_thousand_broken_files() -> None:
    first = int(os.environ.get("COLLAB_TEST_SEED", "1000"))
    for seed in range(first, first + 10_000):
        try_file(seed)
