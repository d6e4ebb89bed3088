"""Owns a look at a database from outside, for the doctor: changes nothing, makes nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from collab.config import StoreConfig
from collab.errors import JournalError
from collab.store.postgres.driver import ERRORS, Target, check_server, connect, without_password

_ROUNDS = 9
_QUESTION = """
    SELECT current_setting('server_version'),
           current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on',
           current_setting('max_connections')::int, (SELECT count(*) FROM pg_stat_activity)::int,
           extract(epoch FROM clock_timestamp())::float8,
           to_regnamespace(quote_ident($1)) IS NOT NULL OR has_database_privilege(current_database(), 'CREATE')
"""


@dataclass(frozen=True, slots=True)
class Examined:
    """What was seen."""

    version: str
    durable: bool
    """A power failure takes nothing that was committed."""
    max_connections: int
    connections: int
    ahead_s: float
    """How far its clock is ahead of ours."""
    usable: bool
    """Our schema is there or can be made."""
    round_ms: float


async def examine(config: StoreConfig) -> Examined:
    """Raises: ConfigError, JournalError."""
    target = Target.of(config)
    try:
        async with asyncio.timeout(target.timeout_s):
            connection = await connect(target)
            try:
                await check_server(connection)
                row = await connection.fetchrow(_QUESTION, target.schema)
                ahead_s = 0.0 if row is None else float(row[5]) - time.time()
                times = []
                for _ in range(_ROUNDS):
                    began = time.perf_counter()
                    await connection.fetchval("SELECT 1")
                    times.append((time.perf_counter() - began) * 1000)
            finally:
                connection.terminate()
    except ERRORS as error:
        text = f"no answer in {target.timeout_s:g} s" if isinstance(error, TimeoutError) else str(error)
        raise JournalError(without_password(text, target)) from None
    if row is None:
        raise JournalError("it says nothing about itself")
    return Examined(row[0], row[1] and row[2], row[3], row[4], ahead_s, row[6], sorted(times)[_ROUNDS // 2])
