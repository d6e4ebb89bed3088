"""Writing a key of a map is noticed, also by an update that does not name it."""

from __future__ import annotations

from typing import Any

import pycrdt

from collab.protocol.keys import KeyIndex


def updates_of(*changes: Any) -> list[bytes]:
    doc: pycrdt.Doc[Any] = pycrdt.Doc(skip_gc=True)
    found: list[bytes] = []
    doc.observe(lambda event: found.append(event.update))
    for change in changes:
        change(doc.get("map", type=pycrdt.Map))
    return found


def put(key: str, value: object) -> Any:
    return lambda ymap: ymap.__setitem__(key, value)


def test_a_key_that_is_set_again_is_noticed_though_its_name_is_not_there() -> None:
    first, second, third = updates_of(put("trusted", True), put("trusted", False), put("trusted", True))
    index = KeyIndex("trusted")

    assert b"trusted" not in second + third
    assert [index.note(update) for update in (first, second, third)] == [True, True, True]


def test_other_keys_and_a_longer_name_are_not_it() -> None:
    index = KeyIndex("trusted")

    assert not any(index.note(update) for update in updates_of(put("tags", 1), put("tags", 2)))
    named, again = updates_of(put("trusted_by", 1), put("trusted_by", 2))
    assert (index.note(named), index.note(again)) == (True, False)


def test_a_value_that_has_the_name_is_worth_a_look() -> None:
    assert KeyIndex("trusted").note(updates_of(put("metadata", {"trusted": True}))[0])


def test_what_is_no_update_is_not_judged() -> None:
    index = KeyIndex("trusted")
    index.note(updates_of(put("trusted", True))[0])

    assert index.note(b"\x01\xff") is False
    assert index.note(b"") is False
