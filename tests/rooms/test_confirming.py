"""What other nodes sent counts as journalled when they say so, or when we did it."""

from __future__ import annotations

from collab.fanout.base import NodeId, Updates
from collab.rooms.confirming import ADOPT_S, MOST_BYTES, Confirming

A, B = NodeId("a", 1), NodeId("b", 1)


def test_the_sender_confirms_by_number_what_it_sent_and_nothing_of_others() -> None:
    confirming = Confirming()
    first, second = (
        confirming.heard(A, 1, Updates((b"x",)), 0.0),
        confirming.heard(
            A,
            3,
            Updates(
                (
                    b"y",
                    b"z",
                )
            ),
            0.0,
        ),
    )
    other = confirming.heard(B, 1, Updates((b"x",)), 0.0)

    assert confirming.confirmed(A, 2)
    assert (first.done, second.done, other.done) == (True, False, False)
    assert not confirming.confirmed(A, 2)
    assert confirming.confirmed(A, 3)
    assert not confirming.settled
    assert confirming.confirmed(B, 1)
    assert confirming.settled


def test_what_nobody_confirms_is_due_after_a_while() -> None:
    confirming = Confirming()

    assert confirming.due(confirming.heard(A, 1, Updates((b"x",)), 5.0)) == 5.0 + ADOPT_S


def test_when_too_much_waits_it_is_due_at_once() -> None:
    confirming = Confirming()
    item = confirming.heard(A, 1, Updates((bytes(MOST_BYTES + 1),)), 5.0)

    assert confirming.due(item) == 5.0
    confirming.close(item)
    assert confirming.due(confirming.heard(A, 2, Updates((b"x",)), 5.0)) == 5.0 + ADOPT_S


def test_what_comes_late_and_was_confirmed_before_waits_for_the_next_word() -> None:
    confirming = Confirming()
    confirming.confirmed(A, 9)
    late = confirming.heard(A, 3, Updates((b"x",)), 0.0)

    assert not late.done
    confirming.confirmed(A, 9)
    assert late.done
