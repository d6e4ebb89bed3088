"""R15: an update that kills the process kills one worker once; it is set aside, and the other rooms are back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from collab.store.base import Alias, DocumentId, JournalEntry, QuarantinedUpdate
from collab.store.sqlite import SqliteStore
from tests.clients import ask
from tests.serving import Server

pytestmark = pytest.mark.slow

DEEP = 60_000
POISON = bytes.fromhex("010107000801016101") + b"\x75\x01" * DEEP + b"\x7e\x00"
"""A value so deeply nested that decoding it overflows the native stack; the checker refuses it, a test does not."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("bad.md", "good.md"):
        (folder / name).write_text(f"# {name}\n", encoding="utf-8")
    server = Server(folder, tmp_path / "data")
    yield server
    if server.process is not None:
        server.stop()


def open_document(server: Server, path: str) -> dict[str, str]:
    answer = ask("POST", f"{server.url}/api/v1/documents/open", json={"path": path})
    assert answer.status_code == 200, answer.text
    opened: dict[str, str] = answer.json()
    return opened


async def inject(data: Path) -> DocumentId:
    """Write the poison into the journal of bad.md behind the checker's back."""
    store = SqliteStore(data)
    await store.open()
    try:
        record = await store.resolve(Alias("root:docs", "bad.md"), 0)
        assert record.history_id is not None
        entry = JournalEntry(POISON, "anna", "Anna", 0, "test", 1)
        await store.append(record.document_id, record.history_id, [entry])
        return record.document_id
    finally:
        await store.close()


async def quarantined(data: Path, document_id: DocumentId) -> list[QuarantinedUpdate]:
    store = SqliteStore(data)
    await store.open()
    try:
        return list(await store.quarantined(document_id))
    finally:
        await store.close()


def test_a_poisonous_update_kills_one_worker_once(server: Server) -> None:
    server.start()
    history = open_document(server, "bad.md")["history_id"]
    server.stop()
    document_id = asyncio.run(inject(server.data))
    server.start()
    first_worker = server.workers()[0].pid

    with contextlib.suppress(httpx.HTTPError):
        ask("POST", f"{server.url}/api/v1/documents/open", json={"path": "bad.md"})
    away_s = server.wait_ready()

    assert server.workers()[0].pid != first_worker, "the poison did not kill; the test proves nothing"
    second_worker = server.workers()[0].pid
    assert open_document(server, "good.md")
    assert open_document(server, "bad.md")["history_id"] == history
    assert open_document(server, "bad.md")["document_id"] == document_id
    assert server.workers()[0].pid == second_worker
    assert "update_quarantined" in (server.log.read_text() if server.log else "")
    server.stop()
    [held] = asyncio.run(quarantined(server.data, document_id))
    assert (held.update, held.seq) == (POISON, 1)
    print(f"server answered again after {away_s:.2f} s")
