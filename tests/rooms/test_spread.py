"""Documents do not do at the same moment what each does in turns."""

from __future__ import annotations

from collab.rooms.spread import SPREAD, Spread


def test_a_period_is_never_longer_and_never_much_shorter() -> None:
    spread = Spread("a document")

    assert all(60 * (1 - SPREAD) <= spread.of(60) <= 60 for _ in range(1000))


def test_the_rounds_of_documents_with_neighbouring_ids_fall_apart() -> None:
    firsts = [int(Spread(f"{number:032x}").of(60)) for number in range(1500)]

    assert set(firsts) == set(range(45, 60))
    assert max(firsts.count(second) for second in set(firsts)) < 150


def test_the_same_document_has_the_same_rounds() -> None:
    one, other = Spread("a"), Spread("a")

    assert [one.of(1) for _ in range(5)] == [other.of(1) for _ in range(5)]
