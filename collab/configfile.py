"""Owns reading a configuration file (TOML) and the plain form of a `Config` that crosses to a worker.

Knows no environment and no options. Sections and names are those of `Config`; roots are `[[roots]]` with `name`, and
`path` or `address` with the settings of its connector.
"""

from __future__ import annotations

import json
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from collab.config import Config, RootConfig, RootSetting
from collab.errors import ConfigError


def read_config_file(path: Path, base: Config | None = None) -> Config:
    """The configuration in a file. Raises: ConfigError (one sentence that says what to change)."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no configuration file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration file {path} cannot be read ({_reason(error)}).") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The configuration file {path} is not valid TOML: {error}.") from None
    return overlay(base or Config(), content, folder=path.absolute().parent)


def overlay(base: Config, content: Mapping[str, object], folder: Path | None = None) -> Config:
    """`base` with the settings of a mapping on top; relative paths are below `folder`. Raises: ConfigError."""
    sections: dict[str, Any] = {}
    for name, value in content.items():
        if name == "roots":
            sections["roots"] = _roots(value, folder)
        else:
            sections[name] = _section(base, name, value, folder)
    return replace(base, **sections)


def dump_config(config: Config) -> str:
    """The whole configuration in one line of JSON, secrets included: for a pipe, not for people."""
    plain: dict[str, object] = {
        item.name: _plain_section(getattr(config, item.name)) for item in fields(config) if item.name != "roots"
    }
    plain["roots"] = [_plain_root(root) for root in config.roots]
    return json.dumps(plain)


def load_config(text: str) -> Config:
    """The opposite of `dump_config`. Raises: ConfigError."""
    return overlay(Config(), json.loads(text))


def _plain_section(section: Any) -> dict[str, object]:
    values = {item.name: getattr(section, item.name) for item in fields(section)}
    return {
        name: str(value) if isinstance(value, Path) else value for name, value in values.items() if value is not None
    }


def _section(base: Config, name: str, content: object, folder: Path | None) -> object:
    section = getattr(base, name, None)
    if not is_dataclass(section) or isinstance(section, type):
        raise ConfigError(f"The configuration has no section [{name}]; `collab check-config` lists them all.")
    if not isinstance(content, Mapping):
        raise ConfigError(f"The configuration needs a section [{name}], not a value of that name.")
    kinds = typing.get_type_hints(type(section))
    values = {}
    for setting, value in content.items():
        if setting not in kinds:
            raise ConfigError(f"[{name}] has no setting {setting}; `collab check-config` lists them all.")
        values[setting] = _value(f"{name}.{setting}", kinds[setting], value, folder)
    return replace(section, **values)


def _value(name: str, kind: Any, value: object, folder: Path | None) -> object:
    if isinstance(kind, types.UnionType):
        kind = next(part for part in kind.__args__ if part is not type(None))
    if kind is Path and isinstance(value, str):
        return _path(value, folder)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if typing.get_origin(kind) is tuple and isinstance(value, list) and all(isinstance(part, str) for part in value):
        return tuple(value)
    if isinstance(kind, type) and type(value) is kind:
        return value
    raise ConfigError(f"The setting {name} cannot be {value!r}; it is {_kind_name(kind)}.")


def _plain_root(root: RootConfig) -> dict[str, object]:
    place = {"path": str(root.path)} if root.address is None else {"address": root.address}
    return {"name": root.name, **place, **dict(root.settings)}


def _roots(value: object, folder: Path | None) -> tuple[RootConfig, ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ConfigError('Shared folders are written as [[roots]] with name = "…" and path = "…" (or address = "…").')
    return tuple(_root(item, folder) for item in value)


def _root(item: Mapping[str, object], folder: Path | None) -> RootConfig:
    name, path, address = (item.get(key) for key in ("name", "path", "address"))
    if not isinstance(name, str) or not name or (path is None) == (address is None):
        raise ConfigError('Each of the [[roots]] has name = "…", and either path = "…" or address = "…".')
    if path is not None:
        if not isinstance(path, str) or not path or set(item) != {"name", "path"}:
            raise ConfigError('One of the [[roots]] with a path has name = "…" and path = "…" and nothing else.')
        return RootConfig(name, _path(path, folder))
    if not isinstance(address, str) or not address:
        raise ConfigError(f"The address of the root {name} is a text.")
    settings = {key: value for key, value in item.items() if key not in ("name", "address")}
    return RootConfig(name, address=address, settings=_root_settings(name, settings, folder))


def _root_settings(
    name: str, settings: Mapping[str, object], folder: Path | None
) -> tuple[tuple[str, RootSetting], ...]:
    found: list[tuple[str, RootSetting]] = []
    for key, value in settings.items():
        if not isinstance(value, str | int | float | bool):
            raise ConfigError(f"The setting {key} of the root {name} is a text, a number, or true or false.")
        is_file = key.endswith("_file") and isinstance(value, str)
        found.append((key, str(_path(str(value), folder)) if is_file else value))
    return tuple(found)


def _path(text: str, folder: Path | None) -> Path:
    path = Path(text).expanduser()
    return path if folder is None else folder / path


def _kind_name(kind: Any) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}
    return names.get(kind, "a list of texts")


def _reason(error: Exception) -> str:
    return error.strerror or "unreadable" if isinstance(error, OSError) else "not UTF-8"
