"""Owns how commands come to the store of a server: which data folder, opened and closed in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from collab.commands.sample import SAMPLE
from collab.config import Config
from collab.errors import ConfigError
from collab.startup import default_data, default_data_of
from collab.store.base import DocumentRecord, Store
from collab.store.choice import store_of
from collab.store.sqlite import SqliteStore, restore


def data_folder(config: Config) -> Path:
    """The data folder of a server. Raises: ConfigError when there is none yet."""
    if config.store.database is not None:
        return Path()  # nothing of what commands ask for is in it
    data = config.store.data
    if data is None:
        data = default_data_of(config.roots[0]) if config.roots else default_data(SAMPLE.absolute().resolve())
    if not data.is_dir():
        raise ConfigError(f"There is no journal in {data}; name the shared folder, or its journal with --data.")
    return data


async def chosen(store: Store, document: str) -> Sequence[DocumentRecord]:
    """The one document of that id or path. Raises: ConfigError."""
    records = [
        record
        for record in await store.documents()
        if document in (record.document_id, record.alias.external_id) and record.history_id is not None
    ]
    if not records:
        raise ConfigError(f"The journal knows no document {document!r}; `collab replay --all` lists them.")
    if len(records) > 1:
        ids = ", ".join(record.document_id for record in records)
        raise ConfigError(f"Several documents have this path; name one by its id: {ids}.")
    return records


@asynccontextmanager
async def copied(config: Config) -> AsyncIterator[Store]:
    """A copy of the store as it is now, for commands that only look; the server may run. Raises: ConfigError."""
    if config.store.database is not None:  # reading takes nothing from a running server there
        async with opened(config) as store:
            yield store
        return
    with TemporaryDirectory(prefix="collab-") as folder:
        copy = Path(folder) / "copy"
        await SqliteStore(data_folder(config), config.store).backup(str(copy))
        data = Path(folder) / "data"
        restore(copy, data)
        copy.unlink(missing_ok=True)
        async with opened(replace(config, store=replace(config.store, data=data))) as store:
            yield store


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Store]:
    """The store, for a command. Raises: ConfigError (in use by a running server, none there)."""
    store = store_of(config.store, data_folder(config))
    await store.open()
    try:
        yield store
    finally:
        await store.close()
