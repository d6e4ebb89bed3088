"""Owns the settings of the connector to a WebDAV server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from connectors.addresses import parse_target
from connectors.errors import AddressRefused, InvalidPath

PREFIX = "webdav+"


@dataclass(frozen=True, slots=True)
class WebDavSettings:
    """A folder of a WebDAV server as storage root: `webdav+https://host/path/`."""

    address: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    """A bearer token instead of user and password."""
    verify_tls: bool = True
    ca_file: Path | None = None
    timeout_s: float = 120.0
    """For one exchange, uploads included."""
    connections: int = 16
    poll_s: float = 3.0
    """How often folders with open documents are looked at for outside changes."""
    lock_timeout_s: int = 1800
    version_size_bytes: int = 512 * 1024 * 1024
    """Where the server's ETags are too coarse a file is hashed; above this it has no version and cannot be edited."""
    listing_size_bytes: int = 64 * 1024 * 1024
    remembered_paths: int = 10_000

    def __post_init__(self) -> None:
        """Raises: InvalidPath."""
        try:
            parse_target(self.url)
        except AddressRefused as error:
            raise InvalidPath(f"{PREFIX}https://host/path is the address of a WebDAV folder ({error})") from None
        parts = urlsplit(self.url)
        if parts.query or parts.fragment:
            raise InvalidPath("the address of a WebDAV folder has no ? and no #")

    @property
    def url(self) -> str:
        """Of the root folder, with a slash at its end."""
        return self.address[len(PREFIX) :].rstrip("/") + "/"
