"""Owns reading a local file as one consistent piece, and its version: the hash of its bytes.

What `stat` says of a file is a hint that spares hashing it again. File times are coarse, so a hint that was
younger than two seconds when the file was hashed proves nothing later and is not used.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from connectors.base import Version
from connectors.clock import Clock
from connectors.errors import TooLarge, Unavailable
from connectors.local_tree import Place
from connectors.posix import is_open_for_writing, open_regular

ATTEMPTS = 6
PAUSE_S = 0.02
CHUNK_SIZE_BYTES = 1024 * 1024
YOUNG_HINT_NS = 2_000_000_000

Result = TypeVar("Result")


class Identity(NamedTuple):
    """What the file system says about one state of one file."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


def identity_of(found: os.stat_result) -> Identity:
    """The identity in a stat result."""
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def version_of(content: bytes) -> Version:
    """The version that a file with these bytes has."""
    return Version(hashlib.sha256(content).hexdigest())


def hash_opened(opened: int) -> Version:
    """The version of an open file as it is now. Raises: OSError."""
    digest = hashlib.sha256()
    os.lseek(opened, 0, os.SEEK_SET)
    while chunk := os.read(opened, CHUNK_SIZE_BYTES):
        digest.update(chunk)
    return Version(digest.hexdigest())


def read_opened(opened: int, limit_bytes: int) -> bytes:
    """All bytes of an open file. Raises: TooLarge, OSError."""
    os.lseek(opened, 0, os.SEEK_SET)
    chunks: list[bytes] = []
    left = limit_bytes
    while chunk := os.read(opened, min(CHUNK_SIZE_BYTES, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise TooLarge(f"more than {limit_bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


class Versions:
    """Versions of files by their identity, bounded, for several threads."""

    def __init__(self, capacity: int, clock: Clock) -> None:
        self._capacity = capacity
        self._clock = clock
        self._known: OrderedDict[tuple[int, int], tuple[Identity, Version]] = OrderedDict()
        self._guard = threading.Lock()

    def known(self, identity: Identity) -> Version | None:
        """The version that this identity proves, if any."""
        with self._guard:
            found = self._known.get((identity.device, identity.inode))
        return found[1] if found is not None and found[0] == identity else None

    def remember(self, identity: Identity, version: Version) -> None:
        """Keep the version of a file that was hashed just now, unless its hint is too young to prove it."""
        age_ns = self._clock.wall_ms() * 1_000_000 - max(identity.modified_ns, identity.changed_ns)
        key = (identity.device, identity.inode)
        with self._guard:
            self._known.pop(key, None)
            if age_ns > YOUNG_HINT_NS:
                self._known[key] = (identity, version)
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)

    def of(self, place: Place) -> tuple[Version, os.stat_result]:
        """The version of a file and the state it belongs to. Raises: NotAFile, Unavailable, OSError."""
        return _stably(place, self._hash)

    def content(self, place: Place, limit_bytes: int) -> tuple[bytes, Version]:
        """All bytes and their version. Raises: NotAFile, TooLarge, Unavailable, OSError."""
        content, found = _stably(place, lambda opened, _: read_opened(opened, limit_bytes), limit_bytes)
        version = version_of(content)
        self.remember(identity_of(found), version)
        return content, version

    def _hash(self, opened: int, identity: Identity) -> Version:
        version = self.known(identity)
        if version is None:
            version = hash_opened(opened)
            if identity_of(os.fstat(opened)) == identity:
                self.remember(identity, version)
        return version


def _stably(
    place: Place, consume: Callable[[int, Identity], Result], limit_bytes: int | None = None
) -> tuple[Result, os.stat_result]:
    """Consume a file in a state that did not change meanwhile and that nobody seems to be in the middle of writing."""
    for attempt in range(ATTEMPTS):
        opened = open_regular(place.folder, place.name)
        try:
            before = os.fstat(opened)
            if limit_bytes is not None and before.st_size > limit_bytes:
                raise TooLarge(f"{place.path!r}: {before.st_size} > {limit_bytes} bytes")
            if attempt == ATTEMPTS - 1 or not is_open_for_writing(opened):
                result = consume(opened, identity_of(before))
                if identity_of(os.fstat(opened)) == identity_of(before):
                    return result, before
        finally:
            os.close(opened)
        time.sleep(PAUSE_S)
    raise Unavailable(f"{place.path!r} keeps changing")
