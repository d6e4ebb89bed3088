"""Who is alive is decided by signs of life that answer ours, on monotonic time."""

from __future__ import annotations

from collab.fanout.messages import Beat, NodeId
from collab.fanout.nodes import Nodes

ME, OTHER = NodeId("me", 1), NodeId("other", 2)


def nodes(most: int = 4) -> Nodes:
    return Nodes(ME, most, silent_s=5.0)


def test_a_node_counts_once_it_says_that_it_hears_us() -> None:
    mine = nodes()
    mine.beat(0.0)

    assert not mine.take(OTHER, Beat(1, ()), 0.0)
    assert not mine.counts(OTHER)
    assert mine.take(OTHER, Beat(2, ((ME, 1),)), 0.0)
    assert mine.counts(OTHER)


def test_two_nodes_meet_after_two_signs_of_life_each() -> None:
    one, two = Nodes(ME, 4, 5.0), Nodes(OTHER, 4, 5.0)

    two.take(ME, one.beat(0.0), 0.0)
    assert one.take(OTHER, two.beat(0.0), 0.0)
    assert two.take(ME, one.beat(0.0), 0.0)


def test_a_sign_of_life_from_before_our_start_makes_nobody_count() -> None:
    mine = nodes()
    mine.beat(0.0)

    assert not mine.take(OTHER, Beat(9, ((NodeId("me", 0), 1),)), 0.0)
    assert not mine.take(OTHER, Beat(10, ((ME, 2),)), 0.0)  # a number that we have not reached


def test_a_repeated_sign_of_life_keeps_nobody_alive() -> None:
    mine = nodes()
    mine.beat(0.0)
    beat = Beat(1, ((ME, 1),))
    mine.take(OTHER, beat, 0.0)

    assert mine.expire(6.0) == [OTHER]
    assert not mine.take(OTHER, beat, 6.0)
    assert not mine.counts(OTHER)


def test_a_silent_node_counts_again_when_it_is_back() -> None:
    mine = nodes()
    mine.beat(0.0)
    mine.take(OTHER, Beat(1, ((ME, 1),)), 0.0)
    mine.expire(6.0)

    assert mine.take(OTHER, Beat(2, ((ME, 1),)), 7.0)
    assert mine.alive == {OTHER}


def test_a_silent_node_is_not_named_in_our_signs_of_life() -> None:
    mine = nodes()
    mine.beat(0.0)
    mine.take(OTHER, Beat(1, ((ME, 1),)), 0.0)

    assert mine.beat(4.0).hears == ((OTHER, 1),)
    assert mine.beat(6.0).hears == ()


def test_no_more_nodes_than_the_limit_are_heard_at_once() -> None:
    mine = nodes(most=2)
    mine.beat(0.0)

    for number in range(5):
        mine.take(NodeId(f"n{number}", number), Beat(1, ((ME, 1),)), 0.0)

    assert len(mine.alive) == 2


def test_dead_nodes_are_forgotten_at_last() -> None:
    mine = nodes(most=2)
    mine.beat(0.0)

    for number in range(100):
        mine.take(NodeId(f"n{number}", number), Beat(1, ((ME, 1),)), number * 10.0)
        mine.expire(number * 10.0 + 9)

    assert len(mine._nodes) <= 8
