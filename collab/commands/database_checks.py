"""Owns what the doctor says about a database that holds registry and journal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from collab.commands.findings import Finding, Verdict
from collab.config import StoreConfig
from collab.errors import ConfigError, JournalError
from collab.store.choice import database_of

_SUBJECT = "Database"
_FAR_MS = 10.0
_CLOCKS_APART_S = 5.0


def database_findings(config: StoreConfig) -> Iterator[Finding]:
    """Whether it answers, keeps what it commits, and is near enough."""
    try:
        database_of(config)  # the library is there, and the password can be read
        from collab.store.postgres.examining import examine

        seen = asyncio.run(examine(config))
    except (ConfigError, JournalError) as error:
        yield Finding(Verdict.BAD, _SUBJECT, config.place, str(error))
        return
    yield Finding(Verdict.GOOD, _SUBJECT, f"PostgreSQL {seen.version}, {config.place}")
    if not seen.usable:
        mend = f"Let its user make the schema {config.database_schema}: GRANT CREATE ON DATABASE … TO …"
        yield Finding(Verdict.BAD, _SUBJECT, "the schema is not there and cannot be made", mend)
    if not seen.durable:
        mend = "Set fsync and full_page_writes to on: a power failure would take acknowledged edits."
        yield Finding(Verdict.BAD, _SUBJECT, "does not keep what it commits", mend)
    free = seen.max_connections - seen.connections
    if free < 2 * config.database_connections:
        mend = "Raise max_connections, or lower COLLAB_STORE_DATABASE_CONNECTIONS (of each worker)."
        yield Finding(Verdict.WARNING, _SUBJECT, f"{free} of {seen.max_connections} connections are free", mend)
    if seen.round_ms > _FAR_MS:
        mend = "Put it nearer: every acknowledged edit waits for a few round trips."
        yield Finding(Verdict.WARNING, _SUBJECT, f"{seen.round_ms:.1f} ms away", mend)
    if abs(seen.ahead_s) > _CLOCKS_APART_S:
        mend = "Nothing depends on it but the times that people see; set the clocks by NTP."
        yield Finding(Verdict.WARNING, "Clock", f"{seen.ahead_s:+.0f} s apart from the database's", mend)
