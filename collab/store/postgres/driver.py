"""Owns how PostgreSQL is reached: asyncpg behind a small protocol, its parameters, and what its errors mean.

The only module that imports asyncpg. A password comes from the address, the environment or a file, and is in no text
of an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from collab.config import StoreConfig, mask_address
from collab.errors import ConfigError

Row = Any  # what a column holds is known to the statement, not to the type checker

ERRORS: tuple[type[Exception], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    asyncio.IncompleteReadError,
)
"""What calls on a connection raise when the database refuses or is away."""
RETRIED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Nothing happened, and the same again will work."""
_OLDEST = 130_000


class Connection(Protocol):
    """What we use of a connection."""

    async def execute(self, query: str, *arguments: object) -> str: ...

    async def executemany(self, command: str, arguments: Sequence[Sequence[object]]) -> None: ...

    async def fetch(self, query: str, *arguments: object) -> Sequence[Row]: ...

    async def fetchrow(self, query: str, *arguments: object) -> Row | None: ...

    async def fetchval(self, query: str, *arguments: object) -> Any: ...

    def transaction(
        self, *, isolation: str | None = None, readonly: bool = False
    ) -> AbstractAsyncContextManager[Any]: ...

    def get_server_pid(self) -> int: ...

    def is_closed(self) -> bool: ...

    def terminate(self) -> None: ...


class ConnectionPool(Protocol):
    """What we use of a pool."""

    async def acquire(self, *, timeout: float) -> Connection: ...

    async def release(self, connection: Connection) -> None: ...

    async def close(self) -> None: ...

    def terminate(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Target:
    """Which database, and how."""

    address: str
    password: str | None
    schema: str
    timeout_s: float
    connections: int

    @classmethod
    def of(cls, config: StoreConfig) -> Target:
        """Raises: ConfigError."""
        if config.database is None:
            raise ConfigError("No database is named.")
        return cls(
            config.database,
            password_of(config),
            config.database_schema,
            config.database_timeout_s,
            config.database_connections,
        )


def password_of(config: StoreConfig) -> str | None:
    """The password from the file or the setting; None: it is in the address or elsewhere. Raises: ConfigError."""
    path: Path | None = config.database_password_file
    if path is None:
        return config.database_password
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(f"The file with the database's password, {path}, cannot be read ({reason}).") from None


async def open_pool(target: Target) -> ConnectionPool:
    """Raises: ERRORS, ConfigError (the address makes no sense)."""
    try:
        pool: ConnectionPool = await asyncpg.create_pool(
            target.address,
            min_size=0,
            max_size=target.connections,
            max_inactive_connection_lifetime=300.0,
            init=_prepare,
            reset=_keep,
            **_options(target),
        )
    except (ValueError, asyncpg.ClientConfigurationError) as error:
        raise ConfigError(f"The database's address cannot be used: {without_password(str(error), target)}") from None
    return pool


async def connect(target: Target) -> Connection:
    """One connection outside of the pool. Raises: as `open_pool`."""
    try:
        connection: Connection = await asyncpg.connect(target.address, **_options(target))
    except (ValueError, asyncpg.ClientConfigurationError) as error:
        raise ConfigError(f"The database's address cannot be used: {without_password(str(error), target)}") from None
    await _prepare(connection)
    return connection


def _options(target: Target) -> dict[str, Any]:
    limit_ms = str(max(1, round(target.timeout_s * 1000)))
    options: dict[str, Any] = {
        "timeout": target.timeout_s,
        "server_settings": {
            "application_name": "livefolder",
            "search_path": '"' + target.schema.replace('"', '""') + '"',
            "statement_timeout": limit_ms,
            "lock_timeout": limit_ms,
            "idle_in_transaction_session_timeout": limit_ms,
        },
    }
    if target.password is not None:
        options["password"] = target.password
    return options


async def _prepare(connection: Connection) -> None:
    """What is committed is on the disk, whatever the server's default is."""
    await connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
    )


async def _keep(connection: Connection) -> None:
    """Nothing that we set outlives its transaction, so a connection needs no cleaning between calls."""


async def check_server(connection: Connection) -> None:
    """Raises: ConfigError (too old, cannot be written)."""
    version, recovering, encoding = await connection.fetchrow(
        "SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), current_setting('server_encoding')"
    ) or (0, False, "")
    if version < _OLDEST:
        raise ConfigError("The database is too old: PostgreSQL 13 or newer is needed.")
    if recovering:
        raise ConfigError("The database is a standby that cannot be written; name the primary.")
    if encoding != "UTF8":
        raise ConfigError(f"The database's encoding is {encoding}; make one with ENCODING 'UTF8'.")


def without_password(text: str, target: Target) -> str:
    """An error's text that may be logged."""
    shown = text.replace(target.address, mask_address(target.address))
    for secret in filter(None, (target.password, _password_in(target.address))):
        shown = shown.replace(secret, "***")
    return shown


def _password_in(address: str) -> str | None:
    """The password in an address, as it stands there."""
    masked = mask_address(address)
    before = masked.partition("*")[0]
    behind = masked[len(before) :].lstrip("*")
    return None if masked == address else address[len(before) : len(address) - len(behind)] or None


def concerns_one_call(error: Exception) -> bool:
    """The values of one call were refused; others of its transaction may go on."""
    return isinstance(error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError)


def is_away(error: Exception) -> bool:
    """Whether the connection is of no use any more, so that it is not known what became of a commit."""
    if isinstance(error, asyncpg.PostgresConnectionError | asyncpg.OperatorInterventionError):
        return True
    return not isinstance(error, asyncpg.PostgresError)


def plain_text(text: str) -> str:
    """PostgreSQL has no text with a zero character."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
