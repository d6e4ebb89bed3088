"""Owns the conditions under which a request without a token comes from this machine's own user; knows no framework.

Open mode means: no secret, everybody who gets in is owner. So only the user who started the server may get in, and no
web page that this user happens to visit (DNS rebinding, cross-site requests), no proxy, no other user of the machine.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from collab.auth.origin import Origin, is_ours

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(?P<name>localhost|127\.0\.0\.1|\[::1\])(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_PROXY_HEADERS = frozenset(
    {
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "fastly-client-ip",
        "x-original-host",
        "x-original-forwarded-for",
        "x-proxyuser-ip",
        "cdn-loop",
    }
)
_PROXY_PREFIXES = ("x-forwarded", "x-envoy-", "x-proxy-")
_SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What open mode looks at in a request; header names are in lower case."""

    method: str
    headers: Sequence[tuple[str, str]]
    websocket: bool = False

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


def is_loopback(host: str) -> bool:
    """Whether a bind address is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refusal(asked: Asked, port: int, allowed: frozenset[Origin]) -> str | None:
    """Why this request is not one of the local user, in words for people; None when nothing speaks against it.

    The peer's uid is the caller's business: it belongs to the connection, not to the request.
    """
    return _host_refusal(asked, port) or _proxy_refusal(asked) or _origin_refusal(asked, allowed)


def _host_refusal(asked: Asked, port: int) -> str | None:
    hosts = asked.all("host")
    match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if match is None:
        return "This server is open for its own user only, under the address 127.0.0.1 or localhost."
    if match["port"] and int(match["port"]) != port:
        return "This server is open under its own port only."
    return None


def _proxy_refusal(asked: Asked) -> str | None:
    for name, _ in asked.headers:
        if name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIXES):
            return "This server has no secret, so it takes no requests that came through a proxy."
    return None


def _origin_refusal(asked: Asked, allowed: frozenset[Origin]) -> str | None:
    origins, sites = asked.all("origin"), asked.all("sec-fetch-site")
    if len(origins) > 1 or len(sites) > 1:
        return "A request has one origin."
    if origins:
        if not is_ours(origins[0], "http", asked.all("host")[0], allowed):
            return "Another web site may not use this server."
        if Origin.parse(origins[0]) in allowed:
            return None
    if not sites or sites[0] == "same-origin":
        return None
    # "none": a person typed the address or used a bookmark; no page can cause it.
    if sites[0] == "none" and asked.method in _SAFE_METHODS and not asked.websocket:
        return None
    return "Another web site may not use this server."
