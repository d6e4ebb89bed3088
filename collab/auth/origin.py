"""Owns the comparison of web origins: parsed, exact, no patterns; knows no request object."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_PORTS = {"http": 80, "https": 443}
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a page; what a browser calls same-origin is equality of these."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Origin | None:
        """The origin in an `Origin` header, None for `null` and for everything that is not exactly an origin.

        Browsers send it in lower case with an ASCII host; other spellings do not come from a browser.
        """
        match = _ORIGIN.fullmatch(text)
        if match is None:
            return None
        port = int(match["port"]) if match["port"] else DEFAULT_PORTS[match["scheme"]]
        return cls(match["scheme"], match["host"], port) if port <= 0xFFFF else None

    def __str__(self) -> str:
        suffix = "" if DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{self.host}{suffix}"


def is_ours(header: str, scheme: str, host: str, allowed: frozenset[Origin]) -> bool:
    """Whether an `Origin` header is the address the request was sent to, or one of the allowed origins."""
    origin = Origin.parse(header)
    return origin is not None and (origin in allowed or origin == Origin.parse(f"{scheme}://{host.lower()}"))
