"""Owns which network addresses may be connected to (SSRF): rules for the text of a URL and what its name resolves to.

Pure: resolves nothing, opens nothing. Nothing is repaired: an odd form of an address is refused, never read as another.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from connectors.errors import AddressRefused

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

URL_LENGTH = 8192
DEFAULT_PORTS = {"http": 80, "https": 443}

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_ODD = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: scheme, host in canonical form (without brackets) and port."""

    scheme: str
    host: str
    port: int

    @property
    def literal(self) -> IpAddress | None:
        """The address, when the host is one and no name."""
        return _literal(self.host)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What may be connected to. Without settings: nothing."""

    hosts: tuple[str, ...] = ()
    """`host`, `host:port`, `*.example.org` (any depth, not the domain itself); without a port: 80 and 443 only."""
    networks: tuple[str, ...] = ()
    """Networks that count as public although they are not (`10.1.0.0/16`)."""
    any_address: bool = False
    """The host may be anywhere: for addresses that the operator wrote, never for one that came with a request."""

    @classmethod
    def configured(cls, url: str) -> AddressRules:
        """For an address that the operator wrote: this host and port only, wherever it is. Raises: AddressRefused."""
        target = parse_target(url)
        host = f"[{target.host}]" if ":" in target.host else target.host
        return cls(hosts=(f"{host}:{target.port}",), any_address=True)

    def check_target(self, target: Target) -> None:
        """Raises: AddressRefused when the host is not on the list, or is a literal address that may not be used."""
        if not any(_covers(pattern, target) for pattern in self.hosts):
            raise AddressRefused(f"{target.host}:{target.port} is not on the list of allowed hosts")
        literal = target.literal
        if literal is not None:
            self.check_addresses(target.host, [str(literal)])

    def check_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Raises: AddressRefused when one of the addresses that a host resolved to may not be connected to.

        One bad address refuses the host: a name that leads to a public and to a private address at once is an attack
        or a mistake.
        """
        if self.any_address:
            return
        networks = [ipaddress.ip_network(network, strict=False) for network in self.networks]
        for text in addresses:
            address = parse_address(text)
            if not is_public(address) and not any(_inside(address, network) for network in networks):
                raise AddressRefused(f"{host} leads to {address}, which is no public address")


def parse_target(url: str) -> Target:
    """The target of an http or https URL in its one accepted spelling. Raises: AddressRefused."""
    if len(url) > URL_LENGTH or _ODD.search(url):
        raise AddressRefused("the address is too long or contains an impossible character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(f"not an address: {error}") from None
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not url[len(scheme) :].startswith("://"):
        raise AddressRefused("only http:// and https:// are possible")
    if "@" in parts.netloc or parts.netloc.endswith(":") or port == 0:
        raise AddressRefused("the address carries a user, or an impossible port")
    return Target(scheme, _canonical_host(parts.netloc), port or DEFAULT_PORTS[scheme])


def parse_address(text: str) -> IpAddress:
    """An address as the resolver writes it, scope left out. Raises: AddressRefused."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        raise AddressRefused(f"{text!r} is no address") from None


def is_public(address: IpAddress) -> bool:
    """Whether an address lies in the public internet; one that wraps another is what it wraps."""
    inner = _unwrapped(address)
    if inner is not None:
        return is_public(inner)
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not special and not address.is_link_local and not address.is_private


def _unwrapped(address: IpAddress) -> IpAddress | None:
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _inside(address: IpAddress, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped else address
    return inner.version == network.version and inner in network


def _canonical_host(netloc: str) -> str:
    if netloc.startswith("["):
        inside, bracket, rest = netloc[1:].partition("]")
        literal = _literal(inside)
        if not bracket or "%" in inside or literal is None or literal.version != 6 or rest[:1] not in ("", ":"):
            raise AddressRefused(f"{netloc!r} is no host")
        return str(literal)
    host = netloc.rpartition(":")[0] if ":" in netloc else netloc
    return _canonical_name(host)


def _canonical_name(host: str) -> str:
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise AddressRefused(f"{host!r} is no host name") from None
    name = host.lower().removesuffix(".")
    if not _NAME.fullmatch(name):
        raise AddressRefused(f"{host!r} is no host name")
    last = name.rpartition(".")[2]
    if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):  # WHATWG: such a name is an IPv4 address
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            raise AddressRefused(f"{host!r} is an odd form of an address") from None
    return name


def _literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _covers(pattern: str, target: Target) -> bool:
    pattern = pattern.strip().lower()
    host, port = _split_pattern(pattern)
    if port is None and target.port not in DEFAULT_PORTS.values():
        return False
    if port is not None and port != str(target.port):
        return False
    if host.startswith("*."):
        return target.literal is None and target.host.endswith(host[1:])
    literal = _literal(host)
    return target.host == (str(literal) if literal is not None else host)


def _split_pattern(pattern: str) -> tuple[str, str | None]:
    if pattern.startswith("["):
        inside, _, rest = pattern[1:].partition("]")
        return inside, rest.removeprefix(":") or None
    if pattern.count(":") > 1:
        return pattern, None
    host, _, port = pattern.partition(":")
    return host, port or None
