"""Owns the table from an address to a connector; loads the modules of a kind only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from connectors.base import Connector
from connectors.errors import Unsupported

Factory = Callable[[str], Connector]

FACTORIES: dict[str, str] = {
    "file": "connectors.local:open_folder",
    "memory": "connectors.memory:open_memory",
}
"""Scheme -> `module:function`; the function takes the whole address."""
HIDDEN_QUERY = "hidden=1"
"""Of a folder's address: names that begin with a dot can be listed and opened."""


def open_connector(address: str | Path) -> Connector:
    """The connector for a folder's path, or for an address with a scheme.

    Raises: Unsupported (no such scheme), and what the connector raises when it cannot open its root.
    """
    scheme = "file" if isinstance(address, Path) else scheme_of(address)
    if scheme not in FACTORIES:
        raise Unsupported(f"no connector for {scheme}: (known: {', '.join(sorted(FACTORIES))})")
    return _load(FACTORIES[scheme])(str(address))


def scheme_of(address: str) -> str:
    """The scheme of an address; a plain path has `file`."""
    scheme, separator, _ = address.partition(":")
    is_scheme = bool(separator) and len(scheme) > 1 and scheme.isascii() and scheme.replace("+", "").isalnum()
    return scheme.lower() if is_scheme and not Path(address).exists() else "file"


def _load(target: str) -> Factory:
    module, _, name = target.partition(":")
    factory: Factory = getattr(import_module(module), name)
    return factory
