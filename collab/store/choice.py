"""Owns which store a configuration means: the database that it names, else the file in the data folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from collab.clock import Clock
from collab.config import StoreConfig
from collab.errors import ConfigError
from collab.store.base import Store
from collab.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collab.store.postgres.store import PostgresStore

NOT_INSTALLED = "A database needs a library that is not installed: pip install 'livefolder[cluster]'."


def store_of(config: StoreConfig, data: Path, *, clock: Clock | None = None, shared: bool = False) -> Store:
    """The store of a server or command, not open yet. Raises: ConfigError."""
    if config.database is not None:
        return database_of(config)
    return SqliteStore(data, config, clock=clock, shared=shared)


def database_of(config: StoreConfig) -> PostgresStore:
    """The store in the database. Raises: ConfigError."""
    try:
        from collab.store.postgres.store import PostgresStore
    except ImportError as error:
        if error.name != "asyncpg":
            raise
        raise ConfigError(NOT_INSTALLED) from None
    return PostgresStore(config)
