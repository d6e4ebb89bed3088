"""What every connector with folders promises, as tests; fixtures as in `conformance`."""

from __future__ import annotations

import asyncio

import pytest

from connectors.base import Connector, EntryKind, Folders
from connectors.errors import FileExists, FileMissing, InvalidPath, NotAFile, TooLarge
from tests.connectors.conformance import ALICE, LIMIT, NAME, OURS, Get, Put, version_of
from tests.patience import PATIENCE_S


class BothContracts(Connector, Folders):
    """A connector that has folders, for the types."""


class ConnectorFolders:
    """The contract for folders."""

    async def test_a_listing_has_what_is_directly_in_a_folder(self, connector: BothContracts, seed: Put) -> None:
        seed("a.txt", b"a")
        seed("folder/b.txt", b"bb")
        seed("folder/inner/c.txt", b"c")

        root = await connector.list("", ALICE, limit=10)
        folder = await connector.list("folder", ALICE, limit=10)

        assert {(stat.path, stat.kind) for stat in root} == {("a.txt", EntryKind.FILE), ("folder", EntryKind.FOLDER)}
        assert {stat.path: stat.size_bytes for stat in folder if stat.kind is EntryKind.FILE} == {"folder/b.txt": 2}

    async def test_a_listing_longer_than_the_limit_is_refused(self, connector: BothContracts, seed: Put) -> None:
        for number in range(4):
            seed(f"{number}.txt", b"")

        assert len(await connector.list("", ALICE, limit=4)) == 4
        with pytest.raises(TooLarge):
            await connector.list("", ALICE, limit=3)

    async def test_only_folders_are_listed(self, connector: BothContracts, seed: Put) -> None:
        seed("a.txt", b"a")

        with pytest.raises(NotAFile):
            await connector.list("a.txt", ALICE, limit=10)
        with pytest.raises(FileMissing):
            await connector.list("missing", ALICE, limit=10)

    async def test_a_folder_is_made_in_an_existing_one(self, connector: BothContracts) -> None:
        made = await connector.create_folder("new", ALICE)
        await connector.write("new/a.txt", b"a", ALICE, if_version=None)

        assert (made.path, made.kind) == ("new", EntryKind.FOLDER)
        with pytest.raises(FileExists):
            await connector.create_folder("new", ALICE)
        with pytest.raises(FileExists):
            await connector.create_folder("new/a.txt", ALICE)
        with pytest.raises(FileExists):
            await connector.create_folder("", ALICE)
        with pytest.raises(FileMissing):
            await connector.create_folder("missing/new", ALICE)

    async def test_a_renamed_file_keeps_its_content(
        self, connector: BothContracts, seed: Put, outside_read: Get
    ) -> None:
        seed("a.txt", b"content")
        await connector.create_folder("folder", ALICE)

        stat = await connector.rename("a.txt", "folder/b.txt", ALICE)

        assert stat.path == "folder/b.txt"
        assert stat.version == await version_of(connector, "folder/b.txt")
        assert outside_read("folder/b.txt") == b"content"
        with pytest.raises(FileMissing):
            await connector.stat("a.txt", ALICE)

    async def test_a_rename_never_replaces(self, connector: BothContracts, seed: Put, outside_read: Get) -> None:
        seed("a.txt", b"a")
        seed("b.txt", b"b")
        await connector.create_folder("empty", ALICE)

        for target in ("b.txt", "empty"):
            with pytest.raises(FileExists):
                await connector.rename("a.txt", target, ALICE)

        assert (outside_read("a.txt"), outside_read("b.txt")) == (b"a", b"b")

    async def test_a_folder_moves_with_all_in_it_but_not_into_itself(
        self, connector: BothContracts, seed: Put, outside_read: Get
    ) -> None:
        seed("folder/inner/a.txt", b"a")

        await connector.rename("folder", "other", ALICE)

        assert outside_read("other/inner/a.txt") == b"a"
        with pytest.raises(InvalidPath):
            await connector.rename("other", "other/inner/deeper", ALICE)
        with pytest.raises(InvalidPath):
            await connector.rename("", "root", ALICE)
        with pytest.raises(InvalidPath):
            await connector.rename("other", "", ALICE)
        with pytest.raises(FileMissing):
            await connector.rename("missing", "there", ALICE)
        with pytest.raises(FileMissing):
            await connector.rename("other", "missing/there", ALICE)

    async def test_a_lock_follows_a_renamed_document(self, connector: BothContracts, seed: Put) -> None:
        seed(NAME, b"old")
        await connector.lock(NAME, OURS, "Alice", ALICE)

        await connector.rename(NAME, "renamed.odt", ALICE)

        await connector.refresh_lock("renamed.odt", OURS, ALICE)
        await connector.write("renamed.odt", b"new", ALICE, if_version=await version_of(connector, "renamed.odt"))

    async def test_a_deleted_file_or_folder_is_gone_with_all_in_it(self, connector: BothContracts, seed: Put) -> None:
        seed("a.txt", b"a")
        seed("folder/inner/b.txt", b"b")

        await connector.delete("a.txt", ALICE)
        await connector.delete("folder", ALICE)

        assert await connector.list("", ALICE, limit=10) == []
        with pytest.raises(FileMissing):
            await connector.delete("a.txt", ALICE)
        with pytest.raises(InvalidPath):
            await connector.delete("", ALICE)

    async def test_a_deleted_file_can_be_made_again(self, connector: BothContracts, seed: Put) -> None:
        seed("a.txt", b"a")
        await connector.delete("a.txt", ALICE)

        await connector.write("a.txt", b"again", ALICE, if_version=None)

        assert (await connector.read("a.txt", ALICE, limit_bytes=LIMIT)).content == b"again"

    async def test_a_watch_ends_when_the_connector_closes(self, connector: BothContracts) -> None:
        async def consume() -> int:
            return len([batch async for batch in connector.watch()])

        watching = asyncio.ensure_future(consume())
        await asyncio.sleep(0)

        await connector.close()

        async with asyncio.timeout(PATIENCE_S):
            assert await watching == 0
        assert [batch async for batch in connector.watch()] == []
