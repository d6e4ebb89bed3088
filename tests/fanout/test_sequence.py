"""Lost, doubled and late messages are told apart by their numbers."""

from __future__ import annotations

from collab.fanout.sequence import Order, Sequence


def test_the_first_message_begins_the_sequence() -> None:
    numbers = Sequence(8)

    assert [numbers.take(1, 5), numbers.take(1, 6)] == [Order.NEXT, Order.NEXT]


def test_a_gap_is_noticed_and_what_comes_late_is_taken_once() -> None:
    numbers = Sequence(8)
    numbers.take(1, 1)

    assert numbers.take(1, 4) is Order.AHEAD
    assert [numbers.take(1, 2), numbers.take(1, 2), numbers.take(1, 3)] == [Order.LATE, Order.KNOWN, Order.LATE]
    assert numbers.take(1, 5) is Order.NEXT


def test_a_repeated_message_is_known() -> None:
    numbers = Sequence(8)
    numbers.take(1, 1)

    assert numbers.take(1, 1) is Order.KNOWN


def test_a_room_that_was_opened_again_begins_again_and_the_old_one_is_over() -> None:
    numbers = Sequence(8)
    numbers.take(1, 9)

    assert numbers.take(2, 1) is Order.NEXT
    assert numbers.take(1, 10) is Order.KNOWN


def test_a_lost_last_message_is_noticed_when_the_sender_says_how_far_it_is() -> None:
    numbers = Sequence(8)
    numbers.take(1, 1)

    assert not numbers.reached(1, 1)
    assert numbers.reached(1, 2)
    assert not numbers.reached(1, 2)
    assert numbers.take(1, 2) is Order.LATE


def test_what_is_missing_is_bounded() -> None:
    numbers = Sequence(8)
    numbers.take(1, 1)

    numbers.take(1, 10**9)
    numbers.take(1, 10**9 + 100)

    assert len(numbers._missing) == 8
