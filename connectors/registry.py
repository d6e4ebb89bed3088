"""Owns the table from an address to a connector; loads the modules of a kind only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

from connectors.base import Connector
from connectors.errors import InvalidPath, Unsupported

Factory = Callable[[str], Connector]

FACTORIES: dict[str, str] = {
    "file": "connectors.registry:open_folder",
    "memory": "connectors.registry:open_memory",
}
"""Scheme -> `module:function`; the function takes the whole address."""


def open_connector(address: str | Path) -> Connector:
    """The connector for a folder's path, or for an address with a scheme.

    Raises: Unsupported (no such scheme), and what the connector raises when it cannot open its root.
    """
    if isinstance(address, Path):
        return open_folder(str(address))
    scheme = scheme_of(address)
    if scheme not in FACTORIES:
        raise Unsupported(f"no connector for {scheme}: (known: {', '.join(sorted(FACTORIES))})")
    return _load(FACTORIES[scheme])(address)


def scheme_of(address: str) -> str:
    """The scheme of an address; a plain path has `file`."""
    scheme, separator, _ = address.partition(":")
    is_scheme = bool(separator) and len(scheme) > 1 and scheme.isascii() and scheme.replace("+", "").isalnum()
    return scheme.lower() if is_scheme and not Path(address).exists() else "file"


def open_folder(address: str) -> Connector:
    """A folder of this machine, by path or `file:///path`. Raises: InvalidPath, FileMissing, …"""
    from connectors.local import LocalConnector
    from connectors.local_settings import LocalSettings

    return LocalConnector(LocalSettings(_folder_in(address)))


def open_memory(address: str) -> Connector:
    """An empty storage in memory; every call makes a new one."""
    from connectors.memory import MemoryConnector

    return MemoryConnector()


def _folder_in(address: str) -> Path:
    if not address.lower().startswith("file:"):
        return Path(address)
    parts = urlsplit(address)
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
        raise InvalidPath("a file address is file:///path")
    return Path(unquote(parts.path))


def _load(target: str) -> Factory:
    module, _, name = target.partition(":")
    factory: Factory = getattr(import_module(module), name)
    return factory
