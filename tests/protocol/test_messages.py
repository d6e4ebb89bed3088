"""Every message of docs/protocol.md, as bytes and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import MalformedMessage
from collab.limits import Limits
from collab.protocol import messages
from collab.protocol.codec import encode_var_string
from collab.protocol.events import AwarenessEntry
from collab.protocol.messages import (
    Acknowledgement,
    AuthDenied,
    Awareness,
    Hello,
    Message,
    Notice,
    QueryAwareness,
    SaveState,
    StorageState,
    SyncStep1,
    SyncStep2,
    UnknownMessage,
    Update,
    decode_message,
)
from collab.protocol.roles import Identity, Role

LIMITS = Limits()
HELLO = Hello("h1", Role.EDITOR, "text", Identity("u1", "Änne", "#112233", "#aabbcc"), {"path": "a.md", "size": 3})
SAVED = SaveState(StorageState.STORED, covers=7, stored_at_ms=1_700_000_000_000, version="v1")
REFUSED = SaveState(StorageState.REFUSED, code="storage_full", reason="The storage is full.")
NOTICE = Notice("conflict", "Somebody else changed the file.", {"conflict_id": "c1"})

WIRE: list[tuple[bytes, bytes, Message]] = [
    (messages.encode_sync_step1(b"\x00"), b"\x00\x00\x01\x00", SyncStep1(b"\x00")),
    (messages.encode_sync_step2(b"\x00\x00"), b"\x00\x01\x02\x00\x00", SyncStep2(b"\x00\x00")),
    (messages.encode_update(b"\x00\x00"), b"\x00\x02\x02\x00\x00", Update(b"\x00\x00")),
    (
        messages.encode_awareness([AwarenessEntry(5, 2, "{}"), AwarenessEntry(6, 3, None)]),
        b"\x01\x0d\x02\x05\x02\x02{}\x06\x03\x04null",
        Awareness((AwarenessEntry(5, 2, "{}"), AwarenessEntry(6, 3, None))),
    ),
    (messages.encode_auth_denied("no"), b"\x02\x00\x02no", AuthDenied("no")),
    (messages.encode_query_awareness(), b"\x03", QueryAwareness()),
    (
        messages.encode_hello(HELLO),
        b"\x70"
        + encode_var_string(
            '{"history_id":"h1","role":"editor","kind":"text",'
            '"user":{"id":"u1","name":"Änne","color":"#112233","color_dark":"#aabbcc"},"facts":{"path":"a.md","size":3}}'
        ),
        HELLO,
    ),
    (messages.encode_acknowledgement(300), b"\x71\xac\x02", Acknowledgement(300)),
    (
        messages.encode_save_state(SAVED),
        b"\x72"
        + encode_var_string(
            '{"state":"stored","covers":7,"stored_at_ms":1700000000000,"version":"v1","code":null,"reason":null}'
        ),
        SAVED,
    ),
    (
        messages.encode_notice(NOTICE),
        b"\x73" + encode_var_string('{"conflict_id":"c1","code":"conflict","text":"Somebody else changed the file."}'),
        NOTICE,
    ),
    (
        messages.encode_stateless(encode_var_string("hello")),
        b"\x74" + encode_var_string("hello"),
        messages.Stateless("hello"),
    ),
]


@pytest.mark.parametrize(("encoded", "wire", "message"), WIRE, ids=lambda value: type(value).__name__)
def test_each_message_has_its_layout(encoded: bytes, wire: bytes, message: Message) -> None:
    assert encoded == wire
    assert decode_message(wire, LIMITS) == message


@pytest.mark.parametrize("wire", [wire for _, wire, _ in WIRE])
def test_truncated_or_longer_messages_are_malformed(wire: bytes) -> None:
    for end in range(len(wire)):
        with pytest.raises(MalformedMessage):
            decode_message(wire[:end], LIMITS)
    with pytest.raises(MalformedMessage):
        decode_message(wire + b"\x00", LIMITS)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"\x00\x03\x00", id="unknown sync message"),
        pytest.param(b"\x02\x01\x00", id="unknown auth message"),
        pytest.param(b"\x00\x07\x00", id="another unknown sync message"),
        pytest.param(b"\x00\x00\x02\x01\x01", id="state vector ends early"),
        pytest.param(b"\x01\x05\x01\x05\x02\x02{", id="awareness ends early"),
        pytest.param(b"\x01\x07\x01\x05\x02\x02{}!", id="bytes behind the entries"),
        pytest.param(b"\x01\x03\x02\x05\x02", id="more entries than bytes"),
        pytest.param(b"\x01\x05\x01\x05\x02\x01\xff", id="state is not UTF-8"),
        pytest.param(b"\x01\x0a\x01\x05\xff\xff\xff\xff\x1f\x02{}", id="awareness clock of 33 bits"),
        pytest.param(b"\x73" + encode_var_string("[]"), id="payload is not an object"),
        pytest.param(b"\x73" + encode_var_string('{"code":"x"}'), id="notice without text"),
        pytest.param(b"\x72" + encode_var_string('{"state":"lost","covers":0}'), id="unknown storage state"),
        pytest.param(b"\x72" + encode_var_string('{"state":"stored","covers":true}'), id="covers is no number"),
        pytest.param(b"\x72" + encode_var_string('{"state":"stored","covers":1,"code":5}'), id="code is no string"),
        pytest.param(
            b"\x70" + encode_var_string('{"history_id":"h","role":"editor","kind":"text","user":[],"facts":{}}'),
            id="user is no object",
        ),
    ],
)
def test_malformed_messages_are_refused(wire: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_message(wire, LIMITS)


def test_save_state_fields_that_are_absent_are_none() -> None:
    assert SaveState.from_json({"state": "none", "covers": 0}) == SaveState(StorageState.NONE)
    assert SaveState.from_json(REFUSED.to_json()) == REFUSED


@pytest.mark.parametrize("wire", [b"\x04", b"\x05\x00", b"\x6f", b"\x75"])
def test_unknown_types_have_an_error_of_their_own(wire: bytes) -> None:
    with pytest.raises(UnknownMessage):
        decode_message(wire, LIMITS)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_malformed(wire: bytes) -> None:
    try:
        decode_message(wire, LIMITS)
    except MalformedMessage as error:
        assert error.public
