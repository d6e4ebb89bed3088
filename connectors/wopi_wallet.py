"""Owns by whose right a WOPI file is asked for, and what is known of the file between calls; sends nothing.

A file has the tokens of the people who are at it. Who edited last goes first; a token that the host refused is not
tried again for a while, so that no host is flooded.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from connectors.base import Credentials, Version
from connectors.clock import Clock
from connectors.wopi_source import WopiToken

FILES = 50_000
TOKENS_PER_FILE = 50
_REST_S = 60.0
"""So long a token that got 403 or 404 is left alone while there are others."""


@dataclass(slots=True)
class Holder:
    """One person at a file."""

    user_id: str
    token: WopiToken
    edited_at: float = float("-inf")
    rests_until: float = float("-inf")


@dataclass(slots=True)
class KnownFile:
    """What is known of one file."""

    holders: dict[str, Holder] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    """Tokens that got 401: never tried again."""
    lock_id: str | None = None
    locks: bool | None = None
    """Whether the host locks it; None: not known yet."""
    editors: dict[str, None] = field(default_factory=dict)
    """The host's ids of those who changed something since the last write."""
    written_hash: bytes | None = None
    """Of the content that we stored last."""
    known_version: Version | None = None
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One write at a time: hosts mix them up."""
    relock: bool = False
    """Somebody changed it outside: some hosts take the next write only under a fresh lock."""


class Wallet:
    """The files of one connector; the least used ones are forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._files: OrderedDict[str, KnownFile] = OrderedDict()

    def file(self, path: str) -> KnownFile:
        """What is known of a file, made when it is asked for first."""
        known = self._files.get(path)
        if known is None:
            known = self._files[path] = KnownFile()
            while len(self._files) > FILES:
                self._files.popitem(last=False)
        else:
            self._files.move_to_end(path)
        return known

    def offer(self, path: str, credentials: Credentials, *, edited: bool) -> None:
        """Somebody is at the file, or changed something in it. Raises: AccessDenied."""
        token = WopiToken.of(credentials)
        if token is None:
            return
        known = self.file(path)
        if token.token in known.dead:
            return
        holder = known.holders.get(credentials.user_id)
        if holder is None or holder.token != token:
            holder = known.holders[credentials.user_id] = Holder(credentials.user_id, token)
        if edited:
            holder.edited_at = self._clock.monotonic()
            known.editors[host_user_id(credentials.user_id)] = None
        while len(known.holders) > TOKENS_PER_FILE:
            least = min(known.holders.values(), key=lambda one: one.edited_at)
            del known.holders[least.user_id]

    def candidates(self, path: str, credentials: Credentials) -> list[WopiToken]:
        """The tokens to try, the asker's first, then those of who edited last. Raises: AccessDenied."""
        known, now = self.file(path), self._clock.monotonic()
        own = WopiToken.of(credentials)
        others = sorted(known.holders.values(), key=lambda one: (one.rests_until > now, -one.edited_at))
        ordered = [*([own] if own is not None else []), *(one.token for one in others)]
        found: dict[str, WopiToken] = {}
        for token in ordered:
            if token.token not in known.dead and not self._expired(token):
                found.setdefault(token.token, token)
        return list(found.values())

    def refused(self, path: str, token: WopiToken, *, for_good: bool) -> None:
        """The host did not take this token."""
        known = self.file(path)
        for holder in list(known.holders.values()):
            if holder.token.token == token.token:
                holder.rests_until = self._clock.monotonic() + _REST_S
                if for_good:
                    del known.holders[holder.user_id]
        if for_good and len(known.dead) < 10 * TOKENS_PER_FILE:
            known.dead.add(token.token)

    def usable(self, path: str) -> bool:
        """Whether anybody's token could still work."""
        known = self._files.get(path)
        return known is not None and any(not self._expired(one.token) for one in known.holders.values())

    def _expired(self, token: WopiToken) -> bool:
        return token.expires_ms is not None and token.expires_ms <= self._clock.wall_ms()


def host_user_id(user_id: str) -> str:
    """The person's id as the host knows it: ours begins with the host."""
    return user_id.partition("|")[2] or user_id
