"""Owns what a load test is pointed at: an address, or the name of a server that is started for it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlsplit

from loadtest.peers.install import cache_folder
from loadtest.peers.peer import Peer
from loadtest.peers.table import PEERS
from loadtest.settings import PROTOCOLS, Credentials, RunSettings, SettingsError

_SCHEMES = {"ws", "wss", "http", "https"}
_SECRET_NAMES = {"token", "access_token", "auth", "key"}


@dataclass(frozen=True, slots=True)
class Target:
    """A server under test: `peer` is started for it, or `url` is there already."""

    protocol: str
    url: str = ""
    peer: str = ""
    credentials: Credentials = field(default_factory=Credentials)
    label: str = ""
    """A name for people; empty: the address without its query."""

    @property
    def name(self) -> str:
        """What results and comparisons call it."""
        return self.label or self.peer or self.url.partition("?")[0]


def parse_target(text: str, protocol: str | None = None, credentials: Credentials | None = None) -> Target:
    """`NAME`, `URL` or `PROTOCOL+URL`. Raises: SettingsError."""
    if text in PEERS:
        if protocol not in (None, PEERS[text].protocol):
            raise SettingsError(f"{text} speaks {PEERS[text].protocol}, not {protocol}.")
        return Target(PEERS[text].protocol, peer=text)
    spoken, plus, rest = text.partition("+")
    if plus and spoken in PROTOCOLS:
        text, protocol = rest, spoken
    parts = urlsplit(text)
    if parts.scheme not in _SCHEMES or not parts.netloc:
        raise SettingsError(f"{text!r} is neither an address (ws://…) nor one of {', '.join(PEERS)}.")
    if parts.password or _SECRET_NAMES & {name.lower() for name, _ in parse_qsl(parts.query)}:
        raise SettingsError(
            "A token on the command line is seen by everybody on this machine: use --token-file or LOADTEST_TOKEN."
        )
    return Target(protocol or PROTOCOLS[0], url=text, credentials=credentials or Credentials())


@contextmanager
def opened(
    target: Target, settings: RunSettings, cores: Collection[int] = ()
) -> Iterator[tuple[RunSettings, Peer | None]]:
    """The settings of a run against it; a server that has to be started lives as long as the context.

    Raises: PeerError.
    """
    settings = replace(settings, server=target.name, protocol=target.protocol)
    if not target.peer:
        yield replace(settings, url=target.url, credentials=target.credentials), None
        return
    with Peer(PEERS[target.peer], cache_folder(), cores) as peer:
        credentials = Credentials(peer.token)
        yield replace(settings, url=peer.base_url, credentials=credentials, server_pid=peer.pid), peer


def halves() -> tuple[frozenset[int], frozenset[int]]:
    """One core for the server and the others for the generator. Raises: SettingsError."""
    if not hasattr(os, "sched_setaffinity"):
        raise SettingsError("--pin needs an operating system on which processes can be given cores; this one cannot.")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SettingsError("--pin needs two cores: one for the server, one for the generator.")
    return frozenset(cores[:1]), frozenset(cores[1:])
