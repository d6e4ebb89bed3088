"""What waits for one client."""

from __future__ import annotations

from collab.protocol.session import CloseInfo
from collab.rooms.outbox import Outbox, Slot

LIMIT = 1_000


class Peer:
    """The connection above an outbox and the wire below it; nothing is taken from the wire unless `take` is called."""

    def __init__(self, *, attached: bool = True) -> None:
        self.outbox = Outbox(LIMIT, self)
        self.written: list[bytes] = []
        self.waiting = 0
        self.filled = self.drained = self.counted = 0
        if attached:
            self.outbox.attach(self)

    def on_filled(self) -> None:
        self.filled += 1

    def on_drained(self) -> None:
        self.drained += 1

    def on_written(self, size_bytes: int) -> None:
        self.counted += size_bytes

    def write(self, frames: bytes) -> None:
        self.written.append(frames)
        self.waiting += len(frames)

    def waiting_bytes(self) -> int:
        return self.waiting

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self, info: CloseInfo) -> None: ...

    def take(self) -> None:
        """The network takes what was written."""
        self.waiting = 0
        self.outbox.unblock()


def test_what_belongs_to_one_turn_is_one_write_in_order() -> None:
    peer = Peer()
    peer.outbox.put(b"a")
    peer.outbox.put_broadcast(b"b")
    before = list(peer.written)

    peer.outbox.flush()

    assert before == []
    assert (peer.filled, peer.written) == (1, [b"ab"])


def test_a_broadcast_goes_straight_to_a_wire_that_waits_for_nothing() -> None:
    peer = Peer()
    frame = b"broadcast"

    peer.outbox.put_broadcast(frame)

    assert peer.written == [frame] and peer.written[0] is frame
    assert peer.filled == 0


def test_what_was_said_before_the_wire_was_there_comes_first() -> None:
    peer = Peer(attached=False)
    peer.outbox.put(b"hello")
    peer.outbox.put_broadcast(b"update")

    peer.outbox.attach(peer)

    assert b"".join(peer.written) == b"helloupdate"


def test_of_a_slot_only_the_newest_is_sent_and_last() -> None:
    peer = Peer()
    peer.outbox.set_slot(Slot.ACKNOWLEDGEMENT, b"1")
    peer.outbox.set_slot(Slot.ACKNOWLEDGEMENT, b"2")
    peer.outbox.put(b"a")

    peer.outbox.flush()

    assert b"".join(peer.written) == b"a2"


def test_a_blocked_wire_is_given_nothing_until_it_takes_again() -> None:
    peer = Peer()
    peer.outbox.block()
    peer.outbox.put(b"a")
    peer.outbox.set_slot(Slot.SAVE_STATE, b"s")
    peer.outbox.flush()
    before = list(peer.written)

    peer.take()

    assert before == []
    assert b"".join(peer.written) == b"as"


def test_over_the_limit_broadcasts_are_dropped_and_a_resync_is_wanted() -> None:
    peer = Peer()
    peer.outbox.block()
    peer.outbox.put(b"keep")

    for _ in range(11):
        peer.outbox.put_broadcast(b"x" * 100)

    assert peer.outbox.resync_wanted
    assert peer.outbox.held_bytes <= LIMIT
    peer.take()
    assert (peer.written, peer.drained) == ([b"keep"], 1)


def test_what_the_network_has_not_taken_counts() -> None:
    peer = Peer()
    peer.outbox.put_broadcast(b"x" * 900)
    peer.outbox.block()

    peer.outbox.put_broadcast(b"y" * 200)

    assert peer.outbox.resync_wanted and not peer.outbox.ready_for_resync
    peer.take()
    assert peer.outbox.ready_for_resync


def test_a_frame_above_the_limit_is_replaced_by_a_resync_at_once() -> None:
    peer = Peer()

    peer.outbox.put_broadcast(b"x" * (LIMIT + 1))
    peer.outbox.flush()

    assert (peer.written, peer.drained) == ([], 1)


def test_after_the_resync_broadcasts_go_straight_to_the_wire_again() -> None:
    peer = Peer()
    peer.outbox.put_broadcast(b"x" * (LIMIT + 1))
    while_behind = peer.outbox.direct

    peer.outbox.put_sync(b"diff", b"after")
    peer.outbox.flush()

    assert (while_behind, peer.outbox.direct) == (False, True)


def test_a_vector_counts_once_its_frame_was_handed_over() -> None:
    peer = Peer()
    peer.outbox.begin_sync(b"client")
    peer.outbox.put_sync(b"diff", b"after")
    before = peer.outbox.known_vector

    peer.outbox.flush()

    assert (before, peer.outbox.known_vector) == (b"client", b"after")


def test_a_vector_whose_frame_was_dropped_does_not_count() -> None:
    peer = Peer()
    peer.outbox.begin_sync(b"client")
    peer.outbox.put_sync(b"diff", b"after")

    peer.outbox.put_broadcast(b"x" * LIMIT)
    peer.outbox.flush()

    assert peer.outbox.known_vector == b"client"


def test_who_never_said_what_it_has_has_no_vector_of_a_broadcast() -> None:
    stranger, known = Peer(), Peer()
    known.outbox.begin_sync(b"client")

    for peer in (stranger, known):
        peer.outbox.put_broadcast(b"update", b"after")

    assert (stranger.outbox.known_vector, known.outbox.known_vector) == (None, b"after")


def test_only_a_client_over_the_limit_that_takes_nothing_is_stalled() -> None:
    peer = Peer()
    quiet = peer.outbox.stalled(0.0, 10.0) or peer.outbox.stalled(100.0, 10.0)
    peer.outbox.put_broadcast(b"x" * (LIMIT + 1))

    first, later = peer.outbox.stalled(200.0, 10.0), peer.outbox.stalled(210.0, 10.0)

    assert (quiet, first, later) == (False, False, True)


def test_a_large_answer_in_flight_gets_longer() -> None:
    peer = Peer()
    peer.outbox.put_sync(b"x" * (3 * LIMIT), b"v")
    peer.outbox.flush()
    peer.outbox.block()
    peer.outbox.put_broadcast(b"y")
    peer.outbox.stalled(0.0, 10.0)

    assert not peer.outbox.stalled(29.0, 10.0)
    assert peer.outbox.stalled(30.0, 10.0)


def test_a_closed_outbox_writes_what_must_arrive_and_takes_nothing_more() -> None:
    peer = Peer()
    peer.outbox.block()
    peer.outbox.put(b"a")
    peer.outbox.put_broadcast(b"b")

    peer.outbox.close()
    peer.outbox.put(b"c")
    peer.outbox.put_broadcast(b"d")
    peer.outbox.set_slot(Slot.SAVE_STATE, b"s")
    peer.outbox.flush()

    assert peer.written == [b"a"]


def test_a_wire_that_is_gone_is_written_nothing() -> None:
    peer = Peer()
    peer.outbox.put(b"a")

    peer.outbox.detach()
    peer.outbox.flush()
    peer.outbox.put_broadcast(b"b")

    assert peer.written == []
