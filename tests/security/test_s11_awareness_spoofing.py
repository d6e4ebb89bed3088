"""S11: nobody changes, removes or imitates another person's presence."""

from __future__ import annotations

import json
import random

import pytest

from collab.limits import Limits
from collab.protocol import messages
from collab.protocol.awareness import AwarenessTable
from collab.protocol.events import AwarenessEntry, AwarenessReceived
from collab.protocol.roles import Identity, Role
from collab.protocol.session import Session

LIMITS = Limits()
VICTIM = Identity("victim", "Vera", "#00ff00")
HOSTILE = (Identity("mallory", "Mallory", "#ff0000"), Identity("trudy", "Trudy", "#ff00ff"))
VICTIM_CLIENT = 4242
STATES = (
    None,
    "{}",
    '{"user":{"name":"Vera","id":"victim","color":"#00ff00"}}',
    '{"user":null}',
    '{"a":NaN}',
    "[[[[",
    '{"__proto__":{"user":1},"user":{"__proto__":{"name":"Vera"}}}',
    '{"user":{"name":"Vera"},"user":{"name":"Vera"}}',
    '{"x":"' + "x" * 5_000 + '"}',
    '{"x":"\\udc00"}',
)


def hostile_entry(rng: random.Random) -> AwarenessEntry:
    client_id = rng.choice([VICTIM_CLIENT, VICTIM_CLIENT, rng.randrange(20), rng.randrange(2**53)])
    clock = rng.choice([0, 5, 6, rng.randrange(50), 2**32 - 1, 2**32 - 2, rng.randrange(2**32)])
    return AwarenessEntry(client_id, clock, rng.choice(STATES))


def present(table: AwarenessTable) -> tuple[AwarenessEntry, ...]:
    return tuple(table.entry(client_id) for client_id in table.present())


def attack(seed: int) -> None:
    rng = random.Random(seed)
    table = AwarenessTable(LIMITS)
    table.receive(1, VICTIM, Role.EDITOR, [AwarenessEntry(VICTIM_CLIENT, 5, '{"cursor":1}')], 0.0)
    (victim,) = present(table)
    now = 0.0
    for _ in range(rng.randint(1, 15)):
        now += rng.random()
        connection = rng.randint(2, 4)
        identity = HOSTILE[connection % 2]
        if rng.random() < 0.1:
            broadcast = table.leave(connection, now)
        else:
            session = Session(Role.EDITOR, identity, LIMITS, extensions=False)
            sent = messages.encode_awareness([hostile_entry(rng) for _ in range(rng.randint(1, 6))])
            (event,) = session.receive(sent, now)
            assert isinstance(event, AwarenessReceived)
            told = table.receive(connection, identity, Role.EDITOR, event.entries, now)
            broadcast = tuple(table.entry(client_id) for client_id in told)
        assert VICTIM_CLIENT not in {entry.client_id for entry in broadcast}
        for entry in broadcast:
            if entry.state is not None:
                user = json.loads(entry.state)["user"]
                assert (user["id"], user["name"], user["color"]) == (identity.user_id, identity.name, identity.color)
    assert victim in present(table)
    owned = [entry for entry in present(table) if entry != victim]
    assert len(owned) <= 3 * LIMITS.awareness_clients_per_connection


@pytest.mark.parametrize("block", range(10))
def test_no_hostile_sequence_changes_the_victims_entry(block: int) -> None:
    for seed in range(block * 1_000, (block + 1) * 1_000):
        try:
            attack(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error


def test_after_the_victim_left_its_client_is_not_free_for_others_while_others_still_see_it() -> None:
    table = AwarenessTable(LIMITS)
    table.receive(1, VICTIM, Role.EDITOR, [AwarenessEntry(VICTIM_CLIENT, 5, "{}")], 0.0)
    table.leave(1, 1.0)

    assert table.receive(2, HOSTILE[0], Role.EDITOR, [AwarenessEntry(VICTIM_CLIENT, 99, "{}")], 2.0) == {}
