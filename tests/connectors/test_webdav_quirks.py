"""What WebDAV servers do that the standard does not say: each quirk was seen on a real one or read in its source."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

import pytest

from connectors.base import EntryKind
from connectors.errors import AccessDenied, QuotaExceeded, Unavailable, VersionMismatch
from connectors.webdav import WebDavConnector
from connectors.webdav_settings import WebDavSettings
from connectors.webdav_xml import parse_multistatus, plain_etag
from tests.connectors.conformance import ALICE, version_of

CONSTANT_TOKEN = "opaquelocktoken:00000000-0000-0000-0000-000000000000"


@dataclass
class Quirks:
    """A server in memory; each switch is something that a real one does."""

    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    count: int = 0
    fake_locks: bool = False
    """Reva: every LOCK is granted, with one constant token, and nothing is kept."""
    ignores_if_match: bool = False
    etag_form: str = '"{}"'
    put_etag: bool = True
    absolute_hrefs: bool = False
    owncloud: str = ""
    """oc:permissions; with ids then."""
    statuses: dict[str, int] = field(default_factory=dict)
    """Method -> status that it is answered with."""


def handler(quirks: Quirks) -> type[BaseHTTPRequestHandler]:
    class Dav(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def parse_request(self) -> bool:
            if not super().parse_request():
                return False
            self.body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.name = unquote(self.path).strip("/")
            quirks.requests.append((self.command, self.name, dict(self.headers.items())))
            forced = quirks.statuses.get(self.command)
            if forced is not None and not self.name.startswith(".livefolder"):
                self.answer(forced)
                return False
            return True

        def do_PUT(self) -> None:
            there = quirks.files.get(self.name)
            wanted = self.headers.get("If-Match")
            current = None if there is None else str(there[1])
            if wanted is not None and not quirks.ignores_if_match and plain_etag(wanted) != current:
                return self.answer(412)
            if self.headers.get("If-None-Match") == "*" and there is not None and not quirks.ignores_if_match:
                return self.answer(412)
            quirks.count += 1
            quirks.files[self.name] = (self.body, quirks.count)
            tag = {"ETag": quirks.etag_form.format(quirks.count)} if quirks.put_etag else {}
            return self.answer(201 if there is None else 204, **tag)

        def do_GET(self) -> None:
            there = quirks.files.get(self.name)
            if there is None:
                return self.answer(404)
            return self.answer(200, there[0], ETag=quirks.etag_form.format(there[1]))

        def do_DELETE(self) -> None:
            self.answer(204 if quirks.files.pop(self.name, None) else 404)

        def do_LOCK(self) -> None:
            if not quirks.fake_locks:
                return self.answer(405)
            token = f"<D:locktoken><D:href>{CONSTANT_TOKEN}</D:href></D:locktoken>"
            active = f"<D:activelock>{token}</D:activelock>"
            body = f'<D:prop xmlns:D="DAV:"><D:lockdiscovery>{active}</D:lockdiscovery></D:prop>'
            return self.answer(200, body.encode(), Lock_Token=f"<{CONSTANT_TOKEN}>")

        def do_UNLOCK(self) -> None:
            self.answer(204)

        def do_PROPFIND(self) -> None:
            if self.name and self.name not in quirks.files:
                return self.answer(404)
            deep = self.headers.get("Depth") == "1" and not self.name
            names = [self.name, *(sorted(quirks.files) if deep else [])]
            body = "".join(map(self.entry, names))
            return self.answer(207, f'<d:multistatus xmlns:d="DAV:">{body}</d:multistatus>'.encode())

        def entry(self, name: str) -> str:
            base = f"http://proxy.example:1/dav/{quote(name)}" if quirks.absolute_hrefs else f"/{quote(name)}"
            if not name:
                props = "<d:resourcetype><d:collection/></d:resourcetype>"
            else:
                content, number = quirks.files[name]
                tag = quirks.etag_form.format(number).replace('"', "&quot;")
                props = f"<d:resourcetype/><d:getcontentlength>{len(content)}</d:getcontentlength>"
                props += f"<d:getetag>{tag}</d:getetag><d:getlastmodified>{formatdate(0)}</d:getlastmodified>"
                if quirks.owncloud:
                    ns = 'xmlns:o="http://owncloud.org/ns"'
                    props += f"<o:fileid {ns}>4711</o:fileid><o:permissions {ns}>{quirks.owncloud}</o:permissions>"
            status = "<d:status>HTTP/1.1 200 OK</d:status>"
            lost = "<d:propstat><d:prop><d:x/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>"
            found = f"<d:propstat><d:prop>{props}</d:prop>{status}</d:propstat>"
            return f"<d:response><d:href>{base}</d:href>{found}{lost}</d:response>"

    return Dav


@pytest.fixture
def quirks() -> Quirks:
    return Quirks()


@pytest.fixture
def url(quirks: Quirks) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(quirks))
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield f"webdav+http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.fixture
async def connector(url: str) -> AsyncIterator[WebDavConnector]:
    connector = WebDavConnector(WebDavSettings(url, user="ann", password="tell-nobody"))
    yield connector
    await connector.close()


async def test_locks_that_are_granted_and_not_kept_are_no_locks(quirks: Quirks, connector: WebDavConnector) -> None:
    quirks.fake_locks = True
    quirks.files["a.txt"] = (b"a", 0)

    await connector.stat("a.txt", ALICE)

    assert not connector.capabilities.locks
    assert connector.capabilities.atomic_compare_and_swap


@pytest.mark.parametrize("form", ['"{}"', "{}", 'W/"{}"'])
async def test_versions_do_not_depend_on_how_an_etag_is_written(
    quirks: Quirks, connector: WebDavConnector, form: str
) -> None:
    quirks.etag_form = form
    quirks.files["a.txt"] = (b"a", 0)

    result = await connector.write("a.txt", b"b", ALICE, if_version=await version_of(connector, "a.txt"))

    assert result.version == await version_of(connector, "a.txt")
    assert (await connector.read("a.txt", ALICE, limit_bytes=10)).version == result.version
    assert quirks.files["a.txt"][0] == b"b"


async def test_a_server_that_ignores_conditions_is_compared_with_before_each_write(
    quirks: Quirks, connector: WebDavConnector
) -> None:
    quirks.ignores_if_match = True
    quirks.files["a.txt"] = (b"a", 0)
    version = await version_of(connector, "a.txt")
    quirks.files["a.txt"] = (b"theirs", 99)

    with pytest.raises(VersionMismatch):
        await connector.write("a.txt", b"ours", ALICE, if_version=version)

    assert quirks.files["a.txt"][0] == b"theirs"
    assert not connector.capabilities.atomic_compare_and_swap


async def test_where_a_put_has_no_etag_the_version_is_that_of_our_own_bytes(
    quirks: Quirks, connector: WebDavConnector
) -> None:
    quirks.put_etag = False
    quirks.files["a.txt"] = (b"a", 0)

    result = await connector.write("a.txt", b"b", ALICE, if_version=await version_of(connector, "a.txt"))

    assert result.version == await version_of(connector, "a.txt")


async def test_ids_and_rights_of_the_owncloud_family_are_read(quirks: Quirks, connector: WebDavConnector) -> None:
    quirks.owncloud = "RGD"
    quirks.files["a.txt"] = (b"a", 0)
    stat = await connector.stat("a.txt", ALICE)

    assert (stat.stable_id, stat.writable) == ("oc:127.0.0.1:4711", False)
    quirks.owncloud = "RGDNVW"
    assert (await connector.stat("a.txt", ALICE)).writable
    assert connector.capabilities.stable_ids
    await connector.write("a.txt", b"b", ALICE, if_version=await version_of(connector, "a.txt"))
    put = [headers for method, name, headers in quirks.requests if (method, name) == ("PUT", "a.txt")][-1]
    assert re.fullmatch("SHA1:[0-9a-f]{40}", put["oc-checksum"])


async def test_names_are_right_behind_a_proxy_that_changes_addresses(
    quirks: Quirks, connector: WebDavConnector
) -> None:
    quirks.absolute_hrefs = True
    quirks.files |= {"ä b.txt": (b"a", 0), "line\nfeed": (b"a", 0)}

    listed = await connector.list("", ALICE, limit=10)

    assert [(stat.path, stat.kind) for stat in listed] == [("ä b.txt", EntryKind.FILE)]


@pytest.mark.parametrize(
    ("method", "status", "error"),
    [
        ("PUT", 507, QuotaExceeded),
        ("PUT", 403, AccessDenied),
        ("PUT", 401, AccessDenied),
        ("PUT", 500, Unavailable),
        ("PUT", 302, Unavailable),
        ("PUT", 206, Unavailable),
        ("PROPFIND", 503, Unavailable),
        ("PROPFIND", 429, Unavailable),
        ("PROPFIND", 200, Unavailable),
        ("PROPFIND", 302, Unavailable),
    ],
)
async def test_a_status_is_the_error_that_it_means(
    quirks: Quirks, connector: WebDavConnector, method: str, status: int, error: type[Exception]
) -> None:
    quirks.files["a.txt"] = (b"a", 0)
    version = await version_of(connector, "a.txt")
    quirks.statuses[method] = status

    with pytest.raises(error) as caught:
        await connector.write("a.txt", b"b", ALICE, if_version=version)
        await connector.stat("a.txt", ALICE)

    assert "tell-nobody" not in str(caught.value)
    assert quirks.files["a.txt"][0] == b"a" or method == "PROPFIND"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>sign in</html>",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><d:multistatus xmlns:d="DAV:">&a;</d:multistatus>',
        '<?xml version="1.0" encoding="utf-16"?><d:multistatus xmlns:d="DAV:"/>'.encode("utf-16"),
        b'<d:multistatus xmlns:d="DAV:"><d:response>',
    ],
)
def test_what_is_no_multistatus_is_refused(content: bytes) -> None:
    with pytest.raises(Unavailable):
        parse_multistatus(content)


@pytest.mark.parametrize(
    ("text", "plain"),
    [('"a"', "a"), ("a", "a"), ('W/"a"', "a"), ("&quot;a&quot;", "a"), ('""', None), ("", None), (None, None)],
)
def test_an_etag_is_read_in_all_its_spellings(text: str | None, plain: str | None) -> None:
    assert plain_etag(text) == plain
