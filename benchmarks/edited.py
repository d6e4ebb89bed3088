"""Owns a document that many people edited for very long, as one Yjs update; knows no server.

Asking a replica for every place in a text of a million pieces would take hours, so the pieces are kept here: a list
with a link to what stands behind each, deleted ones included. Every run of keys is one struct with the neighbours that
it had when it was typed, as the editors of those people would have made it.
"""

from __future__ import annotations

import random

from collab.protocol.codec import encode_var_uint

_ROOT = b"\x01\x06source"
_LETTERS = "etaoinshrdlu etaoin \n"
_RUN = 12
"""A run is so many keys at most."""
_DELETED = 0.45
"""This part of the keys deletes something."""


class Edited:
    """A text in pieces: `owner`, `start` and `length` say which characters, `behind` which piece comes next."""

    def __init__(self, authors: int, seed: int) -> None:
        self.operations = 0
        self._chance = random.Random(seed)  # noqa: S311 a simulation
        self._clocks = [0] * authors
        self._clients = [1000 + number * 7919 for number in range(authors)]
        self._structs: list[list[bytes]] = [[] for _ in range(authors)]
        self._gone: list[list[tuple[int, int]]] = [[] for _ in range(authors)]
        self._owner: list[int] = []
        self._start: list[int] = []
        self._length: list[int] = []
        self._behind: list[int] = []
        self._standing: list[int] = []
        """Pieces with text; a piece that was deleted is taken out when it is met."""
        self._deleted: list[bool] = []

    def edit(self, operations: int) -> None:
        """Runs of keys until there were so many operations: characters typed and characters deleted."""
        while self.operations < operations:
            size = self._chance.randint(1, _RUN)
            if self._chance.random() < _DELETED and len(self._standing) > 1000:
                self._delete(size)
            else:
                self._type(size)

    def state(self) -> bytes:
        """The whole document as an update."""
        parts = [encode_var_uint(len(self._clients))]
        for client, structs in zip(self._clients, self._structs, strict=True):
            parts += [encode_var_uint(len(structs)), encode_var_uint(client), b"\x00", *structs]
        parts.append(encode_var_uint(len(self._clients)))
        for client, gone in zip(self._clients, self._gone, strict=True):
            parts += [encode_var_uint(client), encode_var_uint(len(gone))]
            parts += [encode_var_uint(number) for place in sorted(gone) for number in place]
        return b"".join(parts)

    def _type(self, size: int) -> None:
        author = self._chance.randrange(len(self._clients))
        clock = self._clocks[author]
        self._clocks[author] += size
        self.operations += size
        origins = self._place(author, clock, size)
        words = "".join(self._chance.choices(_LETTERS, k=size)).encode()
        self._structs[author].append(origins + encode_var_uint(size) + words)

    def _place(self, author: int, clock: int, size: int) -> bytes:
        """Put a new piece somewhere; returns the struct's head: info and origins."""
        if not self._standing:
            self._add(author, clock, size)
            return b"\x04" + _ROOT
        left = self._any_standing()
        self._split(left, self._chance.randint(1, self._length[left]))
        new = self._add(author, clock, size)
        right = self._behind[left]
        self._behind[left], self._behind[new] = new, right
        last = self._start[left] + self._length[left] - 1
        before = self._id(self._owner[left], last)
        if right < 0:
            return b"\x84" + before
        return b"\xc4" + before + self._id(self._owner[right], self._start[right])

    def _delete(self, size: int) -> None:
        piece = self._any_standing()
        self._split(piece, self._chance.randint(0, self._length[piece] - 1))
        if self._chance.random() < 0.5 and self._behind[piece] >= 0 and not self._deleted[self._behind[piece]]:
            piece = self._behind[piece]
        self._split(piece, min(size, self._length[piece]))
        self._deleted[piece] = True
        gone = self._length[piece]
        self.operations += gone
        self._gone[self._owner[piece]].append((self._start[piece], gone))

    def _any_standing(self) -> int:
        while True:
            place = self._chance.randrange(len(self._standing))
            piece = self._standing[place]
            if not self._deleted[piece]:
                return piece
            self._standing[place] = self._standing[-1]
            self._standing.pop()

    def _split(self, piece: int, at: int) -> None:
        """Cut a piece in two; nothing happens at its ends."""
        length = self._length[piece]
        if not 0 < at < length:
            return
        rest = self._add(self._owner[piece], self._start[piece] + at, length - at)
        self._behind[rest], self._behind[piece] = self._behind[piece], rest
        self._length[piece] = at

    def _add(self, author: int, start: int, length: int) -> int:
        self._owner.append(author)
        self._start.append(start)
        self._length.append(length)
        self._behind.append(-1)
        self._deleted.append(False)
        self._standing.append(len(self._owner) - 1)
        return len(self._owner) - 1

    def _id(self, author: int, clock: int) -> bytes:
        return encode_var_uint(self._clients[author]) + encode_var_uint(clock)
