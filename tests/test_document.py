"""The document fence: offsets, updates, compaction, and what happens after a failure of the core."""

from __future__ import annotations

import pytest

from collab.document import (
    CONFLICTS,
    Document,
    Splice,
    compact,
    decode_state_vector,
    merge_updates,
)
from collab.errors import DocumentPoisoned


def written(text: str, client_id: int = 7) -> Document:
    document = Document(client_id)
    document.edit_text([Splice(0, 0, text)])
    return document


def test_positions_are_characters_whatever_their_bytes() -> None:
    document = written("hé😀llo\n")

    document.edit_text([Splice(1, 1, "e"), Splice(3, 2, "LL"), Splice(6, 0, "!")])

    assert document.text() == "he😀LLo!\n"


@pytest.mark.parametrize(
    "splices",
    [[Splice(4, 0, "x")], [Splice(2, 2, "")], [Splice(0, -1, "")], [Splice(2, 0, "b"), Splice(1, 0, "a")]],
    ids=["behind the end", "over the end", "negative", "out of order"],
)
def test_splices_that_do_not_fit_change_nothing(splices: list[Splice]) -> None:
    document = written("abc")

    with pytest.raises(ValueError, match="splice"):
        document.edit_text(splices)

    assert document.text() == "abc"


def test_the_update_of_a_change_makes_a_replica_equal() -> None:
    document = written("one two")
    replica = Document.from_updates([document.diff()])

    update = document.changed_by(lambda: document.edit_text([Splice(0, 3, "1"), Splice(4, 3, "2")]))
    replica.apply(update)

    assert replica.text() == "1 2"
    assert replica.clocks() == document.clocks()


def test_a_change_of_nothing_gives_no_update() -> None:
    document = written("abc")

    assert document.changed_by(lambda: document.edit_text([])) == b""


def test_a_map_takes_and_loses_plain_values() -> None:
    document = Document(7)

    document.set_map_value(CONFLICTS, "a", {"live": "x"})
    document.set_map_value(CONFLICTS, "b", "y")
    document.set_map_value(CONFLICTS, "b", None)

    assert document.map_values(CONFLICTS) == {"a": {"live": "x"}}
    assert document.map_value(CONFLICTS, "b") is None


def test_after_a_failed_apply_everything_refuses() -> None:
    document = written("abc")

    with pytest.raises(DocumentPoisoned):
        document.apply(b"\x01\x02")

    assert document.poisoned
    with pytest.raises(DocumentPoisoned):
        document.text()


def test_updates_that_cannot_be_merged_are_refused_and_nothing_is_hurt() -> None:
    with pytest.raises(DocumentPoisoned):
        merge_updates([b"\x01\x02"])


def edited_at_length() -> Document:
    document = written("")
    for number in range(60):
        document.edit_text([Splice(0, 0, f"a long sentence {number} that goes away again")])
        document.edit_text([Splice(0, len(document.text()) - number, "")])
    return document


def test_compaction_drops_deleted_content_and_keeps_text_and_clocks() -> None:
    document = edited_at_length()
    state = document.diff()

    compacted = compact(state)

    again = Document.from_updates([compacted])
    assert len(compacted) < len(state) / 2
    assert b"goes away" not in compacted
    assert (again.text(), again.clocks()) == (document.text(), document.clocks())


def test_a_document_goes_on_from_a_compacted_state_with_what_came_since() -> None:
    document = edited_at_length()
    compacted = compact(document.diff())
    peer = Document.from_updates([document.diff()], client_id=9)
    document.apply(peer.changed_by(lambda: peer.edit_text([Splice(1, 0, "since")])))
    text, before = document.text(), len(document.diff())

    document.adopt(compacted)

    assert document.text() == text
    assert len(document.diff()) < before / 2
    peer.apply(document.changed_by(lambda: document.edit_text([Splice(0, 1, "z")])))
    assert peer.text() == document.text()


def test_a_state_vector_is_read_as_clients_and_clocks() -> None:
    document = Document.from_updates([written("abc", 2**40).diff(), written("x" * 300, 5).diff()])

    assert decode_state_vector(document.state_vector()) == {2**40: 3, 5: 300} == document.clocks()
