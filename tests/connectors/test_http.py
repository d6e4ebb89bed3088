"""The HTTP client is bounded in bytes and time, keeps no cookies, and says what kind of failure it met."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from connectors.addresses import AddressRules
from connectors.errors import CertificateRefused, TooLarge, Unavailable
from connectors.http import Http, HttpRequest, HttpSettings

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENT = HttpSettings()


class Site:
    """A server of one test: a coroutine for each connection."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
        self._serve = serve
        self._tls = tls
        self.connections = 0
        self.port = 0

    async def __aenter__(self) -> Site:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            try:
                await self._serve(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        self._server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def http(self, settings: HttpSettings = PATIENT) -> Http:
        return Http(AddressRules.configured(self.url), settings)


def answering(*answers: bytes, heads: list[bytes] | None = None) -> Serve:
    """Gives the answers in turn on each connection, then closes it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            head = await reader.readuntil(b"\r\n\r\n")
            if heads is not None:
                heads.append(head)
            writer.write(answer)
            await writer.drain()

    return serve


@pytest.fixture
async def silent() -> AsyncIterator[Site]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with Site(serve) as site:
        yield site


async def test_more_than_the_limit_is_not_read(caplog: pytest.LogCaptureFixture) -> None:
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"8\r\n12345678\r\n" * 1000

    for answer in (endless, b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"):
        async with Site(answering(answer)) as site:
            with pytest.raises(TooLarge):
                await site.http().send(HttpRequest("GET", site.url), limit_bytes=100)


async def test_the_body_of_a_failure_is_cut(silent: Site) -> None:
    head = b"HTTP/1.1 500 Oh\r\nContent-Length: 1000000\r\n\r\n"

    async with Site(answering(head + b"x" * 1_000_000)) as site:
        answer = await site.http().send(HttpRequest("GET", site.url), limit_bytes=10)

    assert answer.status == 500
    assert len(answer.content) <= 65_536


async def test_a_compressed_bomb_is_not_unpacked_beyond_the_limit() -> None:
    import gzip

    bomb = gzip.compress(b"\0" * 10_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()

    async with Site(answering(head + bomb)) as site:
        with pytest.raises(TooLarge):
            await site.http().send(HttpRequest("GET", site.url), limit_bytes=1_000_000)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshor",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"\x16\x03\x01 this is no HTTP\r\n\r\n",
    ],
)
async def test_half_an_answer_is_no_answer(answer: bytes) -> None:
    async with Site(answering(answer)) as site:
        with pytest.raises(Unavailable):
            await site.http().send(HttpRequest("GET", site.url), limit_bytes=100)


async def test_a_server_that_never_answers_is_given_up(silent: Site) -> None:
    with pytest.raises(Unavailable):
        await silent.http(HttpSettings(total_s=0.2)).send(HttpRequest("GET", silent.url), limit_bytes=100)


async def test_a_server_that_drips_is_given_up() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with Site(drip) as site:
        with pytest.raises(Unavailable):
            await site.http(HttpSettings(total_s=0.3)).send(HttpRequest("GET", site.url), limit_bytes=200_000)


async def test_nobody_listening_is_unavailable(silent: Site) -> None:
    url = silent.url
    silent._server.close()

    with pytest.raises(Unavailable):
        await Http(AddressRules.configured(url)).send(HttpRequest("GET", url), limit_bytes=100)


async def test_a_connection_that_just_closed_is_tried_again_for_reading_only() -> None:
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        if len(seen) > 1:
            writer.write(ok)
            await writer.drain()

    async with Site(serve) as site:
        assert (await site.http().send(HttpRequest("GET", site.url), limit_bytes=10)).content == b"ok"
        seen.clear()
        with pytest.raises(Unavailable):
            await site.http().send(HttpRequest("PUT", site.url, content=b"x"), limit_bytes=10)
        assert len(seen) == 1


async def test_a_body_goes_with_its_length_also_an_empty_one() -> None:
    heads: list[bytes] = []

    async with Site(answering(b"HTTP/1.1 204 No Content\r\n\r\n", heads=heads)) as site:
        for content in (b"", b"abc"):
            http = site.http()
            await http.send(HttpRequest("PUT", site.url, content=content), limit_bytes=10)
            await http.close()

    assert b"content-length: 0" in heads[0].lower()
    assert b"content-length: 3" in heads[1].lower()
    assert all(b"transfer-encoding" not in head.lower() for head in heads)


async def test_a_cookie_of_one_person_is_not_sent_for_the_next() -> None:
    heads: list[bytes] = []
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=alice; Path=/\r\nContent-Length: 0\r\n\r\n"

    async with Site(answering(answer, answer, heads=heads)) as site:
        http = site.http()
        for _ in range(2):
            await http.send(HttpRequest("GET", site.url), limit_bytes=10)
        await http.close()

    assert len(heads) == 2
    assert all(b"cookie" not in head.lower() for head in heads)


async def test_headers_are_found_in_lower_case() -> None:
    async with Site(answering(b'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 0\r\n\r\n')) as site:
        answer = await site.http().send(HttpRequest("GET", site.url), limit_bytes=10)

    assert answer.headers["etag"] == '"a"'


async def test_a_closed_client_serves_nobody(silent: Site) -> None:
    http = silent.http()
    await http.close()
    await http.close()

    with pytest.raises(Unavailable):
        await http.send(HttpRequest("GET", silent.url), limit_bytes=10)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for files.test, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=files.test", "-addext", "subjectAltName=DNS:files.test"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files], check=True)
    return folder / "cert.pem", folder / "key.pem"


async def names_of_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_a_certificate_is_checked_against_the_name_and_not_the_address(certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    asked: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked.append(name)
    trusting = HttpSettings(ca_file=certificate[0])
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    async with Site(answering(ok), context) as site:
        outcomes = []
        for name, settings in (("files.test", trusting), ("other.test", trusting), ("files.test", PATIENT)):
            url = f"https://{name}:{site.port}/"
            http = Http(AddressRules.configured(url), settings, resolver=names_of_loopback)
            try:
                outcomes.append((await http.send(HttpRequest("GET", url), limit_bytes=10)).content)
            except CertificateRefused:
                outcomes.append(b"refused")
            await http.close()

    assert outcomes == [b"ok", b"refused", b"refused"]
    assert asked == ["files.test", "other.test", "files.test"]
