"""Owns the settings of the connector to an S3 bucket."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from connectors.addresses import parse_target
from connectors.errors import AddressRefused, InvalidPath
from connectors.paths import split_path


@dataclass(frozen=True, slots=True)
class S3Settings:
    """A bucket, or what begins with a prefix in one, as storage root: `s3://bucket/prefix`."""

    address: str
    endpoint: str | None = None
    """`https://s3.example.org`; left out: Amazon's."""
    region: str = "us-east-1"
    access_key_id: str | None = field(default=None, repr=False)
    """Left out: what the machine gives (environment, instance role), as Amazon's own tools look for it."""
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    path_style: bool | None = None
    """`https://host/bucket/key`; default: with an endpoint of one's own."""
    verify_tls: bool = True
    ca_file: Path | None = None
    timeout_s: float = 60.0
    threads: int = 8
    poll_s: float = 5.0
    """How often folders with open documents are looked at for outside changes."""
    moved_entries: int = 10_000
    """A folder with more objects is not renamed or deleted here: each is a request."""
    remembered_paths: int = 10_000

    def __post_init__(self) -> None:
        """Raises: InvalidPath."""
        parts = urlsplit(self.address)
        if not parts.netloc or "@" in parts.netloc or parts.query or parts.fragment:
            raise InvalidPath("s3://bucket/prefix is the address of a bucket; keys and endpoint are settings")
        split_path(self.prefix.rstrip("/"))
        if self.endpoint is not None:
            try:
                parse_target(self.endpoint)
            except AddressRefused as error:
                raise InvalidPath(f"the endpoint is https://host ({error})") from None

    @property
    def bucket(self) -> str:
        return urlsplit(self.address).netloc

    @property
    def prefix(self) -> str:
        """What the keys of the root begin with; empty or with a slash at its end."""
        inner = unquote(urlsplit(self.address).path).strip("/")
        return f"{inner}/" if inner else ""
