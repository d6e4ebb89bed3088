"""R14: a polite end stores everything, tells the clients to come back, and loses nothing."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.faults.typist import Typist
from tests.patience import PATIENCE_S
from tests.serving import Server

MARK = re.compile(r"\[\d+:\d+\]")
CLIENTS = 6


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(CLIENTS):
        (folder / f"{number}.md").write_text("", encoding="utf-8")
    server = Server(folder, tmp_path / "data", environ={"COLLAB_SAVE_DEBOUNCE_S": "30", "COLLAB_SAVE_MAX_WAIT_S": "60"})
    yield server.start()
    server.stop()


async def closed_with(typist: Typist) -> int:
    """The code with which a reading client is sent away."""
    socket = typist.socket
    assert socket is not None
    await socket.wait_closed()
    error = ConnectionClosed(socket.protocol.close_rcvd, None)
    assert error.rcvd is not None
    return error.rcvd.code


async def test_a_stop_under_load_stores_all_dirty_documents_and_says_1012(server: Server) -> None:
    typists = [Typist(number, server.url, f"{number}.md", number) for number in range(CLIENTS)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(typist.run(), name=f"typist {typist.number}") for typist in typists]
        async with asyncio.timeout(PATIENCE_S):
            for typist in typists:
                await typist.joined.wait()
        for typist in typists:
            await typist.until(lambda typist=typist: len(typist.acknowledged) > 5)
        codes = [group.create_task(closed_with(typist)) for typist in typists]
        began = time.monotonic()

        status = await asyncio.to_thread(server.stop)

        took_s = time.monotonic() - began
        told = await asyncio.wait_for(asyncio.gather(*codes), PATIENCE_S)
        for task in tasks:
            task.cancel()
    assert status == 0, server.tail()
    assert set(told) == {1012}
    for typist in typists:
        found = Counter(MARK.findall((server.folder / f"{typist.number}.md").read_text(encoding="utf-8")))
        assert typist.acknowledged <= found.keys(), "an acknowledged edit is not in the stored file"
        assert set(found.values()) == {1}
    print(f"stopped in {took_s:.2f} s")
