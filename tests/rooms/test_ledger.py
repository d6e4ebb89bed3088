"""The count of one connection's update messages."""

from __future__ import annotations

from collab.rooms.ledger import Ledger


def received(count: int) -> Ledger:
    ledger = Ledger()
    for _ in range(count):
        ledger.receive()
    return ledger


def test_what_is_settled_is_acknowledged() -> None:
    ledger = received(3)

    ledger.settle(2)

    assert ledger.acknowledged == 2


def test_a_dropped_message_keeps_the_count_down() -> None:
    ledger = received(3)
    ledger.drop(2)

    ledger.settle(1)
    ledger.settle(3)

    assert ledger.acknowledged == 1


def test_a_whole_sync_after_the_drop_covers_it() -> None:
    ledger = received(3)
    ledger.drop(2)

    ledger.settle(3, whole_sync=True)

    assert ledger.acknowledged == 3


def test_a_sync_before_the_drop_does_not_cover_it() -> None:
    ledger = received(3)
    ledger.drop(3)

    ledger.settle(2, whole_sync=True)

    assert ledger.acknowledged == 2


def test_a_drop_while_the_sync_is_on_its_way_to_the_journal_stays_open() -> None:
    ledger = received(4)
    ledger.drop(2)
    ledger.drop(4)

    ledger.settle(3, whole_sync=True)

    assert ledger.acknowledged == 3
