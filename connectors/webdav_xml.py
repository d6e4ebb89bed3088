"""Owns the XML of WebDAV: what we ask, and what servers answer in their many ways; pure, opens nothing.

Nothing that a server sends is expanded or fetched: a document with a DOCTYPE is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from connectors.errors import Unavailable

DAV = "{DAV:}"
OC = "{http://owncloud.org/ns}"

_PROPS = (
    "<D:resourcetype/><D:getcontentlength/><D:getlastmodified/><D:getetag/>"
    '<O:fileid xmlns:O="http://owncloud.org/ns"/><O:permissions xmlns:O="http://owncloud.org/ns"/>'
)
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
PROPFIND = f'{_HEAD}<D:propfind xmlns:D="DAV:"><D:prop>{_PROPS}</D:prop></D:propfind>'.encode()
PROPFIND_LOCKS = f'{_HEAD}<D:propfind xmlns:D="DAV:"><D:prop>{_PROPS}<D:lockdiscovery/></D:prop></D:propfind>'.encode()


@dataclass(frozen=True, slots=True)
class ActiveLock:
    """A lock that the server tells of."""

    token: str
    owner: str


@dataclass(frozen=True, slots=True)
class Resource:
    """One entry of a multi-status answer."""

    href: str
    """Its path on the server, decoded, without a slash at the end."""
    is_folder: bool
    size_bytes: int
    size_known: bool
    modified_ms: int
    etag: str | None
    """Without quotes and without `W/`."""
    weak: bool
    """No If-Match fits it: Apache marks what was changed within the last second so."""
    file_id: str | None
    permissions: str | None
    locks: tuple[ActiveLock, ...]

    @property
    def writable(self) -> bool:
        return self.permissions is None or "W" in self.permissions

    @property
    def signature(self) -> tuple[str | None, int, int]:
        """Changes when the content does, as far as the server can tell."""
        return self.etag, self.modified_ms, self.size_bytes


def lock_body(owner: str) -> bytes:
    """Asks for an exclusive write lock."""
    kind = "<D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>"
    return f'{_HEAD}<D:lockinfo xmlns:D="DAV:">{kind}<D:owner>{escape(owner)}</D:owner></D:lockinfo>'.encode()


def plain_etag(text: str | None) -> str | None:
    """An ETag as servers write it (`"x"`, `W/"x"`, `x`, `&quot;x&quot;`), without the wrapping; None for none."""
    if text is None:
        return None
    plain = text.strip().replace("&quot;", '"').removeprefix("W/").strip()
    if len(plain) >= 2 and plain[0] == plain[-1] == '"':
        plain = plain[1:-1]
    return plain or None


def parse_multistatus(content: bytes) -> Sequence[Resource]:
    """The entries of a multi-status answer. Raises: Unavailable when it is none."""
    root = _parse(content)
    if root.tag != f"{DAV}multistatus":
        raise Unavailable("the answer is no multi-status")
    return [_resource(response) for response in root.iterfind(f"{DAV}response") if _exists(response)]


def failed_statuses(content: bytes) -> set[int]:
    """The statuses of a multi-status answer to an operation on a folder. Raises: Unavailable."""
    statuses = (_status(element.text) for element in _parse(content).iter(f"{DAV}status"))
    return {status for status in statuses if status >= 300}


def parse_lock_token(content: bytes) -> str | None:
    """The token in the answer to a LOCK."""
    try:
        return next((lock.token for lock in _locks(_parse(content))), None)
    except Unavailable:
        return None


def _parse(content: bytes) -> ElementTree.Element:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or content[:2] in (b"\xfe\xff", b"\xff\xfe"):
        raise Unavailable("the answer has a document type, which is refused")
    try:
        parser = ElementTree.XMLParser(encoding="utf-8")  # noqa: S314 - as above
        parser.feed(content)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError):
        raise Unavailable("the answer is no XML") from None
    return root


def _exists(response: ElementTree.Element) -> bool:
    own = response.find(f"{DAV}status")
    return own is None or _status(own.text) < 300


def _resource(response: ElementTree.Element) -> Resource:
    found: dict[str, ElementTree.Element] = {}
    for propstat in response.iterfind(f"{DAV}propstat"):
        status = propstat.find(f"{DAV}status")
        prop = propstat.find(f"{DAV}prop")
        if prop is not None and (status is None or _status(status.text) < 300):
            found.update({element.tag: element for element in prop})
    kind = found.get(f"{DAV}resourcetype")
    size = _text(found.get(f"{DAV}getcontentlength")) or ""
    return Resource(
        href=_path_of(_text(response.find(f"{DAV}href")) or ""),
        is_folder=kind is not None and kind.find(f"{DAV}collection") is not None,
        size_bytes=int(size) if size.isdecimal() else 0,
        size_known=size.isdecimal(),
        modified_ms=_date_ms(_text(found.get(f"{DAV}getlastmodified"))),
        etag=plain_etag(_text(found.get(f"{DAV}getetag"))),
        weak=(_text(found.get(f"{DAV}getetag")) or "").startswith("W/"),
        file_id=_text(found.get(f"{OC}fileid")),
        permissions=_text(found.get(f"{OC}permissions")),
        locks=tuple(_locks(found.get(f"{DAV}lockdiscovery"))),
    )


def _locks(element: ElementTree.Element | None) -> Iterator[ActiveLock]:
    if element is None:
        return
    for active in element.iter(f"{DAV}activelock"):
        token = _text(active.find(f"{DAV}locktoken/{DAV}href")) or _text(active.find(f"{DAV}locktoken")) or ""
        owner = active.find(f"{DAV}owner")
        yield ActiveLock(token, "" if owner is None else " ".join("".join(owner.itertext()).split()))


def _text(element: ElementTree.Element | None) -> str | None:
    text = None if element is None else "".join(element.itertext()).strip()
    return text or None


def _path_of(href: str) -> str:
    try:
        path = urlsplit(href).path if "://" in href else href.partition("?")[0]
    except ValueError:
        path = ""
    return unquote(path, errors="surrogateescape").rstrip("/")


def _status(line: str | None) -> int:
    parts = (line or "").split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 200


def _date_ms(text: str | None) -> int:
    try:
        return int(parsedate_to_datetime(text or "").timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return 0
