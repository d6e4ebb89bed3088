"""The state table of a room."""

from __future__ import annotations

from itertools import product

import pytest

from collab.clock import FakeClock
from collab.document import Document
from collab.errors import InternalError
from collab.rooms.loading import Loaded
from collab.rooms.room import OVER, TRANSITIONS, Room, State
from collab.store.base import Alias, DocumentId, DocumentRecord, HistoryId
from tests.simulation.world import World

RECORD = DocumentRecord(DocumentId("d1"), Alias("scratch", "x"), "scratch", HistoryId("h1"), None, None, 0)


def room_in(state: State) -> Room:
    room = Room(World(FakeClock()).parts(), Loaded(RECORD, HistoryId("h1"), "scratch", Document(1), 0, 0))
    room.state = state
    return room


@pytest.mark.parametrize(("old", "new"), list(product(State, State)))
async def test_only_the_transitions_of_the_table_are_possible(old: State, new: State) -> None:
    room = room_in(old)

    if new in TRANSITIONS[old]:
        room._enter(new)
        assert room.state is new
    else:
        with pytest.raises(InternalError):
            room._enter(new)
        assert room.state is old


def test_every_state_has_a_row_and_the_last_ones_lead_nowhere() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {state for state, after in TRANSITIONS.items() if not after} == OVER


def test_every_state_can_be_reached() -> None:
    reached, frontier = {State.LOADING}, {State.LOADING}
    while frontier:
        frontier = {after for state in frontier for after in TRANSITIONS[state]} - reached
        reached |= frontier

    assert reached == set(State)
