"""Owns the table from an address to a connector; loads the modules of a kind only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from connectors.base import Connector
from connectors.errors import InvalidPath, Unsupported
from connectors.settings import build_settings


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of storage: `module:function` that opens one, and `module:class` of its settings beside the address."""

    opens: str
    settings: str | None = None


_WEBDAV = Kind("connectors.webdav:open_webdav", "connectors.webdav_settings:WebDavSettings")
_S3 = Kind("connectors.s3:open_s3", "connectors.s3_settings:S3Settings")
_CS3 = Kind("connectors.cs3:open_cs3", "connectors.cs3_settings:Cs3Settings")

KINDS: dict[str, Kind] = {
    "file": Kind("connectors.local:open_folder"),
    "memory": Kind("connectors.memory:open_memory"),
    "webdav+http": _WEBDAV,
    "webdav+https": _WEBDAV,
    "s3": _S3,
    "cs3": _CS3,
}
"""By the scheme of an address. Settings are frozen dataclasses whose first field is `address`."""
HIDDEN_QUERY = "hidden=1"
"""Of a folder's address: names that begin with a dot can be listed and opened."""


def open_connector(address: str | Path, settings: Mapping[str, object] | None = None) -> Connector:
    """The connector for a folder's path, or for an address with a scheme and the settings of its kind.

    Raises: Unsupported (no such scheme, its library is not installed), InvalidPath (a setting cannot be so), and what
    the connector raises when it cannot open its root.
    """
    kind = _kind_of(address)
    opens: Callable[[Any], Connector] = _load(kind.opens)
    if kind.settings is None:
        return opens(str(address))
    return opens(settings_of(str(address), settings or {}))


def settings_of(address: str, settings: Mapping[str, object]) -> object:
    """The checked settings of a storage; nothing is opened. Raises: Unsupported, InvalidPath."""
    kind = _kind_of(address)
    if kind.settings is None:
        if settings:
            raise InvalidPath(f"a {scheme_of(address)} root has no settings")
        return address
    return build_settings(settings_class(scheme_of(address)), {**settings, "address": address})


def settings_class(scheme: str) -> Any:
    """The dataclass of a kind's settings. Raises: Unsupported (its library is not installed)."""
    settings = KINDS[scheme].settings
    if settings is None:
        raise Unsupported(f"{scheme}: has no settings")
    return _load(settings)


def scheme_of(address: str) -> str:
    """The scheme of an address; a plain path has `file`."""
    scheme, separator, _ = address.partition(":")
    is_scheme = bool(separator) and len(scheme) > 1 and scheme.isascii() and scheme.replace("+", "").isalnum()
    return scheme.lower() if is_scheme and not Path(address).exists() else "file"


def _kind_of(address: str | Path) -> Kind:
    scheme = "file" if isinstance(address, Path) else scheme_of(address)
    if scheme not in KINDS:
        raise Unsupported(f"no connector for {scheme}: (known: {', '.join(sorted(KINDS))})")
    return KINDS[scheme]


def _load(target: str) -> Any:
    module, _, name = target.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("connectors"):
            raise
        raise Unsupported(f"it needs the library {error.name}, which is not installed") from None
