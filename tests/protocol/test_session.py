"""The session: bytes in, events out, and how it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collab.errors import CloseCode, LimitExceeded, MalformedMessage, PermissionDenied
from collab.limits import Limits
from collab.protocol import messages
from collab.protocol.events import (
    AwarenessEntry,
    AwarenessReceived,
    AwarenessRequested,
    Event,
    Rejected,
    SyncRequested,
    UpdateReceived,
)
from collab.protocol.messages import Hello, Notice, SaveState, StorageState
from collab.protocol.roles import Identity, Role
from collab.protocol.session import CloseInfo, Session

LIMITS = Limits()
ANN = Identity("u1", "Ann", "#112233")
SMALL = replace(LIMITS, message_size_bytes=20, sync_size_bytes=40)


def session(role: Role = Role.EDITOR, limits: Limits = LIMITS, extensions: bool = True) -> Session:
    return Session(role, ANN, limits, extensions)


def rejected(events: list[Event]) -> Rejected:
    (event,) = events
    assert isinstance(event, Rejected)
    return event


# -- what comes in --


@pytest.mark.parametrize(
    ("data", "event"),
    [
        (messages.encode_sync_step1(b"\x00"), SyncRequested(b"\x00")),
        (messages.encode_sync_step2(b"\x01\x02"), UpdateReceived(b"\x01\x02", in_sync=True)),
        (messages.encode_update(b"\x01\x02"), UpdateReceived(b"\x01\x02", in_sync=False)),
        (messages.encode_query_awareness(), AwarenessRequested()),
        (
            messages.encode_awareness([AwarenessEntry(1, 2, "{}")]),
            AwarenessReceived((AwarenessEntry(1, 2, "{}"),)),
        ),
    ],
)
def test_each_message_of_a_peer_becomes_its_event(data: bytes, event: Event) -> None:
    assert session().receive(data, now=0.0) == [event]


def test_awareness_of_nobody_is_no_event() -> None:
    assert session().receive(messages.encode_awareness([]), now=0.0) == []


def test_malformed_bytes_end_the_session_and_the_rest_is_discarded() -> None:
    ending = session()

    event = rejected(ending.receive(b"\x00\x02\x05\x00", now=0.0))

    assert isinstance(event.error, MalformedMessage)
    assert event.fatal
    assert ending.close_info == CloseInfo(CloseCode.MALFORMED, MalformedMessage.public)
    assert ending.receive(messages.encode_query_awareness(), now=1.0) == []
    assert ending.expire(now=10_000.0) == []


@pytest.mark.parametrize("data", [b"\x04", b"\x09hello"])
def test_unknown_types_are_rejected_and_the_session_lives(data: bytes) -> None:
    living = session()

    event = rejected(living.receive(data, now=0.0))

    assert not event.fatal
    assert living.receive(messages.encode_query_awareness(), now=0.0) == [AwarenessRequested()]


def test_messages_that_only_a_server_sends_are_rejected() -> None:
    sent = [
        messages.encode_auth_denied("no"),
        messages.encode_hello(Hello("h", Role.OWNER, "text", ANN, {})),
        messages.encode_acknowledgement(5),
        messages.encode_save_state(SaveState(StorageState.STORED)),
        messages.encode_notice(Notice("conflict", "!", {})),
    ]

    for data in sent:
        event = rejected(session().receive(data, now=0.0))
        assert isinstance(event.error, MalformedMessage)
        assert not event.fatal


# -- sizes and rates --


@pytest.mark.parametrize(
    ("role", "asked", "data", "limit"),
    [
        (Role.EDITOR, False, messages.encode_update(bytes(20)), "message_size_bytes"),
        (Role.EDITOR, False, messages.encode_sync_step2(bytes(20)), "message_size_bytes"),
        (Role.EDITOR, True, messages.encode_update(bytes(20)), "message_size_bytes"),
        (Role.EDITOR, True, messages.encode_sync_step2(bytes(40)), "sync_size_bytes"),
        (Role.VIEWER, True, messages.encode_sync_step2(bytes(20)), "message_size_bytes"),
    ],
)
def test_messages_over_their_size_end_the_session(role: Role, asked: bool, data: bytes, limit: str) -> None:
    receiving = session(role, SMALL)
    if asked:
        receiving.send_sync_step1(b"\x00")

    event = rejected(receiving.receive(data, now=0.0))

    assert isinstance(event.error, LimitExceeded)
    assert event.error.limit == limit
    assert receiving.close_info == CloseInfo(CloseCode.LIMIT_EXCEEDED, event.error.public)


def test_each_question_has_its_answer_and_each_may_be_large() -> None:
    receiving = session(limits=SMALL)
    receiving.send_sync_step1(b"\x00")
    receiving.send_sync_step1(b"\x00")
    answer = messages.encode_sync_step2(bytes(30))

    first, second, third = (receiving.receive(answer, float(number)) for number in range(3))

    assert first == second == [UpdateReceived(bytes(30), in_sync=True)]
    assert rejected(third).fatal


def test_the_answer_to_a_sync_step_1_may_be_large_once() -> None:
    receiving = session(limits=SMALL)
    receiving.send_sync_step1(b"\x00")
    answer = messages.encode_sync_step2(bytes(30))

    assert receiving.message_limit_bytes == 40
    assert receiving.receive(answer, now=0.0) == [UpdateReceived(bytes(30), in_sync=True)]
    assert receiving.message_limit_bytes == 20
    assert rejected(receiving.receive(answer, now=0.0)).fatal


def test_too_many_messages_end_the_session_with_a_code_to_retry() -> None:
    flooding = session(limits=replace(LIMITS, messages_per_second=10, messages_burst=3))
    for _ in range(3):
        flooding.receive(messages.encode_query_awareness(), now=0.0)

    event = rejected(flooding.receive(messages.encode_query_awareness(), now=0.0))

    assert isinstance(event.error, LimitExceeded)
    assert event.error.limit == "messages_per_second"
    assert flooding.close_info == CloseInfo(CloseCode.TRY_AGAIN_LATER, event.error.public)


def test_too_much_presence_is_dropped_and_takes_nothing_from_the_edits() -> None:
    echoing = session(limits=replace(LIMITS, messages_per_second=10, messages_burst=3))
    presence = messages.encode_awareness([AwarenessEntry(1, 2, "{}")])

    events = [len(echoing.receive(presence, now=0.0)) for _ in range(5)]

    assert events == [1, 1, 1, 0, 0]
    assert echoing.receive(messages.encode_update(b"\x00\x00"), now=0.0) == [UpdateReceived(b"\x00\x00", False)]


# -- time --


def test_a_peer_that_never_speaks_is_closed_after_the_handshake_timeout() -> None:
    silent = session()

    assert silent.expire(now=100.0) == []
    assert silent.expire(now=110.0) == []
    event = rejected(silent.expire(now=110.1))

    assert isinstance(event.error, LimitExceeded)
    assert event.error.limit == "handshake_timeout_s"
    assert silent.close_info is not None


def test_a_peer_that_falls_silent_is_closed_after_the_idle_timeout() -> None:
    silent = session()
    silent.receive(messages.encode_query_awareness(), now=100.0)

    assert silent.expire(now=190.0) == []
    event = rejected(silent.expire(now=190.1))

    assert isinstance(event.error, LimitExceeded)
    assert event.error.limit == "idle_timeout_s"
    assert silent.close_info == CloseInfo(CloseCode.TRY_AGAIN_LATER, event.error.public)


def test_a_pong_is_a_sign_of_life() -> None:
    living = session()
    living.heard(now=180.0)

    assert living.expire(now=260.0) == []


# -- what goes out --


def test_messages_wait_in_order_and_are_handed_out_once() -> None:
    sending = session()
    entries = [AwarenessEntry(1, 2, "{}")]
    hello = Hello("h", Role.EDITOR, "text", ANN, {})
    notice = Notice("renamed", "a.md", {})

    sending.send_hello(hello)
    sending.send_sync_step1(b"\x00")
    sending.send_sync_step2(b"\x00\x00")
    sending.send_update(b"\x01")
    sending.send_awareness(entries)
    sending.send_acknowledgement(4)
    sending.send_save_state(SaveState(StorageState.PENDING))
    sending.send_notice(notice)
    sending.send_encoded(b"frame")

    assert sending.data_to_send() == [
        messages.encode_hello(hello),
        messages.encode_sync_step1(b"\x00"),
        messages.encode_sync_step2(b"\x00\x00"),
        messages.encode_update(b"\x01"),
        messages.encode_awareness(entries),
        messages.encode_acknowledgement(4),
        messages.encode_save_state(SaveState(StorageState.PENDING)),
        messages.encode_notice(notice),
        b"frame",
    ]
    assert sending.data_to_send() == []


def test_clients_that_did_not_announce_extensions_never_get_them() -> None:
    stock = session(extensions=False)

    stock.send_hello(Hello("h", Role.EDITOR, "text", ANN, {}))
    stock.send_acknowledgement(4)
    stock.send_save_state(SaveState(StorageState.PENDING))
    stock.send_notice(Notice("renamed", "a.md", {}))

    assert stock.data_to_send() == []


def test_presence_of_nobody_is_not_sent() -> None:
    sending = session()

    sending.send_awareness([])

    assert sending.data_to_send() == []


def test_nothing_is_sent_after_the_end_but_what_waited_is() -> None:
    ending = session()
    ending.send_update(b"\x01")

    ending.close(CloseCode.SERVICE_RESTART, "restart")
    ending.close(CloseCode.NORMAL)
    ending.send_update(b"\x02")

    assert ending.data_to_send() == [messages.encode_update(b"\x01")]
    assert ending.close_info == CloseInfo(CloseCode.SERVICE_RESTART, "restart")


# -- roles (the full matrix is tests/security/test_s01_read_only.py) --


def test_a_change_of_role_counts_from_the_next_message_on() -> None:
    changing = session(Role.EDITOR)
    update = messages.encode_update(b"\x01\x02")

    changing.change_role(Role.VIEWER)
    refused = rejected(changing.receive(update, now=0.0))
    changing.change_role(Role.OWNER)

    assert isinstance(refused.error, PermissionDenied)
    assert refused.updates == 1
    assert changing.receive(update, now=0.0) == [UpdateReceived(b"\x01\x02", in_sync=False)]
