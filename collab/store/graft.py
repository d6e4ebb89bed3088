"""Owns the last resort for a journal file whose table of contents is damaged; knows SQLite's file format, no rows.

Every file of one schema version begins with the same pages, because the tables are made before the first row. So the
pages that list the tables can be taken from a new, empty file. What is then read may be nonsense where the guess is
wrong, and every row is checked by who reads it. (SQLite, Database File Format, sections 1.3 and 1.6.)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PAGE_SIZE = 4096
_HEADER_SIZE = 100
_INTERIOR_TABLE = 0x05
_PAGE_COUNT_AT, _FREE_LIST_AT, _FREE_LIST_SIZE = 28, 32, 8


def graft_schema(damaged: Path, template: Path) -> None:
    """Overwrite the pages of a damaged copy that list its tables by those of an empty file. Raises: OSError."""
    fresh = template.read_bytes()
    pages = damaged.stat().st_size // PAGE_SIZE
    with damaged.open("r+b") as file:
        for number in _schema_pages(fresh, 1):
            page = bytearray(fresh[(number - 1) * PAGE_SIZE : number * PAGE_SIZE])
            if number == 1:
                page[_PAGE_COUNT_AT : _PAGE_COUNT_AT + 4] = pages.to_bytes(4)
                page[_FREE_LIST_AT : _FREE_LIST_AT + _FREE_LIST_SIZE] = bytes(_FREE_LIST_SIZE)
            file.seek((number - 1) * PAGE_SIZE)
            file.write(page)


def _schema_pages(content: bytes, number: int) -> Iterator[int]:
    """The pages of the tree that begins at a page."""
    yield number
    page = content[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    start = _HEADER_SIZE if number == 1 else 0
    if page[start] != _INTERIOR_TABLE:
        return
    cells = int.from_bytes(page[start + 3 : start + 5])
    for index in range(cells):
        pointer = start + 12 + 2 * index
        cell = int.from_bytes(page[pointer : pointer + 2])
        yield from _schema_pages(content, int.from_bytes(page[cell : cell + 4]))
    yield from _schema_pages(content, int.from_bytes(page[start + 8 : start + 12]))
