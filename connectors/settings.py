"""Owns the way from plain values to a connector's frozen settings; opens nothing."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from connectors.errors import InvalidPath

Plain: TypeAlias = str | int | float | bool
Settings = TypeVar("Settings")

_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def build_settings(kind: type[Settings], values: Mapping[str, object]) -> Settings:
    """Settings of a kind from plain values; texts become what the field is. Raises: InvalidPath (says why)."""
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]  # a dataclass, by contract
    hints = typing.get_type_hints(kind)
    built: dict[str, object] = {}
    for name, value in values.items():
        if name not in known:
            public = ", ".join(sorted(known))
            raise InvalidPath(f"it has no setting {name} (there are: {public})")
        built[name] = _as_kind(name, hints[name], value)
    for name, item in known.items():
        if name not in built and item.default is MISSING and item.default_factory is MISSING:
            raise InvalidPath(f"the setting {name} is missing")
    return kind(**built)


def _as_kind(name: str, kind: Any, value: object) -> object:
    if isinstance(kind, types.UnionType):
        kind = next(part for part in kind.__args__ if part is not type(None))
    try:
        return _convert(kind, value)
    except (ValueError, TypeError):
        raise InvalidPath(f"the setting {name} has an impossible value") from None


def _convert(kind: Any, value: object) -> object:
    if kind is bool:
        return value if isinstance(value, bool) else _WORDS.get(str(value).lower()) or _false(value)
    if kind is Path:
        return Path(str(value)).expanduser()
    if kind in (int, float, str) and not isinstance(value, bool):
        return kind(value)
    raise ValueError(kind)


def _false(value: object) -> bool:
    if str(value).lower() not in _WORDS:
        raise ValueError(value)
    return False
