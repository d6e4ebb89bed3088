"""Owns the large documents that joins are measured with: typed by the model from a seed, in pieces any server takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from loadtest.author import Author
from loadtest.document import compact, notebook
from loadtest.typist import Typist

DOCUMENTS = ("b4", "notebook")
_EDITS_IN_PIECE = 10_000
_CELLS_IN_PIECE = 500


def large_document(name: str, size: int, seed: int, client_id: int) -> Sequence[bytes]:
    """Updates that together make the document: `b4`, a text of so many keystrokes, or a notebook of so many cells."""
    if name == "b4":
        return compact(_typed(size, seed, client_id))
    random = Random(f"notebook {seed}")
    return notebook([(f"cell-{number}", _code(random)) for number in range(size)], _CELLS_IN_PIECE, client_id)


def _typed(edits: int, seed: int, client_id: int) -> Iterator[Sequence[bytes]]:
    typist, author = Typist(Random(f"b4 {seed}")), Author(client_id)
    for begin in range(0, edits, _EDITS_IN_PIECE):
        yield [
            author.write(typist.next_edit(author.length, author.cursor)).update
            for _ in range(min(_EDITS_IN_PIECE, edits - begin))
        ]


def _code(random: Random) -> str:
    """About 200 characters of something that looks like a cell."""
    lines = [
        f"value_{random.randrange(1000)} = measure({random.random():.6f}, {random.randrange(100)})" for _ in range(4)
    ]
    return "\n".join((f"# step {random.randrange(10_000)}", *lines))
