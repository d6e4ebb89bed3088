"""JupyterLab's dialect, without a socket: save requests, sizes, and how an end is told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from collab.errors import CloseCode
from collab.limits import Limits
from collab.protocol.codec import Reader
from collab.protocol.events import Rejected, SaveRequested, UpdateReceived
from collab.protocol.frames import REASON_BYTES
from collab.protocol.jupyter import (
    JupyterCode,
    JupyterSession,
    SaveStatus,
    close_of,
    encode_save_answer,
    encode_save_request,
)
from collab.protocol.messages import encode_update
from collab.protocol.roles import Identity, Role
from collab.protocol.sending import CloseInfo

ANN = Identity("ann", "Ann", "#000000")


def session(role: Role = Role.EDITOR, **limits: object) -> JupyterSession:
    return JupyterSession(role, ANN, replace(Limits(), **limits))  # type: ignore[arg-type]  # tests only


def test_a_save_request_is_an_event_and_its_answer_names_it() -> None:
    assert session().receive(encode_save_request(300), 1.0) == [SaveRequested(300)]

    reader = Reader(encode_save_answer(300, SaveStatus.FAILED))
    assert reader.var_uint() == 2
    assert json.loads(reader.var_string()) == {"type": "save", "responseTo": 300, "status": "failed"}


@pytest.mark.parametrize("data", [b"\x02", b"\x02\x04save", b"\x02\x03foo\x01", b"\x02\x04save\x01\x01", b"\x02\xff"])
def test_a_request_that_means_nothing_ends_no_session(data: bytes) -> None:
    talking = session()

    (event,) = talking.receive(data, 1.0)

    assert isinstance(event, Rejected)
    assert not event.fatal
    assert talking.close_info is None


def test_an_output_above_the_ordinary_size_is_taken_from_those_who_may_write() -> None:
    update = encode_update(b"\x00" * 5_000)

    assert isinstance(session(message_size_bytes=1_000).receive(update, 1.0)[0], UpdateReceived)
    assert isinstance(session(Role.VIEWER, message_size_bytes=1_000).receive(update, 1.0)[0], Rejected)


def test_nothing_but_sync_messages_may_be_large() -> None:
    talking = session(message_size_bytes=1_000)

    assert talking.may_be_large(b"")
    assert talking.may_be_large(b"\x00\x02")
    assert not talking.may_be_large(b"\x01")
    assert isinstance(talking.receive(b"\x02" + b"a" * 2_000, 1.0)[0], Rejected)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (CloseCode.HISTORY_CHANGED, JupyterCode.UNSUPPORTED),
        (CloseCode.FORBIDDEN, JupyterCode.UNSUPPORTED),
        (CloseCode.NOT_FOUND, JupyterCode.NOT_FOUND),
        (CloseCode.MALFORMED, JupyterCode.BAD_REQUEST),
        (CloseCode.UNAUTHENTICATED, CloseCode.TRY_AGAIN_LATER),
        (CloseCode.LIMIT_EXCEEDED, CloseCode.TRY_AGAIN_LATER),
        (CloseCode.SERVICE_RESTART, CloseCode.SERVICE_RESTART),
    ],
)
def test_only_what_can_never_go_on_makes_a_client_discard_its_document(code: CloseCode, said: int) -> None:
    told = close_of(CloseInfo(code, "why"), "h" * 300)

    assert told.code == said
    assert len(told.reason.encode()) <= REASON_BYTES
    if said == JupyterCode.UNSUPPORTED:
        assert json.loads(told.reason)["reloadable"] is (code is CloseCode.HISTORY_CHANGED)
