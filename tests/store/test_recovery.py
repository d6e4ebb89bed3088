"""From a stored history to a live document, around updates that the document or the process does not survive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab.document import Document, Splice
from collab.errors import DocumentPoisoned
from collab.slot import Held, Slot
from collab.store.base import DocumentId, HistoryId, JournalEntry, Snapshot
from collab.store.memory import MemoryStore
from collab.store.recovery import ReplayRefused, quarantine_left, rebuild, recover
from tests.store.contract import NOTES, NOW

HISTORY = HistoryId("history")
REFUSED = b"\xff\xff not an update"


class Recorder:
    """A slot that writes down what it held."""

    def __init__(self) -> None:
        self.held: list[int | None] = []
        self.holding = False

    def hold(self, document_id: str, connection: int, seq: int | None, update: bytes) -> None:
        self.held.append(seq)
        self.holding = True

    def clear(self) -> None:
        self.holding = False


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = MemoryStore()
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def slot() -> Recorder:
    return Recorder()


def typed(*words: str) -> list[bytes]:
    """One update for each word, typed one behind the other."""
    document = Document(client_id=1)
    return [
        document.changed_by(lambda word=word: document.edit_text([Splice(len(document.text()), 0, word)]))
        for word in words
    ]


async def journalled(store: MemoryStore, updates: list[bytes]) -> DocumentId:
    document_id = (await store.resolve(NOTES, NOW)).document_id
    await store.create_history(document_id, None, HISTORY, "text", None, None, NOW)
    await store.append(document_id, HISTORY, [JournalEntry(update, "a", "A", NOW, "n", 1) for update in updates])
    return document_id


async def text_of(store: MemoryStore, document_id: DocumentId, slot: Recorder) -> str:
    recovered = await recover(store, document_id, slot, NOW)
    assert recovered is not None
    return recovered.document.text()


async def test_a_history_of_updates_gives_the_text(store: MemoryStore, slot: Recorder) -> None:
    document_id = await journalled(store, typed("one ", "two ", "three"))

    assert await text_of(store, document_id, slot) == "one two three"


async def test_a_snapshot_and_what_is_behind_it_give_the_text(store: MemoryStore, slot: Recorder) -> None:
    updates = typed("one ", "two ", "three")
    document_id = await journalled(store, updates)
    state = Document.from_updates(updates[:2]).diff()

    await store.write_snapshot(document_id, HISTORY, Snapshot(2, state, NOW))

    assert await text_of(store, document_id, slot) == "one two three"
    assert slot.held == [None, 3]


async def test_every_update_is_held_with_its_seq_while_it_is_applied(store: MemoryStore, slot: Recorder) -> None:
    document_id = await journalled(store, typed("one ", "two"))

    await text_of(store, document_id, slot)

    assert slot.held == [1, 2]
    assert not slot.holding


async def test_a_document_without_a_history_recovers_as_none(store: MemoryStore, slot: Recorder) -> None:
    assert await recover(store, DocumentId("nobody"), slot, NOW) is None


async def test_the_client_id_is_the_one_asked_for(store: MemoryStore, slot: Recorder) -> None:
    document_id = await journalled(store, typed("one"))

    recovered = await recover(store, document_id, slot, NOW, client_id=99)

    assert recovered is not None and recovered.document.client_id == 99


async def test_an_update_that_the_document_refuses_is_named(store: MemoryStore, slot: Recorder) -> None:
    document_id = await journalled(store, [*typed("one"), REFUSED])
    history = await store.load(document_id)
    assert history is not None

    with pytest.raises(ReplayRefused) as refused:
        rebuild(document_id, history, slot)

    assert (refused.value.seq, refused.value.is_snapshot) == (2, False)
    assert not slot.holding


async def test_refused_updates_are_quarantined_and_the_rest_is_kept(store: MemoryStore, slot: Recorder) -> None:
    one, two, three = typed("one ", "two ", "three")
    document_id = await journalled(store, [one, REFUSED, two, REFUSED, three])

    text = await text_of(store, document_id, slot)

    assert text == "one two three"
    assert [item.seq for item in await store.quarantined(document_id)] == [2, 4]
    slot.held.clear()
    assert await text_of(store, document_id, slot) == "one two three"
    assert slot.held == [1, 3, 5]


async def test_a_history_of_nothing_but_refused_updates_is_given_up(store: MemoryStore, slot: Recorder) -> None:
    document_id = await journalled(store, [REFUSED] * 150)

    with pytest.raises(DocumentPoisoned):
        await recover(store, document_id, slot, NOW)


async def test_a_refused_snapshot_gives_way_to_the_one_before(store: MemoryStore, slot: Recorder) -> None:
    updates = typed("one ", "two ", "three")
    document_id = await journalled(store, updates)
    await store.write_snapshot(document_id, HISTORY, Snapshot(1, Document.from_updates(updates[:1]).diff(), NOW))
    await store.write_snapshot(document_id, HISTORY, Snapshot(2, REFUSED, NOW))

    assert await text_of(store, document_id, slot) == "one two three"


async def test_a_refused_snapshot_without_another_is_an_error_and_not_an_empty_document(
    store: MemoryStore, slot: Recorder
) -> None:
    document_id = (await store.resolve(NOTES, NOW)).document_id
    await store.create_history(document_id, None, HISTORY, "text", REFUSED, None, NOW)

    with pytest.raises(ReplayRefused):
        await recover(store, document_id, slot, NOW)


async def test_an_update_that_killed_a_worker_in_replay_is_skipped_by_the_next(
    store: MemoryStore, slot: Recorder, tmp_path: Path
) -> None:
    one, two, three = typed("one ", "two ", "three")
    document_id = await journalled(store, [one, two, b"killer", three])
    dying = Slot(tmp_path / "slot", 4096)
    dying.hold(document_id, 0, 3, b"killer")
    held = Slot.read_left(tmp_path / "slot")
    assert held is not None

    await quarantine_left(store, held, NOW)

    assert await text_of(store, document_id, slot) == "one two three"
    assert slot.held == [1, 2, 4]
    (item,) = await store.quarantined(document_id)
    assert (item.seq, item.update) == (3, b"killer")


async def test_a_snapshot_that_killed_a_worker_is_not_applied_again(store: MemoryStore, slot: Recorder) -> None:
    updates = typed("one ", "two ", "three")
    document_id = await journalled(store, updates)
    state = Document.from_updates(updates[:2]).diff()
    await store.write_snapshot(document_id, HISTORY, Snapshot(2, state, NOW))

    await quarantine_left(store, Held(document_id, 0, None, state, "digest"), NOW)

    assert await text_of(store, document_id, slot) == "one two three"
    assert slot.held == [1, 2, 3]
