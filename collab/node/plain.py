"""Owns how typed values cross between workers: frozen dataclasses as JSON and back, checked field by field.

Knows no call and no socket.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from collab.errors import MalformedMessage

_Value = TypeVar("_Value")


def to_plain(value: object) -> object:
    """A value as JSON knows it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[_Value], plain: object) -> _Value:
    """A value of that dataclass. Raises: MalformedMessage."""
    return typing.cast(_Value, _value(kind, plain))


def _value(kind: Any, plain: object) -> object:
    while isinstance(kind, typing.NewType):
        kind = kind.__supertype__
    if is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, plain)
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _either(kind, plain)
    if origin is tuple and isinstance(plain, list):
        return tuple(_value(typing.get_args(kind)[0], item) for item in plain)
    if origin is not None and issubclass(origin, Mapping) and isinstance(plain, dict):
        inner = typing.get_args(kind)[1]
        return {str(key): _value(inner, item) for key, item in plain.items()}
    return _single(kind, plain)


def _record(kind: type, plain: object) -> object:
    hints = _hints(kind)
    if not isinstance(plain, dict) or plain.keys() != hints.keys():
        raise MalformedMessage(f"not a {kind.__name__}")
    return kind(**{name: _value(hint, plain[name]) for name, hint in hints.items()})


def _either(kind: Any, plain: object) -> object:
    options = typing.get_args(kind)
    if plain is None and type(None) in options:
        return None
    return _value(next(option for option in options if option is not type(None)), plain)


def _single(kind: Any, plain: object) -> object:
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(plain)
        except ValueError:
            raise MalformedMessage(f"not a {kind.__name__}") from None
    if kind is float and type(plain) is int:
        return float(plain)
    if kind is object or type(plain) is kind:
        return plain
    raise MalformedMessage(f"{type(plain).__name__} where {kind} was expected")


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    known = typing.get_type_hints(kind)
    return {item.name: known[item.name] for item in fields(kind)}
