"""Owns how the settings of a storage come together: environment, files with secrets; opens no connection.

A secret setting `password` may also be `password_file` (a file that holds it) or `password_env` (a variable that does).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from collab.config import ROOT_PREFIX, RootConfig, RootSetting, is_secret
from collab.errors import ConfigError

SECRET_FILE_BYTES = 64 * 1024


def storage_root(address: str, environ: Mapping[str, str]) -> RootConfig:
    """The root that the command line names by an address; its settings are `COLLAB_ROOT_…`. Raises: ConfigError."""
    parts = urlsplit(address)
    if "@" in parts.netloc:
        raise ConfigError(
            "The address of a storage must not contain a user or a password, others could read them: "
            f"set {ROOT_PREFIX}USER, and {ROOT_PREFIX}PASSWORD or {ROOT_PREFIX}PASSWORD_FILE."
        )
    settings = tuple(
        (name.removeprefix(ROOT_PREFIX).lower(), value)
        for name, value in environ.items()
        if name.startswith(ROOT_PREFIX)
    )
    return RootConfig(_name_of(address), address=address, settings=settings)


def with_secrets(root: RootConfig, environ: Mapping[str, str]) -> RootConfig:
    """The root with its secrets, read from where they are. Raises: ConfigError."""
    settings: dict[str, RootSetting] = {}
    for name, value in root.settings:
        base, _, source = name.rpartition("_")
        if source == "file" and is_secret(base):
            settings[base] = _from_file(root.name, base, Path(str(value)))
        elif source == "env" and is_secret(base):
            settings[base] = _from_environment(root.name, base, str(value), environ)
        else:
            settings[name] = value
    return RootConfig(root.name, root.path, root.address, tuple(settings.items()))


def _from_file(root: str, setting: str, path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(SECRET_FILE_BYTES + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigError(f"The {setting} of the root {root} cannot be read from {path} ({reason}).") from None
    secret = text.rstrip("\r\n")
    if not secret or len(content) > SECRET_FILE_BYTES:
        raise ConfigError(f"The file {path} does not hold the {setting} of the root {root}.")
    return secret


def _from_environment(root: str, setting: str, variable: str, environ: Mapping[str, str]) -> str:
    if not environ.get(variable):
        raise ConfigError(f"The {setting} of the root {root} is not in the environment: set {variable}.")
    return environ[variable]


def _name_of(address: str) -> str:
    """A name for a storage that was named on the command line: the last part of its address that can be one."""
    parts = urlsplit(address)
    words = [*parts.path.split("/"), parts.hostname or ""]
    shown = ("".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in word) for word in words)
    named = [word.strip("-._")[:64] for word in shown]
    return next((word for word in [*reversed(named[:-1]), named[-1]] if word), "files")
