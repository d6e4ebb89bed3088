"""S1: a connection that may only read changes nothing, whatever it sends."""

from __future__ import annotations

import random

import pytest

from collab.errors import PermissionDenied
from collab.limits import Limits
from collab.protocol import messages
from collab.protocol.events import (
    AwarenessEntry,
    AwarenessReceived,
    AwarenessRequested,
    Rejected,
    SyncRequested,
    UpdateReceived,
)
from collab.protocol.messages import Hello, Notice, SaveState, StorageState
from collab.protocol.roles import Identity, Role
from collab.protocol.session import Session
from tests.protocol.updates import text, update

LIMITS = Limits()
MALLORY = Identity("u3", "Mallory", "#000000")
EMPTY = b"\x00\x00"
INSERT = update((7, 0, [text("x")]))
DELETE = update(deletions={7: [(0, 1)]})

READABLE: dict[str, tuple[bytes, object]] = {
    "sync step 1": (messages.encode_sync_step1(b"\x00"), SyncRequested(b"\x00")),
    "awareness": (
        messages.encode_awareness([AwarenessEntry(1, 1, "{}")]),
        AwarenessReceived((AwarenessEntry(1, 1, "{}"),)),
    ),
    "query awareness": (messages.encode_query_awareness(), AwarenessRequested()),
    "empty step 2": (messages.encode_sync_step2(EMPTY), UpdateReceived(EMPTY, in_sync=True)),
    "empty update": (messages.encode_update(EMPTY), UpdateReceived(EMPTY, in_sync=False)),
}
WRITING = {
    "inserting step 2": (messages.encode_sync_step2(INSERT), INSERT, True),
    "deleting step 2": (messages.encode_sync_step2(DELETE), DELETE, True),
    "inserting update": (messages.encode_update(INSERT), INSERT, False),
    "deleting update": (messages.encode_update(DELETE), DELETE, False),
    "senseless update": (messages.encode_update(b"\xff"), b"\xff", False),
    "no update": (messages.encode_update(b""), b"", False),
}
SERVERS_OWN = {
    "auth": messages.encode_auth_denied(""),
    "hello": messages.encode_hello(Hello("h", Role.OWNER, "text", MALLORY, {})),
    "acknowledgement": messages.encode_acknowledgement(1),
    "save state": messages.encode_save_state(SaveState(StorageState.STORED)),
    "notice": messages.encode_notice(Notice("role_changed", "owner", {})),
}
READERS = (Role.VIEWER, Role.COMMENTER)
WRITERS = (Role.EDITOR, Role.OWNER)


@pytest.mark.parametrize("extensions", [True, False])
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", READABLE)
def test_every_role_may_read(role: Role, name: str, extensions: bool) -> None:
    data, event = READABLE[name]

    assert Session(role, MALLORY, LIMITS, extensions).receive(data, 0.0) == [event]


@pytest.mark.parametrize("role", WRITERS)
@pytest.mark.parametrize("name", WRITING)
def test_writers_may_write(role: Role, name: str) -> None:
    data, content, in_sync = WRITING[name]

    assert Session(role, MALLORY, LIMITS, True).receive(data, 0.0) == [UpdateReceived(content, in_sync)]


@pytest.mark.parametrize("extensions", [True, False])
@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("name", WRITING)
def test_an_update_of_a_reader_is_refused_and_never_handed_out(role: Role, name: str, extensions: bool) -> None:
    data, _, in_sync = WRITING[name]
    reading = Session(role, MALLORY, LIMITS, extensions)

    (event,) = reading.receive(data, 0.0)

    assert isinstance(event, Rejected)
    assert isinstance(event.error, PermissionDenied)
    assert (event.fatal, event.updates, event.in_sync) == (False, 1, in_sync)
    assert reading.close_info is None


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", SERVERS_OWN)
def test_messages_of_a_server_are_refused_from_every_role(role: Role, name: str) -> None:
    (event,) = Session(role, MALLORY, LIMITS, True).receive(SERVERS_OWN[name], 0.0)

    assert isinstance(event, Rejected)


@pytest.mark.parametrize("block", range(10))
def test_no_sequence_of_messages_lets_a_reader_write(block: int) -> None:
    sent = [data for data, _ in READABLE.values()]
    sent += [data for data, _, _ in WRITING.values()] + list(SERVERS_OWN.values())
    for seed in range(block * 1_000, (block + 1) * 1_000):
        rng = random.Random(seed)
        reading = Session(rng.choice(READERS), MALLORY, LIMITS, rng.random() < 0.5)
        for _ in range(rng.randint(1, 12)):
            data = bytearray(rng.choice(sent))
            if rng.random() < 0.3 and data:
                data[rng.randrange(len(data))] = rng.randrange(256)
            if rng.random() < 0.1:
                reading.change_role(rng.choice(READERS))
            if rng.random() < 0.1:
                reading.send_sync_step1(b"\x00")
            for event in reading.receive(bytes(data), rng.random() * 100):
                assert not isinstance(event, UpdateReceived) or event.update == EMPTY, f"seed {seed}"
