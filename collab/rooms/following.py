"""Owns what rooms make of changes in a storage: a file that moves takes its document along, others are looked at.

Knows no connection and no load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

import structlog

from collab.rooms.notices import NoticeCode
from collab.rooms.parts import Parts
from collab.rooms.room import Room
from collab.rooms.saver import Saver
from collab.rooms.storage_file import ROOT_DOOR, Root
from collab.store.base import Alias, DocumentId
from connectors.base import Change, ChangeKind, Folders

_log = structlog.get_logger(__name__)


class Following:
    """Follows the storages on behalf of the live rooms of one process.

    Every process of a node sees each change. Each tells its own rooms; the registry is changed by the one that is
    the document's home.
    """

    def __init__(self, parts: Parts, live: Mapping[DocumentId, Room]) -> None:
        self._parts = parts
        self._live = live

    async def moved(self, root: str, old_path: str, new_path: str) -> None:
        """A file or folder was renamed: its documents follow; may be told twice. Raises: JournalError."""
        door = f"{ROOT_DOOR}{root}"
        for record in await self._parts.store.documents(door):
            path = record.alias.external_id
            if _is_within(path, old_path) and self._parts.is_home(record.document_id):
                await self._parts.store.move_alias(record.alias, Alias(door, new_path + path[len(old_path) :]))
        for room, saver in self._in(root):
            path = saver.file.path
            if _is_within(path, old_path):
                saver.file.path = new_path + path[len(old_path) :]
                room.notice(NoticeCode.RENAMED, {"path": saver.file.path})
                saver.check()

    async def alias_moved(self, old: Alias, new: Alias) -> None:
        """A file turned out to stand at another path of its root now. Raises: JournalError."""
        await self._parts.store.move_alias(old, new)
        await self.moved(old.door.removeprefix(ROOT_DOOR), old.external_id, new.external_id)

    def changed(self, root: str, path: str) -> None:
        """A file, or something in a folder, was changed or deleted: the storage's answer decides what it means."""
        for _, saver in self._in(root):
            if path == "" or _is_within(saver.file.path, path):
                saver.check()

    async def watch(self, root: Root, folders: Folders) -> None:
        """Follow what happens in a storage; when watching fails, start again and look at everything once."""
        while True:
            try:
                async for changes in folders.watch():
                    await self._take_changes(root.name, changes)
                return
            except Exception:
                _log.exception("watch_failed", root=root.name)
                self._parts.metrics.count("watch_failures_total")
            await asyncio.sleep(self._parts.save.retry_max_s)
            self.changed(root.name, "")

    async def _take_changes(self, root: str, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.kind is ChangeKind.MOVED and change.new_path is not None:
                await self.moved(root, change.path, change.new_path)
            else:
                self.changed(root, change.path)

    def _in(self, root: str) -> Iterator[tuple[Room, Saver]]:
        for room in tuple(self._live.values()):
            if room.saver is not None and room.saver.file.root.name == root:
                yield room, room.saver


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
