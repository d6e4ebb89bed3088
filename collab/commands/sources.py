"""Owns where a setting comes from: default, file, environment, option; makes the one `Config` of a command."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path

from collab.commands.storages import storage_root, with_secrets
from collab.config import Config, RootConfig, holds_password
from collab.configfile import read_config_file
from collab.errors import ConfigError
from connectors.registry import scheme_of

SEEN_BY_ALL = (
    "A password on the command line can be seen by everybody on this machine: leave it out of --database and set "
    "COLLAB_STORE_DATABASE_PASSWORD, or name a file in COLLAB_STORE_DATABASE_PASSWORD_FILE."
)

SEEN_BY_ALL_REDIS = (
    "A password on the command line can be seen by everybody on this machine: leave it out of --redis and set "
    "COLLAB_REDIS_PASSWORD."
)


@dataclass(frozen=True, slots=True)
class Options:
    """What was written on the command line; None: nothing."""

    folder: Path | str | None = None
    """A folder, or the address of a storage."""
    host: str | None = None
    port: int | None = None
    data: Path | None = None
    config: Path | None = None
    workers: int | None = None
    database: str | None = None
    redis: str | None = None


@dataclass(frozen=True, slots=True)
class Sourced:
    """A configuration, and for each setting that is not a default where it comes from."""

    config: Config
    sources: Mapping[str, str]


def gather(options: Options, environ: Mapping[str, str] = os.environ) -> Sourced:
    """Defaults, then the file, then the environment, then the options. Raises: ConfigError."""
    sources: dict[str, str] = {}
    file = options.config or (Path(environ["COLLAB_CONFIG"]) if environ.get("COLLAB_CONFIG") else None)
    config = Config()
    if file is not None:
        config = _note(sources, str(file), config, read_config_file(file, config))
    config = _note(sources, "environment", config, Config.from_env(environ, config))
    config = _note(sources, "option", config, _with_options(config, options, environ))
    config = replace(config, roots=tuple(with_secrets(root, environ) for root in config.roots))
    return Sourced(config, sources)


def _with_options(config: Config, options: Options, environ: Mapping[str, str]) -> Config:
    server = config.server
    if options.host is not None:
        server = replace(server, host=options.host)
    if options.port is not None:
        server = replace(server, port=options.port)
    if options.workers is not None:
        server = replace(server, workers=options.workers)
    store = config.store if options.data is None else replace(config.store, data=options.data)
    if options.database is not None:
        if holds_password(options.database):
            raise ConfigError(SEEN_BY_ALL)
        store = replace(store, database=options.database)
    redis = config.redis
    if options.redis is not None:
        if holds_password(options.redis):
            raise ConfigError(SEEN_BY_ALL_REDIS)
        redis = replace(redis, url=options.redis)
    roots = config.roots if options.folder is None else (named_root(options.folder, environ),)
    return replace(config, server=server, store=store, redis=redis, roots=roots)


def named_root(place: Path | str, environ: Mapping[str, str]) -> RootConfig:
    """The root that the command line names. Raises: ConfigError."""
    if scheme_of(str(place)) != "file":
        return storage_root(str(place), environ)
    folder = Path(place).expanduser().absolute()
    return RootConfig(root_name(folder), folder)


def root_name(folder: Path) -> str:
    """A name for a folder that was named on the command line."""
    name = "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in folder.name)
    return name.strip("-._")[:64] or "files"


def _note(sources: dict[str, str], source: str, before: Config, after: Config) -> Config:
    for section in fields(Config):
        old, new = getattr(before, section.name), getattr(after, section.name)
        if is_dataclass(new):
            for item in fields(new):
                if getattr(old, item.name) != getattr(new, item.name):
                    sources[f"{section.name}.{item.name}"] = source
        elif old != new:
            sources[section.name] = source
    return after


def only_root(config: Config) -> RootConfig:
    """The one folder of a command that works on one. Raises: ConfigError."""
    if len(config.roots) != 1:
        raise ConfigError("Name the folder.")
    return config.roots[0]
