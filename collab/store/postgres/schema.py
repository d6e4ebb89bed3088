"""Owns the tables of the PostgreSQL store and how an older database becomes a current one; knows no row.

A version is a list of statements. One that was released is never changed again: what comes later is a new version.
Of several nodes that start at once one migrates, under an advisory lock, and the others wait. A version says from
which version of the server on it can be used: an older server that meets a newer schema says so and does not start.
"""

from __future__ import annotations

from collab.errors import ConfigError
from collab.store.postgres.driver import Connection

MIGRATION_LOCK = 0x6C697665_0001
MAINTENANCE_LOCK = 0x6C697665_0002
"""Advisory locks; the numbers are ours alone in a database that is ours alone."""

_REGISTRY = (
    """
    CREATE TABLE documents (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        document_id text NOT NULL UNIQUE,
        door text NOT NULL,
        external_id text NOT NULL,
        kind text,
        history bigint,
        lock_id text,
        created_ms bigint NOT NULL,
        seen_ms bigint NOT NULL,
        base_version text,
        base_hash text,
        base_seq bigint,
        base_state_vector bytea,
        base_at_ms bigint,
        UNIQUE (door, external_id)
    )
    """,
    """
    CREATE TABLE leases (
        document bigint PRIMARY KEY REFERENCES documents ON DELETE CASCADE,
        owner text NOT NULL,
        epoch bigint NOT NULL,
        until timestamptz NOT NULL
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE contents (
        content_hash text PRIMARY KEY,
        unused boolean NOT NULL DEFAULT false,
        content bytea NOT NULL
    )
    """,
    """
    CREATE TABLE intents (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        document bigint NOT NULL REFERENCES documents ON DELETE CASCADE,
        content_hash text NOT NULL,
        seq bigint NOT NULL,
        state_vector bytea NOT NULL,
        if_version text,
        base_hash text,
        at_ms bigint NOT NULL
    )
    """,
    "CREATE INDEX intents_document ON intents (document)",
    """
    CREATE TABLE shares (
        share_id text PRIMARY KEY,
        document text NOT NULL,
        secret_digest text NOT NULL UNIQUE,
        role text NOT NULL,
        created_by text NOT NULL,
        created_ms bigint NOT NULL,
        expires_ms bigint,
        revoked_ms bigint
    )
    """,
    "CREATE INDEX shares_document ON shares (document)",
    "CREATE TABLE revocations (subject text PRIMARY KEY, expires_ms bigint NOT NULL)",
    "CREATE TABLE keys (name text PRIMARY KEY, value bytea NOT NULL)",
)

_JOURNAL = (
    """
    CREATE TABLE histories (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        history_id text NOT NULL UNIQUE,
        document bigint NOT NULL REFERENCES documents ON DELETE CASCADE,
        created_ms bigint NOT NULL,
        is_current boolean NOT NULL DEFAULT true,
        last_seq bigint NOT NULL DEFAULT 0,
        dropped_seq bigint NOT NULL DEFAULT 0,
        sealed_seq bigint NOT NULL DEFAULT 0,
        retired_seq bigint,
        absorbed_seq bigint,
        retired_vector bytea
    ) WITH (fillfactor = 50)
    """,
    "CREATE UNIQUE INDEX histories_current ON histories (document) WHERE is_current",
    "CREATE INDEX histories_document ON histories (document)",
    """
    CREATE TABLE packs (
        history bigint NOT NULL REFERENCES histories ON DELETE CASCADE,
        first_seq bigint NOT NULL,
        entries integer NOT NULL,
        form smallint NOT NULL,
        checksum bigint NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (history, first_seq)
    )
    """,
    "ALTER TABLE packs ALTER COLUMN body SET STORAGE EXTERNAL",
    """
    CREATE TABLE snapshots (
        history bigint NOT NULL REFERENCES histories ON DELETE CASCADE,
        seq bigint NOT NULL,
        at_ms bigint NOT NULL,
        checksum bigint NOT NULL,
        state bytea NOT NULL,
        PRIMARY KEY (history, seq)
    )
    """,
    "ALTER TABLE snapshots ALTER COLUMN state SET STORAGE EXTERNAL",
    """
    CREATE TABLE points (
        history bigint NOT NULL REFERENCES histories ON DELETE CASCADE,
        seq bigint NOT NULL,
        name text NOT NULL,
        author_id text NOT NULL,
        author_name text NOT NULL,
        named_ms bigint NOT NULL,
        PRIMARY KEY (history, seq)
    )
    """,
    """
    CREATE TABLE authors (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        author_id text NOT NULL,
        name text NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX authors_names ON authors (author_id, name) WHERE author_id <> 'erased'",
    "CREATE TABLE nodes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE)",
    """
    CREATE TABLE history_authors (
        history bigint NOT NULL REFERENCES histories ON DELETE CASCADE,
        author bigint NOT NULL REFERENCES authors,
        PRIMARY KEY (history, author)
    )
    """,
    "CREATE INDEX history_authors_author ON history_authors (author)",
    """
    CREATE TABLE quarantine (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        document text NOT NULL,
        history bigint,
        seq bigint,
        connection bigint NOT NULL,
        content bytea NOT NULL,
        reason text NOT NULL,
        at_ms bigint NOT NULL
    )
    """,
    "CREATE INDEX quarantine_document ON quarantine (document)",
    "CREATE INDEX quarantine_history ON quarantine (history)",
)

_DOORS = (
    "ALTER TABLE documents ADD COLUMN name text",
    """
    CREATE TABLE credentials (
        document text NOT NULL,
        holder text NOT NULL,
        sealed bytea NOT NULL,
        expires_ms bigint NOT NULL,
        kept_ms bigint NOT NULL,
        PRIMARY KEY (document, holder)
    )
    """,
)

MIGRATIONS = ((*_REGISTRY, *_JOURNAL), _DOORS)
VERSION = len(MIGRATIONS)
NEWER = (
    "the database was written by a newer server (schema {found}, this one knows {known}); start that version, or "
    "restore a dump made before the upgrade."
)
FOREIGN = "the schema {schema!r} of the database holds tables of some other program; nothing was done."


async def migrate(connection: Connection, schema: str) -> None:
    """Make the schema, or bring it up to date, all in one transaction. Raises: ConfigError, the driver's errors."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        if not await connection.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = $1", schema):
            await connection.execute(f"CREATE SCHEMA {quoted(schema)}")
        version = await _version(connection, schema)
        if version > VERSION:
            raise ConfigError(NEWER.format(found=version, known=VERSION))
        for number in range(version, VERSION):
            for statement in MIGRATIONS[number]:
                await connection.execute(statement)
        if version < VERSION:
            await connection.execute("DELETE FROM livefolder_schema")
            await connection.execute("INSERT INTO livefolder_schema VALUES ($1)", VERSION)


async def _version(connection: Connection, schema: str) -> int:
    """The version of the schema; 0 for an empty one. Raises: ConfigError (not ours)."""
    tables = [
        row["tablename"]
        for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
    ]
    if "livefolder_schema" in tables:
        return int(await connection.fetchval("SELECT max(version) FROM livefolder_schema") or 0)
    if {"documents", "packs", "keys"} & set(tables):
        raise ConfigError(FOREIGN.format(schema=schema))
    await connection.execute("CREATE TABLE livefolder_schema (version integer NOT NULL)")
    return 0


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'
