"""Owns the settings of the connector to a CS3 gateway (Reva, OpenCloud)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from connectors.addresses import parse_target
from connectors.errors import AddressRefused, InvalidPath


@dataclass(frozen=True, slots=True)
class Cs3Settings:
    """A folder behind a gateway as storage root: `cs3://gateway:9142/path`."""

    address: str
    auth_type: str = "basic"
    """`basic`, `bearer` (client_secret is an OIDC token), `machine`, `appauth`, …"""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    storage_id: str | None = None
    """With `opaque_id`: the root is this resource instead of a path."""
    space_id: str | None = None
    opaque_id: str | None = None
    tls: bool = True
    ca_file: Path | None = None
    data_url: str | None = None
    """The data gateway as this server reaches it, where the gateway names another address (`https://host:port`)."""
    data_hosts: str = ""
    """Further hosts that the gateway may name for transfers, with commas; its own host is always possible."""
    verify_tls: bool = True
    app_name: str = "livefolder"
    """Holder of our locks; the same on all servers of a site."""
    disable_versioning: bool = False
    """Ask EOS not to keep a version for every save."""
    timeout_s: float = 120.0
    """For one transfer; other calls have 10 s."""
    lock_timeout_s: int = 1800
    poll_s: float = 3.0
    remembered_paths: int = 10_000

    def __post_init__(self) -> None:
        """Raises: InvalidPath."""
        try:
            parse_target(f"https://{urlsplit(self.address).netloc}")
            if self.data_url is not None:
                parse_target(self.data_url)
        except AddressRefused as error:
            raise InvalidPath(f"cs3://gateway:port/path is the address of a CS3 folder ({error})") from None
        if (self.storage_id is None) != (self.opaque_id is None):
            raise InvalidPath("storage_id and opaque_id name the root together")

    @property
    def target(self) -> str:
        """Host and port of the gateway."""
        parts = urlsplit(self.address)
        return f"{parts.hostname}:{parts.port or 9142}"

    @property
    def host(self) -> str:
        return urlsplit(self.address).hostname or ""

    @property
    def root(self) -> str:
        """The path of the root, without a slash at its end."""
        return unquote(urlsplit(self.address).path).rstrip("/")
