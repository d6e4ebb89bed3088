"""Owns which worker has which room: seats, and the rule that gives every document its seat. Knows no process.

A seat is a place for a worker that outlives the worker: who dies is replaced in the same seat, and the rooms of a
seat wait for it. So the rule needs no list of who is alive, and all workers of a node always agree about it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from collab.config import ServerConfig
from collab.store.base import DocumentId

_HEAVY = "heavy"
_WORKER = "worker"
_SCORE_BYTES = 8


@dataclass(frozen=True, slots=True, order=True)
class Seat:
    """A place for a worker. Heavy ones are for large documents, and are filled when there is one."""

    index: int
    heavy: bool = False

    @property
    def name(self) -> str:
        return f"{_HEAVY if self.heavy else _WORKER}-{self.index}"

    @classmethod
    def parse(cls, name: str) -> Seat:
        """The seat of that name. Raises: ValueError."""
        kind, _, index = name.partition("-")
        if kind not in (_HEAVY, _WORKER) or not index.isdecimal():
            raise ValueError(name)
        return cls(int(index), kind == _HEAVY)


FIRST = Seat(0)
"""The seat that settles what concerns the whole node: the journal's upkeep, what dead workers left."""


@dataclass(frozen=True, slots=True)
class Placement:
    """So many seats of each kind, and the highest random weight (rendezvous) among those of a kind."""

    workers: int = 1
    heavies: int = 0

    @classmethod
    def of(cls, server: ServerConfig) -> Placement:
        """The seats that a configuration asks for."""
        return cls(server.workers or _cores(), server.heavy_workers)

    @property
    def regular(self) -> tuple[Seat, ...]:
        """The seats that are always filled."""
        return tuple(map(Seat, range(self.workers)))

    @property
    def seats(self) -> tuple[Seat, ...]:
        return (*self.regular, *(Seat(index, heavy=True) for index in range(self.heavies)))

    def home(self, document_id: DocumentId) -> Seat:
        """The seat that has the document, or knows which heavy one has it."""
        return Seat(_highest(document_id, self.workers))

    def heavy(self, document_id: DocumentId) -> Seat:
        """The seat that has the document while it is large."""
        return Seat(_highest(document_id, self.heavies), heavy=True)


@dataclass(frozen=True, slots=True)
class Post:
    """What a worker is told of its node: its own seat, all seats, and the folder with their sockets."""

    seat: Seat
    placement: Placement
    sockets: Path

    def address(self, seat: Seat) -> str:
        """Where the worker in a seat listens for the others."""
        return str(self.sockets / seat.name)

    def dump(self) -> dict[str, object]:
        """The plain form that crosses to the worker."""
        return {
            "seat": self.seat.name,
            "workers": self.placement.workers,
            "heavies": self.placement.heavies,
            "sockets": str(self.sockets),
        }

    @classmethod
    def load(cls, plain: dict[str, object]) -> Post:
        """The opposite of `dump`. Raises: KeyError, ValueError."""
        placement = Placement(int(str(plain["workers"])), int(str(plain["heavies"])))
        return cls(Seat.parse(str(plain["seat"])), placement, Path(str(plain["sockets"])))


def _highest(document_id: DocumentId, count: int) -> int:
    return max(range(count), key=lambda index: _score(document_id, index)) if count > 1 else 0


def _score(document_id: DocumentId, index: int) -> bytes:
    return blake2b(document_id.encode(), digest_size=_SCORE_BYTES, salt=index.to_bytes(_SCORE_BYTES)).digest()


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
