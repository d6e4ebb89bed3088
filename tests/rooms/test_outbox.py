"""What waits for one client."""

from __future__ import annotations

from collab.rooms.outbox import Outbox, Slot

LIMIT = 1_000


def test_frames_come_out_in_order() -> None:
    outbox = Outbox(LIMIT)

    outbox.put(b"a")
    outbox.put_broadcast(b"b")

    assert outbox.take() == [b"a", b"b"]


def test_of_a_slot_only_the_newest_is_sent_and_last() -> None:
    outbox = Outbox(LIMIT)
    outbox.set_slot(Slot.ACKNOWLEDGEMENT, b"1")
    outbox.set_slot(Slot.ACKNOWLEDGEMENT, b"2")

    outbox.put(b"a")

    assert outbox.take() == [b"a", b"2"]


def test_over_the_limit_broadcasts_are_dropped_and_a_resync_is_wanted() -> None:
    outbox = Outbox(LIMIT)
    outbox.put(b"keep")

    for _ in range(11):
        outbox.put_broadcast(b"x" * 100)

    assert outbox.resync_wanted
    assert outbox.take() == [b"keep"]
    assert outbox.held_bytes <= LIMIT


def test_what_the_transport_has_in_hand_counts() -> None:
    outbox = Outbox(LIMIT)
    outbox.put_broadcast(b"x" * 900)
    outbox.take()

    outbox.put_broadcast(b"y" * 200)

    assert outbox.resync_wanted and not outbox.ready_for_resync
    assert outbox.take() == []
    assert outbox.ready_for_resync


def test_a_vector_counts_once_its_frame_was_handed_over() -> None:
    outbox = Outbox(LIMIT)
    outbox.begin_sync(b"client")
    outbox.put_sync(b"diff", b"after")
    before = outbox.known_vector

    outbox.take()

    assert (before, outbox.known_vector) == (b"client", b"after")


def test_a_vector_whose_frame_was_dropped_does_not_count() -> None:
    outbox = Outbox(LIMIT)
    outbox.begin_sync(b"client")
    outbox.put_sync(b"diff", b"after")

    outbox.put_broadcast(b"x" * LIMIT)
    outbox.take()

    assert outbox.known_vector == b"client"


def test_only_a_client_over_the_limit_that_takes_nothing_is_stalled() -> None:
    outbox = Outbox(LIMIT)
    quiet = outbox.stalled(0.0, 10.0) or outbox.stalled(100.0, 10.0)
    outbox.put_broadcast(b"x" * (LIMIT + 1))

    first, later = outbox.stalled(200.0, 10.0), outbox.stalled(210.0, 10.0)

    assert (quiet, first, later) == (False, False, True)


def test_a_large_answer_in_flight_gets_longer() -> None:
    outbox = Outbox(LIMIT)
    outbox.put_sync(b"x" * (3 * LIMIT), b"v")
    outbox.take()
    outbox.put_broadcast(b"y")
    outbox.stalled(0.0, 10.0)

    assert not outbox.stalled(29.0, 10.0)
    assert outbox.stalled(30.0, 10.0)


def test_a_closed_outbox_gives_what_must_arrive_and_ends() -> None:
    outbox = Outbox(LIMIT)
    outbox.put(b"a")
    outbox.put_broadcast(b"b")

    outbox.close()

    assert outbox.take() == [b"a"]
    assert outbox.take() is None
