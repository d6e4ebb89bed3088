"""S3: no address that comes with a request makes the server connect to a place that the operator did not allow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from connectors.addresses import AddressRules, is_public, parse_address, parse_target
from connectors.errors import AddressRefused, ConnectorError, Unavailable
from connectors.http import Http, HttpRequest, HttpSettings

LIMIT = 10_000
PUBLIC = "93.184.216.34"
QUICK = HttpSettings(connect_s=5, idle_s=5, total_s=10)


@dataclass
class Listener:
    """A server on loopback that counts who comes, and answers what it is told to."""

    port: int = 0
    connections: int = 0
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"
    heads: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    found = Listener()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()


class Names:
    """A resolver that knows what it is told; `asked` counts."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = answers
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


async def get(http: Http, url: str) -> object:
    try:
        return await http.send(HttpRequest("GET", url), limit_bytes=LIMIT)
    finally:
        await http.close()


LOCAL_HOSTS = (
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.127.127.127",
    "0",
    "0.0.0.0",  # noqa: S104 - refused
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "0X7F.0.0.1",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "127.0.0.01",
    "127.0.0.1%00",
    "%31%32%37.0.0.1",
    "127。0。0。1",
    "１２７.0.0.1",  # noqa: RUF001 - on purpose
    "①②⑦.⓪.⓪.①",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "localhost.localdomain",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fc00::1]",
    "[ff02::1]",
    "169.254.169.254",
    "0xa9fea9fe",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
)
SHAPES = (
    "http://allowed.test@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@allowed.test/",
    "http://127.0.0.1:{port}\\@allowed.test/",
    "http://allowed.test\\@127.0.0.1:{port}/",
    "http://allowed.test:{port}@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/\r\nHost: allowed.test",
    "http://127.0.0.1:{port}\t/",
    "http:127.0.0.1:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "file:///etc/passwd",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_GET",
    "unix:///var/run/docker.sock",
    "ws://127.0.0.1:{port}/",
    "http://allowed.test.evil.test:{port}/",
    "http://notallowed.test:{port}/",
    "http://xallowed.test:{port}/",
    "http://allowed.test:0/",
    "http://allowed.test:99999/",
    "http://[127.0.0.1]:{port}/",
    "http://[::1/",
    "http://[v1.x]/",
    "http://" + "a" * 300 + ".test/",
    "http://allowed.test/" + "a" * 9000,
    "",
)
VARIANTS = (*(f"http://{host}:{{port}}/" for host in LOCAL_HOSTS), *SHAPES)


def test_there_are_at_least_sixty_variants() -> None:
    assert len(set(VARIANTS)) >= 60


@pytest.mark.parametrize("variant", VARIANTS)
async def test_without_a_setting_nothing_is_connected_to(listener: Listener, variant: str) -> None:
    names = Names(["127.0.0.1"])

    with pytest.raises(AddressRefused):
        await get(Http(AddressRules(), QUICK, resolver=names), variant.format(port=listener.port))

    assert (listener.connections, names.asked) == (0, 0)


@pytest.mark.parametrize("variant", VARIANTS)
async def test_a_list_of_hosts_lets_no_local_address_in(listener: Listener, variant: str) -> None:
    """The widest list an operator could write by mistake: every odd form of the host itself is on it too."""
    url = variant.format(port=listener.port)
    host = url.partition("://")[2].partition("/")[0].rpartition(":")[0]
    rules = AddressRules(hosts=("allowed.test", f"allowed.test:{listener.port}", f"{host}:{listener.port}"))

    with pytest.raises(AddressRefused):
        await get(Http(rules, QUICK, resolver=Names(["127.0.0.1"])), url)

    assert listener.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
        ["10.1.2.3"],
        ["fe80::1%2"],
        [PUBLIC, "127.0.0.1"],
        ["0.0.0.0"],  # noqa: S104 - refused
        ["64:ff9b::a00:1"],
    ],
)
async def test_an_allowed_name_that_leads_inside_is_refused(listener: Listener, addresses: list[str]) -> None:
    rules = AddressRules(hosts=(f"allowed.test:{listener.port}",))

    with pytest.raises(AddressRefused):
        await get(Http(rules, QUICK, resolver=Names(addresses)), f"http://allowed.test:{listener.port}/")

    assert listener.connections == 0


async def test_a_name_is_resolved_once_and_the_checked_address_is_used(listener: Listener) -> None:
    """DNS rebinding: the second answer would be an inner address; nobody asks for it."""
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    rules = AddressRules(hosts=(f"allowed.test:{listener.port}",), networks=("127.0.0.1/32",))

    answer = await get(Http(rules, QUICK, resolver=names), f"http://allowed.test:{listener.port}/")

    assert answer.content == b"secret"
    assert (names.asked, listener.connections) == (1, 1)
    assert f"host: allowed.test:{listener.port}".encode() in listener.heads[0].lower()


async def test_a_name_that_is_rebound_between_requests_is_refused(listener: Listener) -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    rules = AddressRules(hosts=("allowed.test",))
    rules.check_addresses("allowed.test", await names("allowed.test", 80))

    with pytest.raises(AddressRefused):
        await get(Http(rules, QUICK, resolver=names), "http://allowed.test/")

    assert (listener.connections, names.asked) == (0, 2)


@pytest.mark.parametrize("location", ["http://127.0.0.1:{port}/", "http://localhost:{port}/x", "/again", "file:///x"])
async def test_a_redirect_is_an_answer_and_leads_nowhere(listener: Listener, location: str) -> None:
    inner = Listener()
    server = await asyncio.start_server(inner.serve, "127.0.0.1", 0)
    inner.port = server.sockets[0].getsockname()[1]
    target = location.format(port=inner.port)
    listener.answer = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
    rules = AddressRules(hosts=(f"allowed.test:{listener.port}",), networks=("127.0.0.0/8",))

    answer = await get(Http(rules, QUICK, resolver=Names(["127.0.0.1"])), f"http://allowed.test:{listener.port}/again")

    assert (answer.status, len(listener.heads), inner.connections) == (302, 1, 0)
    server.close()


async def test_a_proxy_in_the_environment_is_not_used(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.port}")

    with pytest.raises(AddressRefused):
        await get(
            Http(AddressRules(hosts=("allowed.test",)), QUICK, resolver=Names(["10.0.0.1"])), "http://allowed.test/"
        )

    assert listener.connections == 0


async def test_what_the_operator_configured_is_reached_wherever_it_is(listener: Listener) -> None:
    url = f"http://127.0.0.1:{listener.port}/"

    answer = await get(Http(AddressRules.configured(url), QUICK), url)

    assert answer.content == b"secret"


async def test_what_the_operator_configured_allows_nothing_beside_it(listener: Listener) -> None:
    rules = AddressRules.configured(f"http://127.0.0.1:{listener.port}/")

    for url in ("http://127.0.0.1:1/", f"http://127.0.0.2:{listener.port}/", f"http://localhost:{listener.port}/"):
        with pytest.raises(AddressRefused):
            await get(Http(rules, QUICK), url)

    assert listener.connections == 0


@pytest.mark.parametrize(
    ("pattern", "url", "covered"),
    [
        ("files.test", "https://files.test/", True),
        ("files.test", "https://FILES.test./", True),
        ("files.test", "https://files.test:8443/", False),
        ("files.test:8443", "https://files.test:8443/", True),
        ("files.test:8443", "https://files.test/", False),
        ("*.files.test", "https://a.b.files.test/", True),
        ("*.files.test", "https://files.test/", False),
        ("*.files.test", "https://evilfiles.test/", False),
        ("*", "https://files.test/", False),
        ("[2606:4700::1111]:443", "https://[2606:4700:0::1111]/", True),
        ("bücher.test", "https://bücher.test/", False),
        ("xn--bcher-kva.test", "https://bücher.test/", True),
    ],
)
def test_a_pattern_covers_exactly_what_it_says(pattern: str, url: str, covered: bool) -> None:
    rules = AddressRules(hosts=(pattern,), any_address=True)

    if covered:
        rules.check_target(parse_target(url))
    else:
        with pytest.raises(AddressRefused):
            rules.check_target(parse_target(url))


@pytest.mark.parametrize(
    ("address", "public"),
    [(PUBLIC, True), ("2606:4700::1111", True), ("::ffff:93.184.216.34", True), ("2002:5db8:d822::", True)]
    + [(address, False) for address in ("127.0.0.1", "::ffff:10.0.0.1", "2002:a00:1::", "::", "100.64.0.1", "fd00::1")],
)
def test_an_address_is_public_by_what_it_wraps(address: str, public: bool) -> None:
    assert is_public(parse_address(address)) is public


async def test_a_host_that_does_not_exist_is_away_and_not_refused() -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    with pytest.raises(Unavailable):
        await get(Http(AddressRules(hosts=("allowed.test",)), QUICK, resolver=nobody), "http://allowed.test/")


async def test_no_error_text_contains_the_query(listener: Listener) -> None:
    listener.answer = b"no http at all\r\n\r\n"
    url = f"http://127.0.0.1:{listener.port}/wopi?access_token=tell-nobody"

    with pytest.raises(ConnectorError) as caught:
        await get(Http(AddressRules.configured(url), QUICK), url)

    assert "tell-nobody" not in str(caught.value)
