"""Owns the names of WOPI files: the address that a host gives, the path that rooms use, the secret of one person.

A path is the address, normalised and escaped, so that all who open a file come to one document. Requests use the
address exactly as the host gave it, because the host checks signatures over it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from connectors.base import Credentials
from connectors.errors import AccessDenied, InvalidPath
from connectors.paths import split_path

SOURCE_LENGTH = 2048
TOKEN_LENGTH = 16_384
_NAME_LENGTH = 200
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_ODD = re.compile(r"[\x00-\x20\x7f-\uffff\\<>\"]")
_TOKEN_FIELDS = frozenset({"access_token", "access_token_ttl"})


@dataclass(frozen=True, slots=True)
class WopiToken:
    """One person's right to one file."""

    source: str
    """The WOPISrc, exactly as the host gave it."""
    token: str = field(repr=False)
    expires_ms: int | None = None

    def pack(self) -> str:
        """As a text for `Credentials.secret`."""
        return json.dumps([self.source, self.token, self.expires_ms])

    @classmethod
    def of(cls, credentials: Credentials) -> WopiToken | None:
        """The token in credentials; None when they have none. Raises: AccessDenied (of another storage)."""
        if credentials.secret is None:
            return None
        try:
            source, token, expires_ms = json.loads(credentials.secret)
        except (ValueError, TypeError):
            raise AccessDenied("these credentials are not for WOPI") from None
        return cls(source, token, expires_ms)

    @property
    def path(self) -> str:
        """What rooms call the file. Raises: InvalidPath."""
        return path_of(self.source)

    def address(self, below: str = "") -> str:
        """Where a call goes, the token in the query as every host reads it there."""
        base, _, query = self.source.partition("?")
        kept = f"{query}&" if query else ""
        return f"{base}{below}?{kept}access_token={quote(self.token, safe='')}"


def path_of(source: str) -> str:
    """The path of the file behind a WOPISrc. Raises: InvalidPath."""
    text = quote(normalised(source), safe="").replace(".", "%2E")
    path = "/".join(text[at : at + _NAME_LENGTH] for at in range(0, len(text), _NAME_LENGTH))
    split_path(path)
    return path


def source_of(path: str) -> str:
    """The normalised WOPISrc of a path. Raises: InvalidPath."""
    split_path(path)
    source = unquote("".join(path.split("/")))
    if path == "" or path_of(source) != path:
        raise InvalidPath("no WOPI file")
    return source


def normalised(source: str) -> str:
    """The same for every spelling of one address. Raises: InvalidPath."""
    if not source or len(source) > SOURCE_LENGTH or _ODD.search(source):
        raise InvalidPath("no possible WOPISrc")
    try:
        parts = urlsplit(source)
        port = parts.port
    except ValueError:
        raise InvalidPath("no possible WOPISrc") from None
    host = parts.hostname
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.username is not None or parts.password is not None:
        raise InvalidPath("no possible WOPISrc")
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{shown}:{port}"
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in _TOKEN_FIELDS]
    path = _ESCAPE.sub(lambda found: found.group().upper(), parts.path)
    return urlunsplit((parts.scheme, authority, path, urlencode(pairs), ""))


def origin_of(source: str) -> str:
    """Scheme, host and port of an address, for logs and for counting. Raises: InvalidPath."""
    parts = urlsplit(normalised(source))
    return f"{parts.scheme}://{parts.netloc}"
