"""Owns the versions of files on a WebDAV server, and reading a file as one piece with its version.

Where ETags tell contents apart they are the versions. Where they are too coarse (a second, say) the version is the
hash of the content; what the server says of an old enough file then spares hashing it again.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from connectors.base import Content, Credentials, Version
from connectors.errors import TooLarge, Unavailable
from connectors.webdav_locks import checked_file
from connectors.webdav_probe import Traits
from connectors.webdav_server import Ask, DavServer, refusal
from connectors.webdav_xml import Resource, plain_etag

YOUNG_MS = 3_000
"""A file that was changed more lately may change again without looking different."""
ATTEMPTS = 4
_HASHED = "sha256-"


def hash_version(content: bytes) -> Version:
    """The version of a content where hashes are the versions."""
    return Version(_HASHED + hashlib.sha256(content).hexdigest())


class DavContents:
    """Reads files of one root and knows their versions."""

    def __init__(self, server: DavServer, version_size_bytes: int, capacity: int) -> None:
        self._server = server
        self._version_size_bytes = version_size_bytes
        self._capacity = capacity
        self._hashes: OrderedDict[str, tuple[tuple[str | None, int, int], Version]] = OrderedDict()

    async def version(self, path: str, resource: Resource, traits: Traits, credentials: Credentials) -> Version | None:
        """The version of a file that was looked at; None when it is too large to be told. Raises: ConnectorError."""
        if traits.fine_etags and resource.etag is not None:
            return Version(resource.etag)
        known = self._hashes.get(path)
        if known is not None and known[0] == resource.signature:
            return known[1]
        if resource.size_bytes > self._version_size_bytes:
            return None
        return (await self._hashed(path, resource, credentials, self._version_size_bytes)).version

    async def read(self, path: str, traits: Traits, credentials: Credentials, limit_bytes: int) -> Content:
        """Raises: NotAFile, FileMissing, TooLarge, Unavailable (keeps changing), …"""
        if not traits.fine_etags:
            resource = checked_file(path, await self._server.look(path, credentials))
            return await self._hashed(path, resource, credentials, limit_bytes)
        for _ in range(ATTEMPTS):
            resource = checked_file(path, await self._server.look(path, credentials))
            content, etag = await self._get(path, resource, credentials, limit_bytes)
            if etag is None:
                etag = (await self._server.look(path, credentials)).etag
            if etag is not None and etag == resource.etag and _is_whole(content, resource):
                return Content(content, Version(etag))
        raise Unavailable(f"{path!r} keeps changing, or the server contradicts itself")

    async def _hashed(self, path: str, resource: Resource, credentials: Credentials, limit_bytes: int) -> Content:
        content, _ = await self._get(path, resource, credentials, limit_bytes)
        version = hash_version(content)
        self._hashes.pop(path, None)
        if self._server.now_ms() - resource.modified_ms > YOUNG_MS and _is_whole(content, resource):
            self._hashes[path] = (resource.signature, version)
        if len(self._hashes) > self._capacity:
            self._hashes.popitem(last=False)
        return Content(content, version)

    async def _get(
        self, path: str, resource: Resource, credentials: Credentials, limit_bytes: int
    ) -> tuple[bytes, str | None]:
        if resource.size_bytes > limit_bytes:
            raise TooLarge(f"{path!r}: {resource.size_bytes} > {limit_bytes} bytes")
        answer = await self._server.send(Ask("GET", path, {"accept": "*/*"}, limit_bytes=limit_bytes), credentials)
        if answer.status != 200:
            raise refusal(answer, path)
        return answer.content, plain_etag(answer.headers.get("etag"))


def _is_whole(content: bytes, resource: Resource) -> bool:
    return not resource.size_known or len(content) == resource.size_bytes
