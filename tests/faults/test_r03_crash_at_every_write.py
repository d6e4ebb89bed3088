"""R3: the machine stops at any write, sync or truncate of the store, and whatever was not synced is lost, torn or
written in another order. What opens again is a beginning of what was typed, and holds all that was acknowledged."""

from __future__ import annotations

import asyncio
import hashlib
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from collab.config import StoreConfig
from collab.store.base import Alias, DocumentId, HistoryId, JournalEntry, SaveBase, Snapshot, hash_content
from collab.store.sqlite import SqliteStore
from tests.faults.vfs import NOTHING, VARIANTS, ApswDriver, Crashes, Disk, Operation

NOW = 1_700_000_000_000
DAY_MS = 86_400_000
FAST = StoreConfig(commit_delay_ms=0.0)
ALIASES = (Alias("root:home", "a.md"), Alias("root:home", "b.md"))


@dataclass(slots=True)
class Typed:
    """What was handed to the store for one document, and how much of it was acknowledged at which operation."""

    document_id: DocumentId
    history_id: HistoryId
    entries: list[JournalEntry] = field(default_factory=list)
    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    saved: list[tuple[int, str]] = field(default_factory=list)

    def acknowledged_at(self, operation: int) -> int:
        return max((count for at, count in self.acknowledged if at <= operation), default=0)

    def saved_at(self, operation: int) -> str | None:
        return next((version for at, version in reversed(self.saved) if at <= operation), None)


class Script:
    """Two people type, rooms take snapshots and save, the store is maintained."""

    def __init__(self, data: Path, seed: int, appends: int) -> None:
        self.disk = Disk(f"recorded-{seed}-{id(self)}")
        self.typed: list[Typed] = []
        self._data = data
        self._chance = random.Random(seed)
        self._appends = appends
        self._number = 0

    async def run(self) -> None:
        store = SqliteStore(self._data, FAST, driver=ApswDriver(self.disk))
        await store.open()
        for number, alias in enumerate(ALIASES):
            document_id = (await store.resolve(alias, NOW)).document_id
            history_id = HistoryId(f"history {number}")
            await store.create_history(document_id, None, history_id, "text", b"seed", None, NOW)
            self.typed.append(Typed(document_id, history_id, acknowledged=[(len(self.disk.operations), 0)]))
        for step in range(self._appends // 2):
            await asyncio.gather(*(self._append(store, typed) for typed in self.typed))
            await self._what_comes_with_it(store, step)
        await store.close()

    async def _append(self, store: SqliteStore, typed: Typed) -> None:
        for _ in range(self._chance.randint(1, 3)):
            self._number += 1
            content = self._chance.randbytes(self._chance.choice((20, 30, 40, 6000)))
            typed.entries.append(
                JournalEntry(content, f"author {self._number % 3}", "Name", NOW + self._number, "n", 1)
            )
        count = len(typed.entries)
        new = typed.entries[typed.acknowledged[-1][1] : count]
        assert await store.append(typed.document_id, typed.history_id, new) == count
        typed.acknowledged.append((len(self.disk.operations), count))

    async def _what_comes_with_it(self, store: SqliteStore, step: int) -> None:
        typed = self.typed[step % 2]
        if step % 5 == 2:
            seq = len(typed.entries)
            snapshot = Snapshot(seq, b"state %d" % seq * 50, NOW + self._number)
            await store.write_snapshot(typed.document_id, typed.history_id, snapshot)
        if step % 6 == 3:
            await self._save(store, typed)
        if step % 12 == 11:
            await store.maintain(NOW + (2 + step) * DAY_MS)

    async def _save(self, store: SqliteStore, typed: Typed) -> None:
        seq = len(typed.entries)
        content_hash = await store.put_content(b"content %d" % seq)
        intent = await store.open_intent(
            typed.document_id,
            content_hash=content_hash,
            seq=seq,
            state_vector=b"v",
            if_version=None,
            base_hash=None,
            at_ms=NOW,
        )
        base = SaveBase(f"version {seq}", content_hash, seq, b"v", NOW)
        await store.close_intent(typed.document_id, intent.intent_id, base)
        typed.saved.append((len(self.disk.operations), base.version))


class Crashed:
    """A data folder with what a crash left, on a file system without a disk where there is one."""

    def __init__(self) -> None:
        memory = Path("/dev/shm")  # noqa: S108 a private folder is made inside
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.seen: set[bytes] = set()

    async def check(self, script: Script, crashes: Crashes, after: int, variant: str, seed: int) -> None:
        """Open what is left, unless the same files were seen before. Raises: AssertionError."""
        files = crashes.files(after, variant, seed)
        digest = _digest(files)
        if digest in self.seen:
            return
        self.seen.add(digest)
        store = SqliteStore(self._put(files), FAST)
        await store.open()
        try:
            for typed in script.typed:
                await self._check_document(store, typed, after)
        finally:
            await store.close()
        assert not self._moved_aside()

    def _put(self, files: dict[str, bytes]) -> Path:
        data = self.folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        for name, content in files.items():
            (data / name).write_bytes(content)
        return data

    def _moved_aside(self) -> list[Path]:
        return list((self.folder / "data").glob("*.damaged-*"))

    async def _check_document(self, store: SqliteStore, typed: Typed, after: int) -> None:
        if after < typed.acknowledged[0][0]:
            return
        history = await store.load(typed.document_id)
        assert history is not None and history.complete
        log = await store.updates(typed.document_id, typed.history_id, after_seq=0, limit=1_000_000)
        kept = [stored.entry for stored in log]
        assert [stored.seq for stored in log] == list(range(1, len(log) + 1))
        assert kept == typed.entries[: len(kept)]
        assert len(kept) >= typed.acknowledged_at(after)
        assert history.last_seq == len(kept)
        record = await store.document(typed.document_id)
        assert record is not None
        saved = typed.saved_at(after)
        assert saved is None or record.save_base is not None
        if record.save_base is not None:
            assert record.save_base.version in [version for _, version in typed.saved]
            content = await store.content(record.save_base.content_hash)
            assert content is not None and hash_content(content) == record.save_base.content_hash
            assert saved is None or record.save_base.seq >= int(saved.split()[1])

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def crashed() -> Iterator[Crashed]:
    folder = Crashed()
    yield folder
    folder.remove()


async def test_a_crash_at_any_operation_of_fifty_appends_loses_nothing_acknowledged(
    tmp_path: Path, crashed: Crashed
) -> None:
    script = Script(tmp_path / "data", seed=3, appends=50)
    await script.run()
    crashes = Crashes(script.disk.operations)

    # Backwards: of equal files the check is hardest at the latest operation, when most was acknowledged.
    for after in range(len(crashes.operations), -1, -1):
        for variant in VARIANTS:
            await _checked(crashed, script, crashes, after, variant, seed=after)
    assert len(crashed.seen) > len(crashes.operations)


async def test_the_check_notices_an_acknowledgement_that_came_before_the_sync(tmp_path: Path, crashed: Crashed) -> None:
    script = Script(tmp_path / "data", seed=3, appends=20)
    await script.run()
    crashes = Crashes([replace(one, kind="none") if _syncs_log(one) else one for one in script.disk.operations])

    with pytest.raises(AssertionError):
        await crashed.check(script, crashes, len(crashes.operations) * 3 // 4, NOTHING, seed=0)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000))
async def test_a_crash_at_a_random_operation_of_a_random_script(tmp_path: Path, crashed: Crashed, seed: int) -> None:
    script = Script(tmp_path / "data", seed, appends=60)
    await script.run()
    crashes = Crashes(script.disk.operations)
    chance = random.Random(seed)

    for _ in range(100):
        after = chance.randint(0, len(crashes.operations))
        await _checked(crashed, script, crashes, after, chance.choice(VARIANTS), chance.getrandbits(32))


async def _checked(crashed: Crashed, script: Script, crashes: Crashes, after: int, variant: str, seed: int) -> None:
    try:
        await crashed.check(script, crashes, after, variant, seed)
    except AssertionError as error:
        last = crashes.operations[after - 1] if after else "none"
        raise AssertionError(f"crash after operation {after} ({last}), {variant}, seed {seed}: {error}") from error


def _syncs_log(operation: Operation) -> bool:
    return operation.kind == "sync" and operation.name.endswith("-wal")


def _digest(files: dict[str, bytes]) -> bytes:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)} ".encode())
        digest.update(content)
    return digest.digest()
