"""Owns the choice of the dialect by the protocol's name."""

from __future__ import annotations

from loadtest.dialects.base import Dialect
from loadtest.dialects.hocuspocus import Hocuspocus
from loadtest.dialects.jupyter import Jupyter
from loadtest.dialects.ywebsocket import YWebsocket
from loadtest.settings import RunSettings, SettingsError


def dialect_for(settings: RunSettings, room: str) -> Dialect:
    """How one room of the run is spoken with. Raises: SettingsError."""
    token = settings.credentials.token
    if settings.protocol == "y-websocket":
        return YWebsocket(settings.url, room, token, settings.extensions)
    if settings.protocol == "hocuspocus":
        return Hocuspocus(settings.url, room, token)
    if settings.protocol == "jupyter":
        return Jupyter(settings.url, room, token)
    raise SettingsError(f"{settings.protocol} is no protocol of the load test")
