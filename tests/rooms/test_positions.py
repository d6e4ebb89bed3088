"""Only what is here without gaps counts as a position of the common journal."""

from __future__ import annotations

from collab.rooms.covering import Covering
from collab.rooms.positions import MOST_AHEAD, Positions


def test_our_own_entries_in_a_row_are_seen() -> None:
    positions = Positions(3)
    positions.note_own(4, 5)
    positions.note_own(6, 6)

    assert (positions.seen, positions.known, positions.own) == (6, 6, 6)


def test_an_entry_of_another_between_ours_is_a_gap_until_it_is_here() -> None:
    positions = Positions(0)
    positions.note_own(1, 1)
    positions.note_own(3, 4)

    assert (positions.seen, positions.known) == (1, 4)
    positions.note_theirs(2, 2)
    assert positions.seen == 4


def test_runs_may_overlap_and_repeat() -> None:
    positions = Positions(0)
    positions.note_theirs(3, 5)
    positions.note_theirs(1, 4)
    positions.note_theirs(2, 3)

    assert positions.seen == 5


def test_hearing_of_entries_is_not_having_them() -> None:
    positions = Positions(0)
    positions.heard_of(9)

    assert (positions.seen, positions.known) == (0, 9)


def test_a_fork_takes_our_own_entries_and_nothing_that_others_sent_later() -> None:
    positions = Positions(1)
    positions.note_theirs(3, 3)
    fork = positions.fork()
    positions.note_theirs(5, 5)
    positions.note_own(2, 2)
    positions.note_own(4, 4)

    assert positions.seen == 5
    assert fork.seen == 4
    positions.drop(fork)
    positions.note_own(6, 6)
    assert fork.seen == 4


def test_nothing_noted_is_nothing() -> None:
    positions = Positions(4)
    positions.note_own(5, 4)

    assert (positions.seen, positions.own) == (4, 4)


def test_what_is_remembered_behind_a_gap_is_bounded() -> None:
    positions = Positions(0)
    for first in range(3, 3 + 4 * MOST_AHEAD, 2):
        positions.note_theirs(first, first)

    assert len(positions._ahead) == MOST_AHEAD
    positions.note_theirs(1, 2)
    assert positions.seen == 3


def test_a_save_elsewhere_covers_messages_by_their_place_in_the_journal() -> None:
    covering = Covering()
    covering.note(4, {1: 2})
    covering.note(7, {1: 3, 2: 1})

    assert covering.stored(3) == {}
    assert covering.stored(5) == {1: 2}
    assert not covering.complete
    assert covering.stored(7) == {1: 3, 2: 1}
    assert covering.complete


def test_what_is_journalled_before_a_known_save_needs_no_other() -> None:
    covering = Covering()
    covering.stored(9)
    covering.note(8, {1: 2})

    assert covering.complete
