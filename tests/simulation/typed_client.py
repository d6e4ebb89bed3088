"""A simulated client of a Yjs app: it edits every shared type, also nested ones, and takes its own edits back.

XML is edited but not taken back: where the native core's undo restores an attribute, it may delete the restored value
in its own document and not say so in the update. The editors' undo is that of Yjs, in `tests/interop`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pycrdt

from collab.document import Document
from collab.protocol.codec import var_uint_at
from collab.protocol.messages import encode_update
from collab.rooms.connection import Access
from tests.simulation.client import Client

ROOTS: dict[str, type[Any]] = {
    "text": pycrdt.Text,
    "array": pycrdt.Array,
    "map": pycrdt.Map,
    "xml": pycrdt.XmlFragment,
}
MINE = "mine"
SCALARS = (1, -2.5, "word", "", None, True, [1, [2]], {"k": {"l": None}}, b"\x00\xff")
FORMATS = ({"bold": True}, {"bold": None}, {"color": "red"}, {"link": {"href": "x"}})


def content(document: Document) -> dict[str, object]:
    """Everything that a person can see of a document."""
    doc = document._doc
    return {
        "text": doc.get("text", type=pycrdt.Text).diff(),
        "array": doc.get("array", type=pycrdt.Array).to_py(),
        "map": doc.get("map", type=pycrdt.Map).to_py(),
        "xml": _tree(doc.get("xml", type=pycrdt.XmlFragment)),
    }


def _tree(node: Any) -> object:
    """XML as plain values: attributes have no order."""
    if isinstance(node, pycrdt.XmlText):
        return (dict(node.attributes), node.diff())
    children = [_tree(child) for child in node.children]
    return (node.tag, dict(node.attributes), children) if isinstance(node, pycrdt.XmlElement) else children


def deletions(document: Document) -> dict[int, list[tuple[int, int]]]:
    """The delete set: client -> ranges without gaps between them."""
    encoded = document.diff(document.state_vector())
    structs, at = var_uint_at(encoded, 0)
    assert structs == 0
    clients, at = var_uint_at(encoded, at)
    found: dict[int, list[tuple[int, int]]] = {}
    for _ in range(clients):
        client, at = var_uint_at(encoded, at)
        count, at = var_uint_at(encoded, at)
        ranges = []
        for _ in range(count):
            clock, at = var_uint_at(encoded, at)
            length, at = var_uint_at(encoded, at)
            ranges.append((clock, clock + length))
        found[client] = _joined(ranges)
    return found


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


class TypedClient(Client):
    """Edits at random; knows up to which of its own clocks it was told that nothing can be lost."""

    def __init__(self, name: str, access: Access, client_id: int) -> None:
        super().__init__(name, access, client_id, manual=True)
        doc = self._doc = self.document._doc
        roots = [doc.get(root, type=kind) for root, kind in ROOTS.items()]
        self._text, self._array, self._map, self._xml = roots
        self._undo = pycrdt.UndoManager(scopes=roots[:3], capture_timeout_millis=0)
        self._undo.include_origin(MINE)
        self._clock_of_message: dict[int, int] = {}
        self._answered = False
        self.undone = 0

    @property
    def safe_clock(self) -> int:
        """Own structs below this clock are acknowledged."""
        return self._clock_of_message.get(self.acknowledged, 0)

    def act(self, rng: random.Random) -> None:
        """One edit, or one taken back or made again."""
        chance = rng.random()
        if chance < 0.12:
            self._make(lambda: self._take_back(self._undo.can_undo, self._undo.undo))
        elif chance < 0.17:
            self._make(lambda: self._take_back(self._undo.can_redo, self._undo.redo))
        else:
            edit = rng.choice((self._edit_text, self._edit_array, self._edit_map, self._edit_xml))
            self._make(lambda: self._edit(rng, edit))

    def _take_back(self, possible: Callable[[], bool], take_back: Callable[[], bool]) -> None:
        if possible():
            self.undone += take_back()

    def _edit(self, rng: random.Random, edit: Callable[[random.Random], None]) -> None:
        with self._doc.transaction(origin=MINE):
            for _ in range(rng.choice((1, 1, 1, 3))):
                edit(rng)

    def _make(self, change: Callable[[], None]) -> None:
        update = self.document.changed_by(change)
        if update and self.connection is not None:
            self._send_update(encode_update(update))

    def _send_update(self, frame: bytes, *, in_sync: bool = False) -> None:
        """What was edited without a connection is carried by the answer to sync step 1, and by nothing before it."""
        super()._send_update(frame, in_sync=in_sync)
        self._answered = self._answered or in_sync
        known = self.document.clocks().get(self.document.client_id, 0)
        self._clock_of_message[self.sent] = known if self._answered else self._clock_of_message.get(0, 0)

    def _dropped(self) -> None:
        self._clock_of_message = {0: self.safe_clock}
        self._answered = False
        self.acknowledged = self.sent = 0
        super()._dropped()

    # -- edits --

    def _edit_text(self, rng: random.Random) -> None:
        self._change_text(rng, self._text)

    def _change_text(self, rng: random.Random, text: Any) -> None:
        length = len(text)
        start = rng.randint(0, length)
        end = min(length, start + rng.randint(1, 4))
        chance = rng.random()
        if chance < 0.55 or start == end:
            text.insert(start, rng.choice(("a", "word ", "line\n")), rng.choice((None, None, *FORMATS)))
        elif chance < 0.75:
            del text[start:end]
        elif chance < 0.95:
            text.format(start, end, rng.choice(FORMATS))
        else:
            text.insert_embed(start, {"image": "x"})

    def _edit_array(self, rng: random.Random) -> None:
        self._change_array(rng, self._array)

    def _change_array(self, rng: random.Random, array: Any) -> None:
        length = len(array)
        chance = rng.random()
        if length and chance < 0.3:
            del array[rng.randrange(length)]
        elif length and chance < 0.6:
            self._descend(rng, array[rng.randrange(length)])
        else:
            array.insert(rng.randint(0, length), self._value(rng))

    def _edit_map(self, rng: random.Random) -> None:
        self._change_map(rng, self._map)

    def _change_map(self, rng: random.Random, of: Any) -> None:
        key = rng.choice("abcde")
        chance = rng.random()
        if key in of and chance < 0.25:
            del of[key]
        elif key in of and chance < 0.6:
            self._descend(rng, of[key])
        else:
            of[key] = self._value(rng)

    def _descend(self, rng: random.Random, value: Any) -> None:
        """Edit what is in it, if there can be something."""
        for kind, change in (
            (pycrdt.Text, self._change_text),
            (pycrdt.Array, self._change_array),
            (pycrdt.Map, self._change_map),
        ):
            if isinstance(value, kind):
                change(rng, value)

    def _value(self, rng: random.Random) -> object:
        if rng.random() < 0.6:
            return rng.choice(SCALARS)
        return rng.choice(
            (lambda: pycrdt.Text("inner"), lambda: pycrdt.Array([1, "two"]), lambda: pycrdt.Map({"a": 1, "b": [2]}))
        )()

    def _edit_xml(self, rng: random.Random) -> None:
        self._change_xml(rng, self._xml)

    def _change_xml(self, rng: random.Random, parent: Any) -> None:
        children = parent.children
        length = len(children)
        chance = rng.random()
        if length and chance < 0.15:
            del children[rng.randrange(length)]
        elif length and chance < 0.65:
            child = children[rng.randrange(length)]
            if isinstance(child, pycrdt.XmlText):
                self._change_xml_text(rng, child)
            elif rng.random() < 0.4:
                child.attributes[rng.choice(("class", "level"))] = rng.choice(("c", "1"))
            else:
                self._change_xml(rng, child)
        elif rng.random() < 0.5:
            children.insert(rng.randint(0, length), pycrdt.XmlText("text"))
        else:
            children.insert(rng.randint(0, length), pycrdt.XmlElement(rng.choice(("p", "h1")), {"class": "x"}))

    def _change_xml_text(self, rng: random.Random, text: Any) -> None:
        length = len(str(text.diff()[0][0])) if text.diff() and isinstance(text.diff()[0][0], str) else 0
        if length > 1 and rng.random() < 0.4:
            text.format(0, length, rng.choice(FORMATS))
        elif length > 2 and rng.random() < 0.3:
            del text[0:1]
        else:
            text.insert(0, rng.choice(("x", "yz")))
