"""How many rooms one person holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collab.errors import LimitExceeded
from collab.limits import Limits
from collab.rooms.attendance import Attendance
from collab.store.base import DocumentId

ONE, TWO, THREE = map(DocumentId, ("one", "two", "three"))


def attendance() -> Attendance:
    return Attendance(replace(Limits(), rooms_per_user=2))


def test_a_person_holds_so_many_rooms_and_as_many_connections_as_it_likes() -> None:
    people = attendance()
    for document_id in (ONE, TWO, TWO, ONE):
        people.enter("ada", document_id)

    with pytest.raises(LimitExceeded, match="rooms_per_user"):
        people.enter("ada", THREE)

    people.enter("bob", THREE)
    assert (people.rooms_of("ada"), people.rooms_of("bob")) == (2, 1)


def test_a_room_is_free_again_when_the_last_connection_left() -> None:
    people = attendance()
    for document_id in (ONE, TWO, TWO):
        people.enter("ada", document_id)

    people.leave("ada", TWO)
    with pytest.raises(LimitExceeded):
        people.enter("ada", THREE)
    people.leave("ada", TWO)
    people.enter("ada", THREE)

    assert people.rooms_of("ada") == 2


def test_nothing_is_kept_of_a_person_who_left() -> None:
    people = attendance()
    people.enter("ada", ONE)

    people.leave("ada", ONE)

    assert people.rooms_of("ada") == 0
    assert not people._rooms
