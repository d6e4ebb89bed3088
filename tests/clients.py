"""Owns clients of tests: patient, and for plain HTTP only, as loading certificates takes longer than most tests."""

from __future__ import annotations

import ssl

import httpx
from websockets.asyncio.client import connect as websocket

from tests.patience import PATIENCE_S

_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def http_client(url: str = "", **options: object) -> httpx.AsyncClient:
    """A client of its own, without a cookie."""
    return httpx.AsyncClient(base_url=url, timeout=PATIENCE_S, verify=_NO_CERTIFICATES, **options)  # type: ignore[arg-type]  # tests only


def ask(method: str, url: str, **options: object) -> httpx.Response:
    """One request from outside an event loop."""
    return httpx.request(method, url, timeout=PATIENCE_S, verify=_NO_CERTIFICATES, **options)  # type: ignore[arg-type]  # tests only


def connect(url: str, **options: object) -> websocket:
    """A WebSocket that waits for a slow server, and does not hang up on one that is slow to answer a ping."""
    return websocket(url, open_timeout=PATIENCE_S, ping_interval=None, **options)  # type: ignore[arg-type]  # tests only
