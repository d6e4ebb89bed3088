"""Owns the tables of the SQLite store and how an older file becomes a current one; knows no row.

A version is a list of statements; a file carries the number of the last one that it has seen. A version that was
released is never changed again: what comes later is a new version.

Packs are keyed by history and first seq in one number, so that they stand in the file in the order they are read.
"""

from __future__ import annotations

from collab.errors import ConfigError
from collab.store.driver import Connection, one

APPLICATION_ID = 0x6C697665
SEQ_BITS = 38
HISTORY_BITS = 25

_REGISTRY_AND_JOURNAL = (
    """
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document_id TEXT NOT NULL UNIQUE,
        door TEXT NOT NULL,
        external_id TEXT NOT NULL,
        kind TEXT,
        history INTEGER,
        lock_id TEXT,
        created_ms INTEGER NOT NULL,
        base_version TEXT,
        base_hash TEXT,
        base_seq INTEGER,
        base_state_vector BLOB,
        base_at_ms INTEGER,
        UNIQUE (door, external_id)
    ) STRICT
    """,
    """
    CREATE TABLE histories (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        history_id TEXT NOT NULL UNIQUE,
        document INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        dropped_seq INTEGER NOT NULL DEFAULT 0,
        sealed_seq INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    "CREATE INDEX histories_document ON histories (document)",
    """
    CREATE TABLE packs (
        id INTEGER PRIMARY KEY,
        entries INTEGER NOT NULL,
        form INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE snapshots (
        id INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        state BLOB NOT NULL
    ) STRICT
    """,
    "CREATE TABLE authors (id INTEGER PRIMARY KEY AUTOINCREMENT, author_id TEXT NOT NULL, name TEXT NOT NULL) STRICT",
    "CREATE INDEX authors_author_id ON authors (author_id)",
    "CREATE TABLE nodes (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT",
    """
    CREATE TABLE history_authors (
        history INTEGER NOT NULL,
        author INTEGER NOT NULL,
        PRIMARY KEY (history, author)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE contents (
        id INTEGER PRIMARY KEY,
        content_hash TEXT NOT NULL UNIQUE,
        unused INTEGER NOT NULL DEFAULT 0,
        content BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE intents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document INTEGER NOT NULL,
        content_hash TEXT NOT NULL,
        seq INTEGER NOT NULL,
        state_vector BLOB NOT NULL,
        if_version TEXT,
        base_hash TEXT,
        at_ms INTEGER NOT NULL
    ) STRICT
    """,
)

_ACCESS_AND_QUARANTINE = (
    """
    CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document TEXT NOT NULL,
        history INTEGER,
        seq INTEGER,
        connection INTEGER NOT NULL,
        content BLOB NOT NULL,
        reason TEXT NOT NULL,
        at_ms INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX quarantine_document ON quarantine (document)",
    """
    CREATE TABLE shares (
        share_id TEXT PRIMARY KEY,
        document TEXT NOT NULL,
        secret_digest TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        created_by TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER,
        revoked_ms INTEGER
    ) STRICT
    """,
    "CREATE INDEX shares_document ON shares (document)",
    "CREATE TABLE revocations (subject TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) STRICT",
    "CREATE TABLE keys (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT",
)

_REBASE_AND_POINTS = (
    # Nobody knows when documents of before were last open: they count as seen at the upgrade.
    "ALTER TABLE documents ADD COLUMN seen_ms INTEGER NOT NULL DEFAULT 0",
    "UPDATE documents SET seen_ms = CAST(strftime('%s', 'now') AS INTEGER) * 1000",
    "ALTER TABLE histories ADD COLUMN retired_seq INTEGER",
    "ALTER TABLE histories ADD COLUMN absorbed_seq INTEGER",
    "ALTER TABLE histories ADD COLUMN retired_vector BLOB",
    """
    CREATE TABLE points (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        author_id TEXT NOT NULL,
        author_name TEXT NOT NULL,
        named_ms INTEGER NOT NULL
    ) STRICT
    """,
)

_DOORS = (
    "ALTER TABLE documents ADD COLUMN name TEXT",
    """
    CREATE TABLE credentials (
        document TEXT NOT NULL,
        holder TEXT NOT NULL,
        sealed BLOB NOT NULL,
        expires_ms INTEGER NOT NULL,
        kept_ms INTEGER NOT NULL,
        PRIMARY KEY (document, holder)
    ) STRICT
    """,
)

MIGRATIONS = (_REGISTRY_AND_JOURNAL, _ACCESS_AND_QUARANTINE, _REBASE_AND_POINTS, _DOORS)
VERSION = len(MIGRATIONS)


def pack_key(history: int, seq: int) -> int:
    """Where a pack or snapshot of that history and seq stands."""
    return history << SEQ_BITS | seq


def pack_seq(key: int) -> int:
    """The seq in a key."""
    return key & (1 << SEQ_BITS) - 1


def pack_history(key: int) -> int:
    """The history in a key."""
    return key >> SEQ_BITS


def prepare(connection: Connection) -> None:
    """Settings that a new file must get before its first table."""
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL").fetchall()


def schema_version(connection: Connection) -> int:
    """The version of the file; 0 for an empty one. Raises: ConfigError (not ours, or of a newer server)."""
    version = (one(connection, "PRAGMA user_version") or (0,))[0]
    application = (one(connection, "PRAGMA application_id") or (0,))[0]
    tables = (one(connection, "SELECT count(*) FROM sqlite_schema") or (0,))[0]
    if tables and application != APPLICATION_ID:
        raise ConfigError("the journal file in the data folder is a database of some other program; nothing was done.")
    if version > VERSION:
        raise ConfigError(
            f"the data folder was written by a newer server (schema {version}, this one knows {VERSION}); "
            "start that version, or restore a backup made before the upgrade."
        )
    return int(version)


def migrate(connection: Connection, upto: int = VERSION) -> None:
    """Bring the file to a version, each step in a transaction of its own. Raises: ConfigError, the driver's errors."""
    for number in range(schema_version(connection), upto):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={number + 1}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
