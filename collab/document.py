"""Owns the CRDT document: the only importer of pycrdt, and the fence around its panics.

Knows nothing of rooms, files or sockets. Positions in text are in characters (Python `str` indices); pycrdt counts
UTF-8 bytes, and the conversion happens here only.

A panic of the native core derives from BaseException. It is caught here and nowhere else, and turns into
`DocumentPoisoned`: the live document may then be half changed and must be rebuilt from the journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn, TypeVar, cast

import pycrdt

from collab.errors import DocumentPoisoned
from collab.protocol.pairs import Clocks, PairIndex, replace_pairs

_Result = TypeVar("_Result")

EMPTY_UPDATE = b"\x00\x00"
EMPTY_STATE_VECTOR = b"\x00"
SOURCE = "source"
"""Root Y.Text of every text document (jupyter_ydoc's YFile)."""
STATE = "state"
"""Root Y.Map of facts about the document (jupyter_ydoc's YFile)."""
CONFLICTS = "conflicts"
"""Root Y.Map: conflict id -> {base, live, theirs, start, end, source, at_ms}; ends are encoded relative positions."""


_OUTSIDE = "outside"


TextPlace = str | tuple[str, int, str]
"""A root text, or the text at a key of the map at an index of a root array."""


class Kind(StrEnum):
    """What a document is made of; it belongs to the history and cannot change within one."""

    TEXT = "text"
    NOTEBOOK = "notebook"
    RICH = "rich"
    SHEET = "sheet"
    SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class Splice:
    """Replace `delete` characters at `start` by `insert`; a list of them is in ascending order, all positions of
    the text before the first of them was applied."""

    start: int
    delete: int
    insert: str


class Document:
    """One live document. After `DocumentPoisoned` every method raises it again."""

    def __init__(self, client_id: int | None = None) -> None:
        self._doc: pycrdt.Doc[Any] = _keeping_doc(client_id)
        self._poisoned: str | None = None
        self._pairs: PairIndex | None = PairIndex()
        """None when our own edits brought new pairs: looked up again when a peer's update comes."""

    @classmethod
    def from_updates(cls, updates: Sequence[bytes], client_id: int | None = None) -> Document:
        """Rebuild a document. Raises: DocumentPoisoned."""
        document = cls(client_id)
        for update in updates:
            document.apply(update)
        return document

    @property
    def client_id(self) -> int:
        return self._doc.client_id

    @property
    def poisoned(self) -> bool:
        return self._poisoned is not None

    def apply(self, update: bytes) -> None:
        """Apply a checked update (v1). Raises: DocumentPoisoned."""
        if self._poisoned is not None:
            raise DocumentPoisoned(self._poisoned)
        try:
            self._apply(update)
        except BaseException as error:  # pyo3's PanicException derives from BaseException
            self._fail(error)

    def _apply(self, update: bytes) -> None:
        if self._pairs is None:
            self._pairs = PairIndex()
            self._pairs.note(self._doc.get_update())
        if torn := self._pairs.note(update):
            update = self._replace_pairs(self._pairs, torn, update)
        self._doc.apply_update(update)

    def _replace_pairs(self, pairs: PairIndex, torn: Clocks, update: bytes) -> bytes:
        """Build the document again with U+FFFD for pairs that the update tears; returns the update to apply."""
        state = replace_pairs(self._doc.get_update(), torn)
        self._doc = _keeping_doc(self._doc.client_id)
        self._doc.apply_update(state)
        pairs.forget(torn)
        return replace_pairs(update, torn)

    def state_vector(self) -> bytes:
        """The encoded state vector. Raises: DocumentPoisoned."""
        with self._fence():
            return self._doc.get_state()

    def clocks(self) -> dict[int, int]:
        """Client id -> next clock, as the update checker wants it. Raises: DocumentPoisoned."""
        return decode_state_vector(self.state_vector())

    def diff(self, state_vector: bytes | None = None) -> bytes:
        """What a peer with that state vector lacks, delete set included. Raises: DocumentPoisoned."""
        with self._fence():
            return self._doc.get_update(state_vector)

    def adopt(self, state: bytes) -> None:
        """Go on from a compacted state of this document, taken at any time before now. Raises: DocumentPoisoned."""
        with self._fence():
            doc = _keeping_doc(self._doc.client_id)
            doc.apply_update(state)
            doc.apply_update(self._doc.get_update(doc.get_state()))
            self._doc = doc

    def changed_by(self, change: Callable[[], None]) -> bytes:
        """Run `change` and return the update it made, empty when it changed nothing. Raises: DocumentPoisoned.

        The update is taken from the transaction itself: a diff would carry the whole delete set.
        """
        made: list[bytes] = []
        with self._fence():
            doc, before = self._doc, self._doc.get_state()
            subscription = doc.observe(lambda event: made.append(event.update))
            try:
                change()
            finally:
                doc.unobserve(subscription)
            if doc is not self._doc:  # built again within, so the events are not all
                return self._doc.get_update(before)
        made = [update for update in made if update != EMPTY_UPDATE]
        return made[0] if len(made) == 1 else merge_updates(made) if made else b""

    def roots(self) -> frozenset[str]:
        """The names of the root types that were ever written to. Raises: DocumentPoisoned."""
        with self._fence():
            return frozenset(self._doc.keys())

    # -- text --

    def text(self, root: TextPlace = SOURCE) -> str:
        """The text of a root, or of a place within one. Raises: DocumentPoisoned."""
        with self._fence():
            return str(self._text_at(root))

    def _text_at(self, place: TextPlace) -> pycrdt.Text:
        if isinstance(place, str):
            return cast(pycrdt.Text, self._doc.get(place, type=pycrdt.Text))
        root, index, key = place
        found = self._doc.get(root, type=pycrdt.Array)[index][key]
        if not isinstance(found, pycrdt.Text):
            raise TypeError(f"no text at {place}")
        return found

    def edit_text(self, splices: Sequence[Splice], root: TextPlace = SOURCE) -> None:
        """Apply the splices as one transaction. Raises: ValueError (out of range), DocumentPoisoned."""
        text = self.text(root)
        _check_splices(splices, len(text))
        offsets = _byte_offsets(text, splices)
        with self._fence():
            ytext = self._text_at(root)
            # From the front: each splice splits a block, and that costs what stands before the place in that block.
            # From the back a hundred splices of 10 MiB of text took 17 times as long.
            shift = 0
            with self._doc.transaction():
                for splice, (start, end) in zip(splices, offsets, strict=True):
                    if end > start:
                        del ytext[start + shift : end + shift]
                    if splice.insert:
                        ytext.insert(start + shift, splice.insert)
                    shift += len(splice.insert.encode()) - (end - start)
        if not all(splice.insert.isascii() for splice in splices):
            self._pairs = None

    def relative_positions(self, places: Sequence[tuple[int, bool]], root: TextPlace = SOURCE) -> list[bytes]:
        """Encoded Y relative positions of (index, before), ascending; `before` ties to the left neighbour.

        Raises: ValueError (out of order), DocumentPoisoned.
        """
        text = self.text(root)
        offsets = _byte_offsets(text, [Splice(index, 0, "") for index, _ in places])
        with self._fence():
            ytext = self._text_at(root)
            # Nothing stands behind the end: the native core panics when asked to tie a position to it.
            tied = [
                pycrdt.Assoc.BEFORE if before or index == len(text) else pycrdt.Assoc.AFTER for index, before in places
            ]
            return [
                ytext.sticky_index(offset, assoc).encode() for (offset, _), assoc in zip(offsets, tied, strict=True)
            ]

    def is_plain(self, root: str = SOURCE) -> bool:
        """Whether the text has neither formatting nor anything embedded. Raises: DocumentPoisoned."""
        with self._fence():
            runs = self._doc.get(root, type=pycrdt.Text).diff()
            return all(isinstance(run, str) and not attributes for run, attributes in runs)

    # -- nested types --

    def read_map(self, root: str) -> dict[str, Any]:
        """A root map with all that is nested in it, as plain JSON. Raises: DocumentPoisoned."""
        with self._fence():
            found: dict[str, Any] = json.loads(str(self._doc.get(root, type=pycrdt.Map)))
            return found

    def read_array(self, root: str) -> list[Any]:
        """The same of a root array. The core's own writer takes linear time, its iterators quadratic."""
        with self._fence():
            found: list[Any] = json.loads(str(self._doc.get(root, type=pycrdt.Array)))
            return found

    @contextmanager
    def native(self, *, writes: bool = True) -> Iterator[pycrdt.Doc[Any]]:
        """One transaction on the native document, for this ring's own modules only. Raises: DocumentPoisoned."""
        with self._fence(), self._doc.transaction():
            yield self._doc
        if writes:
            self._pairs = None

    # -- maps of plain values --

    def map_value(self, root: str, key: str) -> object:
        """A plain JSON value of a root map, None when it is not there. Raises: DocumentPoisoned."""
        with self._fence():
            ymap = self._doc.get(root, type=pycrdt.Map)
            return ymap.to_py().get(key) if key in ymap else None

    def map_values(self, root: str) -> Mapping[str, object]:
        """All plain values of a root map. Raises: DocumentPoisoned."""
        with self._fence():
            return dict(self._doc.get(root, type=pycrdt.Map).to_py() or {})

    def set_map_value(self, root: str, key: str, value: object | None) -> None:
        """Set a plain JSON value of a root map, or remove the key with None. Raises: DocumentPoisoned."""
        with self._fence():
            ymap = self._doc.get(root, type=pycrdt.Map)
            if value is not None:
                ymap[key] = value
            elif key in ymap:
                del ymap[key]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Group changes into one update. Raises: DocumentPoisoned."""
        with self._fence(), self._doc.transaction():
            yield

    @contextmanager
    def _fence(self) -> Iterator[None]:
        if self._poisoned is not None:
            raise DocumentPoisoned(self._poisoned)
        try:
            yield
        except BaseException as error:  # pyo3's PanicException derives from BaseException
            self._fail(error)

    def _fail(self, error: BaseException) -> NoReturn:
        """Raises: DocumentPoisoned, or what is no fault of the document."""
        if isinstance(error, DocumentPoisoned | KeyboardInterrupt | SystemExit | GeneratorExit):
            raise error
        self._poisoned = f"{type(error).__name__}: {error}"
        raise DocumentPoisoned(self._poisoned) from None


def taken_back(before: Sequence[bytes], update: bytes, now: bytes, client_id: int) -> bytes:
    """The update that takes `update` back: what it wrote goes, what it deleted returns, later edits stay.

    `before` makes the document as it was when `update` came, `now` is what it has become. Only for a process that may
    die. Raises: DocumentPoisoned.
    """
    return _fenced(lambda: _taken_back(before, update, now, client_id))


_UNDONE = {SOURCE: pycrdt.Text, CONFLICTS: pycrdt.Map, "meta": pycrdt.Map, "cells": pycrdt.Array}
_UNDONE |= {"body": pycrdt.XmlFragment, "sheets": pycrdt.Map, "tabs": pycrdt.Array}
"""The root types that hold content, of whatever kind a document is."""


def _taken_back(before: Sequence[bytes], update: bytes, now: bytes, client_id: int) -> bytes:
    doc = _keeping_doc(client_id)
    for earlier in before:
        doc.apply_update(earlier)
    scopes = [doc.get(name, type=kind) for name, kind in _UNDONE.items() if name in (SOURCE, CONFLICTS, *doc.keys())]
    undoing = pycrdt.UndoManager(scopes=scopes, capture_timeout_millis=0)
    undoing.include_origin(_OUTSIDE)
    with doc.transaction(origin=_OUTSIDE):
        doc.apply_update(update)
    doc.apply_update(now)
    state = doc.get_state()
    undoing.undo()
    made: bytes = doc.get_update(state)
    return made


def compact(state: bytes) -> bytes:
    """The same document without the content of what was deleted. Raises: DocumentPoisoned.

    Only for a process that may die: collecting is where the native core breaks on updates that nobody's editor makes.
    """
    return _fenced(lambda: _compact(state))


def _compact(state: bytes) -> bytes:
    collecting: pycrdt.Doc[Any] = pycrdt.Doc()
    keeping = _keeping_doc(None)
    collecting.apply_update(state)
    keeping.apply_update(state)
    compacted = collecting.get_update()
    again = _keeping_doc(None)
    again.apply_update(compacted)
    if again.get_state() != keeping.get_state() and _clocks(again) != _clocks(keeping):
        raise ValueError("the compacted document has other clocks")
    return compacted


def _clocks(doc: pycrdt.Doc[Any]) -> dict[int, int]:
    return decode_state_vector(doc.get_state())


def _keeping_doc(client_id: int | None) -> pycrdt.Doc[Any]:
    """A document that keeps what is deleted: collecting at every transaction is slower, and can end the process."""
    return pycrdt.Doc(client_id=client_id, skip_gc=True)


def merge_updates(updates: Sequence[bytes]) -> bytes:
    """Several updates as one. Raises: DocumentPoisoned (nothing was changed)."""
    return _fenced(lambda: pycrdt.merge_updates(*updates))


def decode_state_vector(state_vector: bytes) -> dict[int, int]:
    """Client id -> next clock, of a state vector that pycrdt made (a peer's goes through `protocol.codec`)."""
    clocks: dict[int, int] = {}
    numbers = _var_uints(state_vector)
    for _ in range(next(numbers)):
        client = next(numbers)
        clocks[client] = next(numbers)
    return clocks


def _var_uints(content: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in content:
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            yield value
            value = shift = 0
        else:
            shift += 7


def _fenced(call: Callable[[], _Result]) -> _Result:
    try:
        return call()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # pyo3's PanicException derives from BaseException
        raise DocumentPoisoned(f"{type(error).__name__}: {error}") from None


def _check_splices(splices: Sequence[Splice], length: int) -> None:
    end = 0
    for splice in splices:
        if splice.start < end or splice.delete < 0 or splice.start + splice.delete > length:
            raise ValueError(f"splice out of range or order: {splice.start}+{splice.delete} in {length}")
        end = splice.start + splice.delete


def _byte_offsets(text: str, splices: Sequence[Splice]) -> list[tuple[int, int]]:
    """Start and end of each splice in UTF-8 bytes, in one pass over the text."""
    offsets = []
    position = offset = 0
    for splice in splices:
        if splice.start < position:
            raise ValueError(f"{splice.start} stands behind {position}")
        offset += len(text[position : splice.start].encode())
        end = splice.start + splice.delete
        end_offset = offset + len(text[splice.start : end].encode())
        offsets.append((offset, end_offset))
        position, offset = end, end_offset
    return offsets
