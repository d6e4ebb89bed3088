"""Every document has one seat, seats share the documents evenly, and more seats move few of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from collab.config import ServerConfig
from collab.node.placement import Placement, Post, Seat
from collab.store.base import DocumentId

NAMES = [DocumentId(UUID(int=number).hex) for number in range(1000)]


@pytest.mark.parametrize("workers", [2, 3, 4, 8])
def test_a_thousand_documents_are_spread_evenly(workers: int) -> None:
    counts = Counter(Placement(workers).home(name) for name in NAMES)

    fair = len(NAMES) / workers
    assert set(counts) == set(Placement(workers).regular)
    assert max(counts.values()) <= fair * 1.25
    assert min(counts.values()) >= fair * 0.75


def test_one_more_worker_takes_its_share_and_moves_nothing_else() -> None:
    before, after = Placement(4), Placement(5)

    moved = [name for name in NAMES if before.home(name) != after.home(name)]

    assert {after.home(name) for name in moved} == {Seat(4)}
    assert len(moved) <= len(NAMES) / 5 * 1.3


def test_large_documents_are_spread_over_their_own_seats() -> None:
    placement = Placement(1, heavies=2)

    assert {placement.heavy(name) for name in NAMES} == {Seat(0, heavy=True), Seat(1, heavy=True)}
    assert placement.seats == (Seat(0), Seat(0, heavy=True), Seat(1, heavy=True))


def test_no_workers_means_one_for_each_core() -> None:
    assert Placement.of(ServerConfig(workers=0)).workers >= 1
    assert Placement.of(ServerConfig(workers=3, heavy_workers=2)) == Placement(3, 2)


def test_a_post_survives_the_way_to_the_worker() -> None:
    post = Post(Seat(1, heavy=True), Placement(2, 2), Path("/somewhere"))

    assert Post.load(post.dump()) == post


@pytest.mark.parametrize("name", ["nobody", "worker", "worker-", "boss-1", "worker--1", "heavy-x"])
def test_what_is_no_seat_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Seat.parse(name)
