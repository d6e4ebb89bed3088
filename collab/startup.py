"""Owns what is settled before a server starts: checks of the configuration, its data folder, its listening socket.

Every problem is one sentence (`ConfigError`) that says what to change. Knows no store and no web.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import socket
import sys
from dataclasses import replace
from pathlib import Path

from collab.auth.oidc import check_oidc
from collab.auth.open_mode import is_loopback
from collab.auth.origin import Origin
from collab.auth.tokens import check_secret
from collab.config import Config, RootConfig, StoreConfig, mask_address
from collab.errors import ConfigError
from connectors.errors import ConnectorError
from connectors.registry import settings_of

_ROOT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_BACKLOG = 2048
_LONGEST_SCHEMA_BYTES = 63


def settle(config: Config) -> Config:
    """The configuration with its defaults filled in. Raises: ConfigError when a server cannot start with it."""
    check(config)
    roots = tuple(root if root.path is None else replace(root, path=root.path.resolve()) for root in config.roots)
    data = (config.store.data or default_data_of(roots[0])).absolute()
    settled = replace(config, roots=roots, store=replace(config.store, data=data))
    _check_data(settled, data)
    return settled


def check(config: Config) -> None:
    """Raises: ConfigError."""
    if not 0 <= config.server.port <= 0xFFFF:
        raise ConfigError(f"The port must be between 0 and 65535, not {config.server.port}.")
    if not 0 <= config.server.workers <= config.limits.workers:
        raise ConfigError(
            f"The number of workers is from 1 to {config.limits.workers} (or 0: one for each core), "
            f"not {config.server.workers}."
        )
    if not 0 <= config.server.heavy_workers <= config.limits.workers:
        raise ConfigError(
            f"The number of workers for large documents is from 0 to {config.limits.workers}, "
            f"not {config.server.heavy_workers}."
        )
    if config.auth.secret is not None:
        check_secret(config.auth.secret)
    elif not is_loopback(config.server.host):
        raise ConfigError(
            f"Without a secret the server listens on this machine only, not on {config.server.host}: "
            "set COLLAB_SECRET and hand out tokens (`collab token --help`), or leave out --host."
        )
    server = config.server
    for origin in (*server.allowed_origins, *server.jupyter_servers, *filter(None, [server.public_url])):
        if Origin.parse(origin.rstrip("/").lower()) is None:
            raise ConfigError(f"{origin!r} is no origin; write it as https://edit.example.org.")
    if config.log.format not in {"console", "json"}:
        raise ConfigError(f"The log format is console or json, not {config.log.format!r}.")
    if config.log.level.lower() not in {"debug", "info", "warning", "error"}:
        raise ConfigError(f"The log level is debug, info, warning or error, not {config.log.level!r}.")
    _check_doors(config)
    _check_database(config.store)
    if config.redis.url is not None and config.store.database is None:
        raise ConfigError(
            "Redis only carries edits between nodes and keeps none; nodes that do not share a journal would each make "
            "a history of their own. Name the shared database as well: --database postgresql://…."
        )
    presence = config.presence
    if min(presence.frames_per_second, presence.deliveries_per_second, presence.bytes_per_second) <= 0:
        raise ConfigError("The presence settings in messages or bytes per second must be above 0.")
    check_oidc(config)
    _check_roots(config)


def _check_database(store: StoreConfig) -> None:
    if store.database is None:
        if store.database_password is not None or store.database_password_file is not None:
            raise ConfigError("There is a password for a database, and no database: name it with --database.")
        return
    if not store.database.startswith(("postgresql://", "postgres://")):
        raise ConfigError(f"A database is named as postgresql://USER@HOST/NAME, not {mask_address(store.database)!r}.")
    if store.database_connections < 2 or store.database_timeout_s <= 0:
        raise ConfigError("A database needs 2 connections or more, and a time limit above 0.")
    if not 0 < len(store.database_schema.encode()) < _LONGEST_SCHEMA_BYTES:
        raise ConfigError("The name of the database's schema has from 1 to 62 bytes.")


def default_data(folder: Path) -> Path:
    """The journal's place for a folder: in the user's own state directory, so that nothing appears in the folder."""
    return _place_of(folder.name, os.fsencode(folder))


def default_data_of(root: RootConfig) -> Path:
    """The journal's place for a root, wherever that is."""
    if root.path is not None:
        return default_data(root.path.resolve())
    return _place_of(root.name, root.where.encode())


def _place_of(name: str, identity: bytes) -> Path:
    digest = hashlib.sha256(identity).hexdigest()[:10]
    shown = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "folder"
    return _state_directory() / "livefolder" / f"{shown}-{digest}"


def listen(host: str, port: int) -> socket.socket:
    """A bound and listening socket that children may inherit. Raises: ConfigError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or asyncio sets no TCP_NODELAY
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host.strip("[]"), port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(_listen_problem(host, port, error)) from None
    listener.setblocking(False)
    return listener


def address(config: Config, port: int) -> str:
    """The address that people open."""
    if config.server.public_url:
        return config.server.public_url.rstrip("/")
    host = config.server.host
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"


def _listen_problem(host: str, port: int, error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use by another program; choose another one with --port."
    if number == errno.EACCES:
        return f"This user may not listen on port {port}; choose one above 1023 with --port."
    if isinstance(error, socket.gaierror) or number == errno.EADDRNOTAVAIL:
        return f"This machine has no address {host}; choose another one with --host."
    return f"The server cannot listen on {host}, port {port} ({getattr(error, 'strerror', None) or error})."


def _check_roots(config: Config) -> None:
    if not config.roots:
        raise ConfigError("There is no folder to share: name one, as in `collab serve FOLDER`.")
    names = [root.name for root in config.roots]
    if len(set(names)) != len(names):
        raise ConfigError("Two shared folders have the same name; give each [[roots]] its own.")
    for root in config.roots:
        if not _ROOT_NAME.fullmatch(root.name):
            raise ConfigError(f"{root.name!r} cannot be the name of a shared folder; use letters, digits, . _ and -.")
        if root.path is not None:
            check_folder(root.path)
        else:
            check_storage(root)


def check_storage(root: RootConfig) -> None:
    """Raises: ConfigError when the address of a storage, or one of its settings, cannot work; asks nobody."""
    try:
        settings_of(root.where, dict(root.settings))
    except ConnectorError as error:
        raise ConfigError(f"The root {root.name} cannot work: {error}.") from None


def _check_doors(config: Config) -> None:
    """What lets other sites in, or tells them something. Raises: ConfigError."""
    if config.wopi.hosts and config.auth.secret is None:
        raise ConfigError("WOPI hosts need a secret here: set COLLAB_AUTH_SECRET (32 bytes or more).")
    if any(root.name == "wopi" for root in config.roots):
        raise ConfigError("A shared folder cannot be called wopi: that is the name of what WOPI hosts open.")
    if config.webhook.url is not None and not config.webhook.secret:
        raise ConfigError("A webhook is signed: set COLLAB_WEBHOOK_SECRET with COLLAB_WEBHOOK_URL.")


def check_folder(path: Path) -> None:
    """Raises: ConfigError when a folder cannot be shared."""
    try:
        if not path.exists():
            raise ConfigError(f"The folder {path} does not exist.")
        if not path.is_dir():
            raise ConfigError(f"{path} is a file; share the folder that it is in.")
        with os.scandir(path) as entries:
            next(entries, None)
    except OSError as error:
        raise ConfigError(f"The folder {path} cannot be read ({error.strerror}).") from None
    if not os.access(path, os.X_OK | os.R_OK):
        raise ConfigError(f"The folder {path} cannot be read (Permission denied).")


def _check_data(config: Config, data: Path) -> None:
    for root in config.roots:
        if root.path is not None and data.is_relative_to(root.path):
            raise ConfigError(
                f"The data folder {data} lies in the shared folder {root.path}; choose another one with --data."
            )
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (FileExistsError, NotADirectoryError):
        raise ConfigError(f"The data folder {data} cannot be made: a file is in the way.") from None
    except OSError as error:
        raise ConfigError(
            f"The data folder {data} cannot be made ({error.strerror}); choose one with --data."
        ) from None
    if not os.access(data, os.W_OK | os.X_OK):
        raise ConfigError(f"The data folder {data} cannot be written; choose another one with --data.")


def _state_directory() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
