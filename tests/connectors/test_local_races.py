"""An outside writer races our saves: every foreign version is read or handed over, none is lost (R6)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.errors import ConnectorError
from connectors.local import LocalConnector
from tests.connectors.conformance import ALICE, LIMIT
from tests.connectors.outside import put, save_by_rename, save_like_vim
from tests.patience import PATIENCE_S

RACES = 100
PADDING = b"." * 20_000
Save = Callable[[Path, bytes], None]


class OutsideWriter(threading.Thread):
    """Saves one version after the other, the next one when the last was noticed."""

    def __init__(self, path: Path, save: Save) -> None:
        super().__init__()
        self._path = path
        self._save = save
        self._noticed = threading.Semaphore(0)
        self._given_up = threading.Event()

    def run(self) -> None:
        for number in range(RACES):
            self._save(self._path, foreign(number))
            self._noticed.acquire()
            if self._given_up.is_set():
                return

    def next_version(self) -> None:
        self._noticed.release()

    def give_up(self) -> None:
        self._given_up.set()
        self._noticed.release()
        self.join()


def foreign(number: int) -> bytes:
    return b"theirs %d" % number + PADDING


@pytest.mark.parametrize("save", [put, save_by_rename, save_like_vim])
async def test_no_version_of_an_outside_writer_is_lost(local: LocalConnector, root: Path, save: Save) -> None:
    path = root / "a.txt"
    put(path, b"ours 0" + PADDING)
    writer = OutsideWriter(path, save)

    writer.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            noticed = await race(local, writer)
    finally:
        writer.give_up()

    assert noticed == RACES


async def race(local: LocalConnector, writer: OutsideWriter) -> int:
    """Read and save until every foreign version was read or handed over; returns how many were."""
    noticed = 0
    turn = 0
    while noticed < RACES:
        turn += 1
        seen = await read_and_save(local, b"ours %d" % turn + PADDING)
        assert all(content.endswith(PADDING) for content in seen), "half a version was taken"
        if foreign(noticed) in seen:
            noticed += 1
            writer.next_version()
    return noticed


async def read_and_save(local: LocalConnector, content: bytes) -> list[bytes]:
    """One round; returns what was found in the storage."""
    seen: list[bytes] = []
    try:
        read = await local.read("a.txt", ALICE, limit_bytes=LIMIT)
        seen.append(read.content)
        result = await local.write("a.txt", content, ALICE, if_version=read.version)
    except ConnectorError:
        return seen
    return seen if result.displaced is None else [*seen, result.displaced]
