"""Answers to sync step 1 are made once for all who join, and never older than the document."""

from __future__ import annotations

import pytest

from collab.document import Document, Splice
from collab.limits import Limits
from collab.protocol.messages import SyncStep2, decode_message
from collab.protocol.update import check_update
from collab.rooms.answers import Answers
from collab.rooms.live import LiveDocument
from collab.store.base import DocumentId
from tests.simulation.wire import messages_of
from tests.simulation.world import RecordedSlot

LIMITS = Limits()


def typed(text: str, client_id: int = 5, document: Document | None = None) -> bytes:
    """The update of somebody who types at the front."""
    document = document or Document(client_id)
    return document.changed_by(lambda: document.edit_text([Splice(0, 0, text)]))


def live_document(*updates: bytes) -> LiveDocument:
    live = LiveDocument(DocumentId("d1"), Document(1), RecordedSlot(), LIMITS)
    for update in updates:
        take(live, update)
    return live


def take(live: LiveDocument, update: bytes) -> None:
    live.take(check_update(update, live.clocks(), LIMITS), 1, in_sync=False)


def text_of(frame: bytes, *before: bytes) -> str:
    """What a client reads that got this answer, on top of what it has."""
    (message,) = (decode_message(payload, LIMITS) for payload in messages_of(frame))
    assert isinstance(message, SyncStep2)
    return Document.from_updates([*before, message.update]).text()


@pytest.mark.parametrize("known", [None, b"\x00"], ids=["never said", "has nothing"])
def test_all_who_have_nothing_get_the_very_same_bytes(known: bytes | None) -> None:
    live = live_document(typed("hello"))
    answers = Answers(live, LIMITS)

    first, vector = answers.answer(known)
    second, _ = answers.answer(b"\x00")

    assert first is second
    assert (text_of(first), vector) == ("hello", live.document.state_vector())


def test_who_has_everything_gets_the_deletions_only() -> None:
    author = Document(5)
    written = typed("hello", document=author)
    deleted = author.changed_by(lambda: author.edit_text([Splice(0, 2, "")]))
    answers = Answers(live_document(written, deleted), LIMITS)

    first, _ = answers.answer(author.state_vector())
    second, _ = answers.answer(author.state_vector())

    assert first is second
    assert text_of(first, written) == "llo"


def test_the_order_of_clients_in_a_state_vector_means_nothing() -> None:
    live = live_document(typed("one", 5), typed("two", 6))
    answers = Answers(live, LIMITS)
    client_5, client_6 = b"\x05\x03", b"\x06\x03"

    assert answers.answer(b"\x02" + client_5 + client_6)[0] is answers.answer(b"\x02" + client_6 + client_5)[0]


def test_who_lacks_a_part_gets_that_part() -> None:
    author = Document(5)
    first = typed("one ", document=author)
    vector = author.state_vector()
    second = typed("two ", document=author)

    answer, _ = Answers(live_document(first, second), LIMITS).answer(vector)

    assert b"one" not in answer
    assert text_of(answer, first) == "two one "


def test_an_edit_of_anybody_makes_the_answer_new() -> None:
    live = live_document(typed("one", 5))
    answers = Answers(live, LIMITS)
    answers.answer(None)

    take(live, typed("two", 6))
    by_peer = text_of(answers.answer(None)[0])
    live.integrate(live.propose(lambda document: document.edit_text([Splice(0, 0, "mine ")]))[1])
    by_server = text_of(answers.answer(None)[0])
    live.replace(Document.from_updates([typed("rebuilt")]))
    rebuilt = text_of(answers.answer(None)[0])

    assert sorted(by_peer) == sorted("onetwo")
    assert by_server.startswith("mine ")
    assert rebuilt == "rebuilt"


def test_what_nobody_asks_for_is_let_go() -> None:
    answers = Answers(live_document(typed("one")), LIMITS)
    first, _ = answers.answer(None)

    answers.sweep()
    still_there, _ = answers.answer(None)
    answers.sweep()
    answers.sweep()
    again, _ = answers.answer(None)

    assert first is still_there and again is not first and again == first
