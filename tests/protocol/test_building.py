"""A fresh document's update: what is written is what the core reads, and the checker lets it through."""

from __future__ import annotations

import json

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.limits import Limits
from collab.protocol.building import UpdateBuilder, YArray, YMap, YText, encode_any
from collab.protocol.update import check_update

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False, width=64)
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, PLAIN, max_size=4), st.lists(PLAIN, max_size=4), TEXTS, st.integers(1, 2**32))
def test_what_is_written_is_what_is_read(
    entries: dict[str, object], items: list[object], text: str, client: int
) -> None:
    builder = UpdateBuilder(client)
    builder.root("map", YMap({"nested": YMap(entries), "text": YText(text)}))
    builder.root("array", YArray([*items, YArray(items), YText(text)]))
    update = builder.update()

    checked = check_update(update, {}, Limits())
    doc: pycrdt.Doc = pycrdt.Doc()  # type: ignore[type-arg]  # of anything
    doc.apply_update(update)

    assert checked.complete
    assert json.loads(str(doc.get("map", type=pycrdt.Map))) == {"nested": entries, "text": text}
    assert json.loads(str(doc.get("array", type=pycrdt.Array))) == [*items, items, text]
    assert doc.get("map", type=pycrdt.Map).to_py() == {"nested": entries, "text": text}


def test_nothing_written_is_the_empty_update() -> None:
    assert UpdateBuilder(1).update() == b"\x00\x00"


@pytest.mark.parametrize("value", [object(), {1, 2}])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode_any(value)


def test_typing_goes_on_in_a_document_that_was_written() -> None:
    builder = UpdateBuilder(5)
    builder.root("cells", YArray([YMap({"source": YText("x🎈y")})]))
    doc: pycrdt.Doc = pycrdt.Doc()  # type: ignore[type-arg]  # of anything
    doc.apply_update(builder.update())

    source = doc.get("cells", type=pycrdt.Array)[0]["source"]
    source.insert(len(source), "!")

    assert str(source) == "x🎈y!"


def test_plain_values_of_an_array_are_one_item_so_that_the_core_need_not_join_them() -> None:
    builder = UpdateBuilder(5)
    builder.root("ids", YArray([*(f"r{place}" for place in range(1000)), YMap({"x": 1}), "last"]))

    update = builder.update()

    doc: pycrdt.Doc[object] = pycrdt.Doc()
    doc.apply_update(update)
    found = json.loads(str(doc.get("ids", type=pycrdt.Array)))
    assert found == [*(f"r{place}" for place in range(1000)), {"x": 1}, "last"]
    assert update[1] == 4  # the ids, the map, its member, the last one
