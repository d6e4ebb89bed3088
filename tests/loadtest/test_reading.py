"""What is read out of updates in passing agrees with what a document knows."""

from __future__ import annotations

from random import Random

import pytest
from pycrdt import Array, Doc, Map, Text, merge_updates

from collab.errors import MalformedMessage
from loadtest.reading import read_state_vector, read_update, write_state_vector


def edited(seed: int) -> tuple[Doc, list[bytes]]:
    """A document of all kinds of content, and its updates."""
    random, document, updates = Random(seed), Doc(client_id=seed + 1), []
    text, cells = document.get("source", type=Text), document.get("cells", type=Array)
    document.observe(lambda event: updates.append(event.update))
    for _ in range(100):
        choice = random.random()
        if choice < 0.6 or len(text) < 20:
            text.insert(0, random.choice(["a", "übung ", "文書", "😀"]))
        elif choice < 0.8:
            del text[0:1]
        else:
            cells.append(Map({"n": random.random(), "s": Text("x"), "l": Array([1, None, "y"])}))
    return document, updates


@pytest.mark.parametrize("seed", range(4))
def test_clocks_add_up_to_the_state_vector(seed: int) -> None:
    document, updates = edited(seed)
    seen: dict[int, int] = {}

    for update in updates:
        for author, start, end in read_update(update).inserted:
            assert start == seen.get(author, 0)
            seen[author] = end

    assert seen == read_state_vector(document.get_state())
    assert write_state_vector(seen) == document.get_state()


def test_merged_updates_bring_the_same() -> None:
    _, updates = edited(9)

    merged = read_update(merge_updates(*updates))

    assert sum(end - start for _, start, end in merged.inserted) == sum(
        end - start for update in updates for _, start, end in read_update(update).inserted
    )


def test_what_the_sender_lacks_itself_is_no_content() -> None:
    _, updates = edited(2)

    with_gap = read_update(merge_updates(updates[0], updates[-1]))

    assert len(with_gap.inserted) == 2
    assert with_gap.inserted[0][2] < with_gap.inserted[1][1]


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x01\x01\x05", b"\x00\x00\x00", b"\xff\xff\xff\xff"])
def test_bytes_that_are_no_update_are_refused(content: bytes) -> None:
    with pytest.raises(MalformedMessage):
        read_update(content)
