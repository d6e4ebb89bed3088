"""One PostgreSQL server for all store tests of a run; faults get one of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import PostgresServer, new_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = new_server()
    yield server
    server.remove()
