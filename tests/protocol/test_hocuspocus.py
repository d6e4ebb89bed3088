"""The Hocuspocus dialect as bytes: envelopes, tokens, translation both ways, and what hostile bytes do (nothing)."""

from __future__ import annotations

import random

import pytest

from collab.errors import CollabError, LimitExceeded, MalformedMessage
from collab.limits import Limits
from collab.protocol.codec import encode_var_bytes, encode_var_string, encode_var_uint
from collab.protocol.hocuspocus import Envelope, HocuspocusType, Translation, open_envelope, token_of
from collab.protocol.messages import (
    EMPTY_UPDATE,
    StorageState,
    encode_acknowledgement,
    encode_save_state,
    encode_stateless,
    encode_sync_step1,
    encode_update,
)
from collab.protocol.payloads import SaveState
from collab.protocol.roles import Role

LIMITS = Limits()
NAME = encode_var_string("notes")
UPDATE = b"\x01\x01\x07\x00\x04\x01\x06source\x01a\x00"


def sync(update: bytes) -> Envelope:
    return open_envelope(NAME + b"\x00\x02" + encode_var_bytes(update), LIMITS)


def test_an_envelope_names_document_and_session() -> None:
    envelope = open_envelope(encode_var_string("notes\0abc") + b"\x00\x00\x01\x00", LIMITS)

    assert (envelope.address, envelope.document) == ("notes\0abc", "notes")
    assert (envelope.kind, envelope.body) == (HocuspocusType.SYNC, b"\x00\x01\x00")


def test_a_token_with_a_version_behind_it_is_of_a_client_that_understands_pings() -> None:
    old = open_envelope(NAME + b"\x02\x00" + encode_var_string("t"), LIMITS)
    new = open_envelope(NAME + b"\x02\x00" + encode_var_string("t") + encode_var_string("4.8.0"), LIMITS)

    assert (token_of(old).token, token_of(old).pings) == ("t", False)
    assert (token_of(new).token, token_of(new).pings) == ("t", True)


def test_an_answer_to_no_question_is_malformed() -> None:
    with pytest.raises(MalformedMessage):
        token_of(open_envelope(NAME + b"\x02\x02" + encode_var_string("read-write"), LIMITS))


def test_a_name_beyond_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        open_envelope(encode_var_string("n" * 401) + b"\x00", LIMITS)


def test_sync_and_presence_go_inward_without_their_address() -> None:
    translation = Translation("notes", LIMITS)

    assert translation.inward(sync(UPDATE), Role.EDITOR) == encode_update(UPDATE)
    presence = open_envelope(NAME + b"\x01" + encode_var_bytes(b"\x00"), LIMITS)
    assert translation.inward(presence, Role.EDITOR) == b"\x01\x01\x00"
    assert translation.inward(open_envelope(NAME + b"\x03", LIMITS), Role.VIEWER) == b"\x03"
    assert translation.inward(open_envelope(NAME + b"\x06\x00", LIMITS), Role.OWNER) is None


def test_sync_goes_outward_with_the_address() -> None:
    assert Translation("notes", LIMITS).outward(encode_sync_step1(b"\x00")) == [NAME + b"\x00\x00\x01\x00"]


def test_an_acknowledgement_is_a_status_for_each_update_that_it_covers() -> None:
    translation = Translation("notes", LIMITS)
    for _ in range(3):
        translation.inward(sync(UPDATE), Role.EDITOR)

    assert translation.outward(encode_acknowledgement(2)) == [NAME + b"\x08\x01"] * 2
    assert translation.outward(encode_acknowledgement(2)) == []
    assert translation.outward(encode_acknowledgement(3)) == [NAME + b"\x08\x01"]


def test_a_readers_edit_has_a_status_that_says_no_and_an_empty_answer_one_that_says_yes() -> None:
    translation = Translation("notes", LIMITS)
    translation.inward(sync(EMPTY_UPDATE), Role.VIEWER)
    translation.inward(sync(UPDATE), Role.VIEWER)

    assert translation.outward(encode_acknowledgement(2)) == [NAME + b"\x08\x01", NAME + b"\x08\x00"]


def test_what_we_tell_beside_the_document_goes_to_those_who_asked_for_it() -> None:
    state = encode_save_state(SaveState(StorageState.NONE))

    assert Translation("notes", LIMITS).outward(state) == []
    (said,) = Translation("notes", LIMITS, extensions=True).outward(state)
    assert said.startswith(NAME + b"\x05")
    assert b'"livefolder":"save_state"' in said


def test_a_stateless_message_goes_both_ways_as_it_is() -> None:
    translation = Translation("notes", LIMITS)
    said = open_envelope(NAME + b"\x05" + encode_var_string("ping {}"), LIMITS)

    inward = translation.inward(said, Role.VIEWER)

    assert inward == encode_stateless(encode_var_string("ping {}"))
    assert translation.outward(inward) == [NAME + b"\x05" + encode_var_string("ping {}")]


@pytest.mark.parametrize(("role", "scope"), [(Role.OWNER, "read-write"), (Role.VIEWER, "readonly")])
def test_who_is_let_in_hears_the_scope(role: Role, scope: str) -> None:
    assert Translation("notes", LIMITS).admitted(role) == NAME + b"\x02\x02" + encode_var_string(scope)


def test_random_bytes_are_an_envelope_or_an_error_and_never_anything_else() -> None:
    rng = random.Random(7)
    translation = Translation("notes", LIMITS)
    opened = 0
    for _ in range(20_000):
        message = bytes(rng.randrange(256) for _ in range(rng.randrange(12)))
        if rng.random() < 0.5:
            message = NAME + encode_var_uint(rng.randrange(12)) + message
        try:
            envelope = open_envelope(message, LIMITS)
        except CollabError:
            continue
        opened += 1
        translation.inward(envelope, Role.VIEWER)
        if envelope.kind == HocuspocusType.AUTH:
            try:
                token_of(envelope)
            except CollabError:
                continue
    assert opened > 5_000
