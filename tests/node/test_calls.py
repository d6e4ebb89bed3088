"""What workers ask each other survives the way there; anything else is refused."""

from __future__ import annotations

import json

import pytest

from collab.errors import CloseCode, CollabError, LimitExceeded, MalformedMessage, NotFound, RoomElsewhere
from collab.node import calls
from collab.node.calls import dump_call, dump_error, load_call, load_error
from collab.node.operator_calls import Kick, Kicked, ListConnections, ListRooms, Unload, Unloaded
from collab.node.plain import from_plain, to_plain
from collab.protocol.payloads import SaveState, StorageState
from collab.protocol.roles import Identity
from collab.rooms.absorb import Absorption
from collab.rooms.opened import LiveDocument, OpenedDocument
from collab.rooms.rebase import Outcome, Rebased
from collab.rooms.roll import ConnectionList, ConnectionStatus, RoomList, RoomStatus
from collab.store.base import DocumentId, HistoryId, Point, PointName
from connectors.base import Credentials

DOCUMENT = DocumentId("d1")
ANNA = Identity("anna", "Anna", "#336699")
QUESTIONS: list[calls.Call] = [
    calls.Open("docs", "a/ü.md", Credentials("anna", "Anna", "secret")),
    calls.OpenScratch("room", "ann"),
    calls.HandOverEdits(DOCUMENT, HistoryId("h"), ANNA, Credentials("anna", "Anna")),
    calls.NameNow(DOCUMENT, "before the talk", ANNA),
    calls.Rebase(DOCUMENT),
    calls.SaveNow(DOCUMENT),
    calls.Restore(DOCUMENT),
    calls.UndoOutside(DOCUMENT, 7, ANNA),
    calls.ContentNow(DOCUMENT),
    calls.Live(),
    calls.Moved("docs", "a", "b"),
    calls.Changed("docs", "a"),
    calls.Revoked("jti:1"),
    calls.Drain(),
    calls.AskReady(),
    calls.Measure(),
    ListRooms(),
    ListConnections(DOCUMENT, None),
    Kick("anna", None, None),
    Kick(None, "worker-1", 7),
    Unload(DOCUMENT),
]
ANSWERS: list[object] = [
    OpenedDocument(DOCUMENT, "docs", "a.md", "text", "markdown", {"eol": "lf"}, HistoryId("h"), writable=True),
    OpenedDocument(DOCUMENT, None, "room", "scratch", "text", {}, HistoryId("h"), writable=True, deleted=True),
    SaveState(StorageState.REFUSED, 3, 17, "v1", "storage_full", "The storage is full."),
    calls.LiveDocuments((LiveDocument(DOCUMENT, "docs", "a.md", "markdown", (Identity("anna", "Anna", "#336699"),)),)),
    calls.Families((calls.Family("x", "counter", "X", (calls.Sample("x_total", {"a": "b"}, 1.5),)),)),
    calls.Ready(journal=True, draining=False),
    calls.Absorbed(None),
    calls.Absorbed(Absorption()),
    Point(HistoryId("h"), 7, 1_700_000_000_000, PointName("before the talk", "anna", "Anna", 1_700_000_000_001)),
    Rebased(Outcome.REBASED, 3, 1),
    RoomList((RoomStatus(DOCUMENT, None, "room", "text", "active", "none", 1, 2, False, 0, 3),), truncated=True),
    ConnectionList(
        (ConnectionStatus(7, DOCUMENT, "docs", "a.md", "anna", "Anna", "editor", "jupyter", 1_700_000_000_000, None),),
        truncated=False,
    ),
    Kicked(2),
    Unloaded(done=True),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: type(question).__name__)
def test_a_question_arrives_as_it_was_asked(question: calls.Call) -> None:
    assert load_call(json.loads(json.dumps(dump_call(question)))) == question


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_an_answer_arrives_as_it_was_given(answer: object) -> None:
    assert from_plain(type(answer), json.loads(json.dumps(to_plain(answer)))) == answer


@pytest.mark.parametrize(
    "error",
    [NotFound("no document x", public="There is none."), RoomElsewhere("x"), LimitExceeded("rooms")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_arrives_as_it_was_raised(error: CollabError) -> None:
    arrived = load_error(json.loads(json.dumps(dump_error(error))))

    assert type(arrived) is type(error)
    assert (str(arrived), arrived.public, arrived.http_status) == (str(error), error.public, error.http_status)
    assert arrived.close_code == error.close_code
    assert isinstance(arrived.close_code, CloseCode)
    assert getattr(arrived, "limit", None) == getattr(error, "limit", None)


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"ask": "Shutdown", "with": {}},
        {"ask": "Open"},
        {"ask": "Open", "with": []},
        {"ask": "Open", "with": {"root": "docs", "path": "a"}},
        {"ask": "Open", "with": {"root": "docs", "path": 7, "credentials": {}}},
        {"ask": "SaveNow", "with": {"document_id": None}},
        {"ask": "Live", "with": {"extra": 1}},
        {"ask": ["Open"], "with": {}},
    ],
)
def test_what_is_no_question_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(MalformedMessage):
        load_call(plain)
