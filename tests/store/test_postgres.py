"""The PostgreSQL store keeps the contract, and what only a store of several nodes has to prove."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab.config import StoreConfig
from collab.store.postgres.store import PostgresStore
from tests.postgres import PostgresServer
from tests.store.cluster_contract import LeaseContract, SettledIntentContract, SinceContract
from tests.store.contract import Reopen, StoreContract


@pytest.fixture
def config(postgres: PostgresServer) -> StoreConfig:
    return postgres.config()


@pytest.fixture
async def store(config: StoreConfig) -> AsyncIterator[PostgresStore]:
    opened = PostgresStore(config)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def reopen(store: PostgresStore) -> Reopen:
    async def again() -> PostgresStore:
        await store.close()
        await store.open()
        return store

    return again


@pytest.fixture
def target(tmp_path: Path) -> str:
    return str(tmp_path / "backup.db")


class TestPostgresStore(StoreContract, SinceContract, SettledIntentContract, LeaseContract):
    pass
