"""The awareness table: who may speak for whom, and what the others see."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from collab.limits import Limits
from collab.protocol.awareness import AwarenessTable, Change
from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import MAX_AWARENESS_CLOCK
from collab.protocol.roles import Identity, Role

LIMITS = Limits()
ANN = Identity("u1", "Ann", "#112233", "#aabbcc")
BOB = Identity("u2", "Bob", "#445566")
SHOWN = '{"user":{"id":"u1","name":"Ann","color":"#112233","color_dark":"#aabbcc","role":"editor"}}'


def say(
    table: AwarenessTable,
    client_id: int,
    clock: int,
    state: str | None = "{}",
    connection: int = 1,
    identity: Identity = ANN,
    now: float = 0.0,
) -> tuple[AwarenessEntry, ...]:
    return told(table, connection, identity, [AwarenessEntry(client_id, clock, state)], now)


def told(
    table: AwarenessTable, connection: int, identity: Identity, entries: list[AwarenessEntry], now: float = 0.0
) -> tuple[AwarenessEntry, ...]:
    """What everybody is to be told of what a connection sent."""
    changed = table.receive(connection, identity, Role.EDITOR, entries, now)
    return tuple(table.entry(client_id) for client_id in changed)


def present(table: AwarenessTable) -> tuple[AwarenessEntry, ...]:
    """What a newcomer is told."""
    return tuple(table.entry(client_id) for client_id in table.present())


# -- what is shown --


def test_a_new_client_is_broadcast_and_shown_to_newcomers() -> None:
    table = AwarenessTable(LIMITS)

    broadcast = say(table, 5, 1)

    assert broadcast == (AwarenessEntry(5, 1, SHOWN),)
    assert present(table) == broadcast


def test_the_name_is_the_servers_and_other_fields_are_the_clients() -> None:
    table = AwarenessTable(LIMITS)
    state = {
        "cursor": {"anchor": 1},
        "user": {"name": "Bob", "color": "red", "colorLight": "#fff", "id": "u2", "role": "owner"},
    }

    (entry,) = say(table, 5, 1, json.dumps(state))

    assert entry.state is not None
    assert json.loads(entry.state) == {
        "cursor": {"anchor": 1},
        "user": {
            "name": "Ann",
            "color": "#112233",
            "color_dark": "#aabbcc",
            "colorLight": "#fff",
            "id": "u1",
            "role": "editor",
        },
    }


def test_a_user_field_that_is_no_object_is_replaced() -> None:
    assert say(AwarenessTable(LIMITS), 5, 1, '{"user":"Bob"}') == (AwarenessEntry(5, 1, SHOWN),)


@pytest.mark.parametrize(
    "state",
    [
        '{"a":NaN}',
        '{"a":1,"a":2}',
        "[1]",
        '"text"',
        "true",
        "",
        '{"a":"\\ud800"}',
        '{"a":' * 17 + "1" + "}" * 17,
        '{"a":"' + "x" * 4096 + '"}',
        '{"a":"' + "ü" * 2048 + '"}',
    ],
)
def test_states_that_cannot_be_shown_are_dropped(state: str) -> None:
    table = AwarenessTable(LIMITS)

    assert say(table, 5, 1, state) == ()
    assert present(table) == ()


# -- clocks --


@pytest.mark.parametrize(("clock", "accepted"), [(4, False), (5, False), (6, True), (900, True)])
def test_only_a_newer_clock_changes_a_state(clock: int, accepted: bool) -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 5)

    assert bool(say(table, 5, clock, '{"a":1}')) is accepted


def test_a_removal_counts_at_the_same_clock() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 5)

    assert say(table, 5, 5, None) == (AwarenessEntry(5, 5, None),)
    assert say(table, 5, 5, None) == ()
    assert present(table) == ()


def test_a_client_may_come_back_after_its_removal() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 5)
    say(table, 5, 6, None)

    assert say(table, 5, 7) == (AwarenessEntry(5, 7, SHOWN),)


def test_the_removal_of_an_unknown_client_is_dropped() -> None:
    assert say(AwarenessTable(LIMITS), 5, 5, None) == ()


@pytest.mark.parametrize("clock", [MAX_AWARENESS_CLOCK, MAX_AWARENESS_CLOCK + 1, -1])
def test_clocks_at_the_end_of_their_range_are_dropped(clock: int) -> None:
    assert say(AwarenessTable(LIMITS), 5, clock) == ()


# -- ownership --


def test_entries_of_others_are_dropped_and_own_ones_kept() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 1)
    entries = [AwarenessEntry(5, 9, '{"a":1}'), AwarenessEntry(6, 1, "{}"), AwarenessEntry(5, 9, None)]

    broadcast = told(table, 2, BOB, entries)

    assert [entry.client_id for entry in broadcast] == [6]
    assert present(table)[0] == AwarenessEntry(5, 1, SHOWN)


def test_a_connection_speaks_for_a_limited_number_of_clients() -> None:
    table = AwarenessTable(LIMITS)
    entries = [AwarenessEntry(client_id, 1, "{}") for client_id in range(10, 20)]

    broadcast = told(table, 1, ANN, entries)

    assert [entry.client_id for entry in broadcast] == [10, 11, 12, 13]
    assert say(table, 20, 1) == ()


def test_a_client_twice_in_a_message_counts_by_its_clock() -> None:
    table = AwarenessTable(LIMITS)
    entries = [AwarenessEntry(5, 2, '{"a":1}'), AwarenessEntry(5, 1, '{"a":2}'), AwarenessEntry(5, 3, None)]

    broadcast = told(table, 1, ANN, entries)

    assert [(entry.clock, entry.state is None) for entry in broadcast] == [(3, True)]


def test_a_reconnecting_tab_takes_its_client_over_from_the_connection_before() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 3, connection=1)

    assert say(table, 5, 3, connection=2) == (AwarenessEntry(5, 4, SHOWN),)
    assert table.leave(1, 1.0) == ()
    assert present(table) == (AwarenessEntry(5, 4, SHOWN),)


def test_another_tab_of_the_person_does_not_take_over_by_its_echo() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 3, connection=1)
    say(table, 6, 1, connection=2)

    assert say(table, 5, 3, connection=2) == ()
    assert say(table, 5, 4, None, connection=2) == ()
    assert say(table, 5, 4, connection=1) == (AwarenessEntry(5, 4, SHOWN),)


def test_another_person_cannot_take_a_client_over_even_with_a_newer_clock() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 3, connection=1)

    assert say(table, 5, 900, connection=2, identity=BOB) == ()


# -- leaving --


def test_closing_a_connection_removes_its_clients_with_a_newer_clock() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 6, 1)
    say(table, 5, 3)
    say(table, 7, 1, connection=2, identity=BOB)

    assert table.leave(1, 1.0) == (AwarenessEntry(5, 4, None), AwarenessEntry(6, 2, None))
    assert [entry.client_id for entry in present(table)] == [7]
    assert table.leave(1, 1.0) == ()


def test_who_comes_back_soon_gets_a_clock_that_others_accept() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 3, connection=1)
    table.leave(1, 1.0)

    assert say(table, 5, 3, connection=2, now=2.0) == (AwarenessEntry(5, 5, SHOWN),)


def test_who_came_back_with_an_older_clock_is_followed_from_there() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 3, connection=1)
    table.leave(1, 1.0)
    say(table, 5, 4, connection=2, now=2.0)

    clocks = [say(table, 5, clock, f'{{"at":{clock}}}', connection=2, now=3.0) for clock in (5, 6, 6, 20)]

    assert [[entry.clock for entry in told] for told in clocks] == [[6], [7], [], [20]]


def test_no_clock_is_shown_that_other_cores_cannot_read() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, MAX_AWARENESS_CLOCK - 1, connection=1)
    (removal,) = table.leave(1, 1.0)

    assert removal.clock == MAX_AWARENESS_CLOCK
    assert say(table, 5, MAX_AWARENESS_CLOCK - 1, connection=2, now=2.0) == ()


def test_a_client_that_just_left_cannot_be_taken_by_another_person_until_it_is_forgotten() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 3, connection=1)
    table.leave(1, 1.0)

    assert say(table, 5, 9, connection=2, identity=BOB, now=2.0) == ()
    table.expire(31.5)
    assert len(say(table, 5, 9, connection=2, identity=BOB, now=31.5)) == 1


def test_clients_that_left_are_kept_up_to_a_bound() -> None:
    table = AwarenessTable(replace(LIMITS, connections_per_room=1, awareness_clients_per_connection=2))
    for connection in range(5):
        say(table, 100 + connection, 1, connection=connection)
        table.leave(connection, 1.0)

    taken = [len(say(table, 100 + number, 9, connection=50 + number, identity=BOB)) for number in range(5)]

    assert taken == [1, 1, 1, 0, 0]


def test_a_client_that_is_silent_too_long_is_shown_as_gone() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 3, now=0.0)
    say(table, 6, 1, now=10.0)

    assert table.expire(30.0) == ()
    assert table.expire(30.1) == (AwarenessEntry(5, 4, None),)
    assert table.expire(30.2) == ()
    assert say(table, 5, 5, now=31.0) == (AwarenessEntry(5, 5, SHOWN),)


# -- rate --


def test_presence_above_the_rate_is_dropped_and_echoes_cost_nothing() -> None:
    table = AwarenessTable(replace(LIMITS, awareness_messages_per_second=2))
    say(table, 9, 1, connection=2, identity=BOB)

    for clock in range(1, 50):
        say(table, 9, clock, connection=1)

    assert [len(say(table, 5, clock)) for clock in (1, 2, 3)] == [1, 1, 0]
    assert len(say(table, 5, 4, now=0.6)) == 1


# -- roles --


def test_a_new_role_is_shown_without_a_word_of_the_client() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 3, '{"cursor":1}')

    assert table.change_role(1, Role.VIEWER) == {5: Change.MOVED}

    (entry,) = present(table)
    assert entry.client_id == 5 and entry.clock == 4
    assert entry.state is not None and json.loads(entry.state)["user"]["role"] == "viewer"
    assert json.loads(entry.state)["cursor"] == 1


def test_a_new_role_is_shown_in_a_state_that_nobody_has_looked_into() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 3, '{"cursor":1}')
    table.receive(1, ANN, Role.EDITOR, [AwarenessEntry(5, 4, '{"cursor":2}')], 0.0)
    table.change_role(1, Role.VIEWER)

    (entry,) = present(table)

    assert entry.clock == 5 and entry.state is not None
    assert json.loads(entry.state)["cursor"] == 2 and json.loads(entry.state)["user"]["role"] == "viewer"


def test_a_new_role_says_nothing_of_who_is_not_shown() -> None:
    table = AwarenessTable(LIMITS)
    say(table, 5, 3)
    say(table, 5, 4, None)

    assert table.change_role(1, Role.VIEWER) == {} and table.change_role(2, Role.OWNER) == {}
