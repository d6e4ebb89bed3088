"""The WOPI connector keeps the contract of connectors with every kind of host, quirks included."""

from __future__ import annotations

import pytest

from collab.clock import FakeClock
from connectors.base import Connector
from connectors.errors import (
    AccessDenied,
    FileExists,
    FileMissing,
    LockHeld,
    LockLost,
    NoCredentials,
    TooLarge,
    Unavailable,
    VersionMismatch,
)
from connectors.faults import SeededPlan
from connectors.faulty import FaultyConnector
from connectors.http import HttpAnswer
from connectors.wopi_source import WopiToken, path_of
from tests.connectors.conformance import (
    ALICE,
    BAD_PATHS,
    LIMIT,
    OURS,
    ConnectorContents,
    ConnectorLocks,
    ConnectorSafety,
    Do,
    Get,
    Put,
)
from tests.wopi.at_host import AtHost, connector_at, credentials_for
from tests.wopi.host import Asked, WopiHost
from tests.wopi.profiles import NEXTCLOUD, OPENCLOUD, PROFILES, STRICT, WOPISERVER


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=sorted(PROFILES))
def host(request: pytest.FixtureRequest, clock: FakeClock) -> WopiHost:
    return WopiHost(clock, PROFILES[request.param])


@pytest.fixture
def connector(host: WopiHost, clock: FakeClock) -> AtHost:
    return AtHost(host, connector_at(host, clock))


@pytest.fixture
def another(host: WopiHost, clock: FakeClock) -> AtHost:
    return AtHost(host, connector_at(host, clock))


@pytest.fixture
def seed(host: WopiHost) -> Put:
    return lambda path, content: void(host.put(path, content, path))


@pytest.fixture
def outside_write(seed: Put) -> Put:
    return seed


@pytest.fixture
def outside_read(host: WopiHost) -> Get:
    return lambda path: host.files[path].content


@pytest.fixture
def outside_lock(host: WopiHost) -> Do:
    return host.lock_by_others


@pytest.fixture
def outside_unlock(host: WopiHost) -> Do:
    return host.drop_lock


def void(_: object) -> None:
    """Forget a result."""


class TestWopiSafety(ConnectorSafety):
    """Whatever goes wrong."""


class TestWopiSafetyThroughFaults(ConnectorSafety):
    """The same with a host that fails now and then."""

    @pytest.fixture(params=range(3))
    def connector(self, host: WopiHost, clock: FakeClock, request: pytest.FixtureRequest) -> FaultyConnector:
        async def no_time(seconds: float) -> None:
            clock.advance(seconds)

        inner = AtHost(host, connector_at(host, clock))
        return FaultyConnector(inner, SeededPlan(request.param, probability=0.3), sleep=no_time)


class TestWopiContents(ConnectorContents):
    """Contents. A WOPI host has no folders, and makes files itself: an editor fills them."""

    test_names_are_used_as_they_are = None  # a path is an address
    test_a_folder_is_no_file = None
    test_of_ten_concurrent_creators_exactly_one_wins = None
    test_fifty_megabytes_go_in_and_out = None  # below, on a file that is there
    test_impossible_paths_are_refused_everywhere = None  # below, without folders
    test_after_closing_nothing_is_served = None  # as in the safety half

    @pytest.mark.parametrize("content", [b"", b"a", b"\0", "grün\r\n".encode(), b"\xff\xfe", bytes(range(256)) * 4000])
    async def test_what_was_written_is_read(
        self, connector: Connector, seed: Put, content: bytes, outside_read: Get
    ) -> None:
        seed("new.bin", b"")
        result = await connector.write("new.bin", content, ALICE, if_version=None)

        read = await connector.read("new.bin", ALICE, limit_bytes=LIMIT)

        assert (read.content, read.version) == (content, result.version)
        assert outside_read("new.bin") == content

    async def test_what_is_missing_is_said_to_be(self, connector: Connector) -> None:
        for call in (
            lambda: connector.stat("missing", ALICE),
            lambda: connector.read("missing", ALICE, limit_bytes=1),
            lambda: connector.write("missing", b"x", ALICE, if_version=None),
            lambda: connector.lock("missing", OURS, "Alice", ALICE),
        ):
            with pytest.raises(FileMissing):
                await call()

    async def test_a_file_with_content_is_not_created_again(self, connector: Connector, seed: Put) -> None:
        seed("a.txt", b"theirs")

        with pytest.raises(FileExists):
            await connector.write("a.txt", b"ours", ALICE, if_version=None)

    async def test_stat_describes_a_file(self, connector: Connector, seed: Put) -> None:
        seed("a.txt", b"abc")

        stat = await connector.stat("a.txt", ALICE)

        assert (stat.name, stat.size_bytes, stat.writable) == ("a.txt", 3, True)
        assert stat.version is not None


class TestWopiLocks(ConnectorLocks):
    """Locks, of hosts that look at lock ids."""

    @pytest.fixture(params=["strict", "wopiserver", "opencloud"])
    def host(self, request: pytest.FixtureRequest, clock: FakeClock) -> WopiHost:
        return WopiHost(clock, PROFILES[request.param])


@pytest.mark.parametrize("path", BAD_PATHS)
async def test_impossible_paths_are_refused(path: str, clock: FakeClock) -> None:
    connector = connector_at(WopiHost(clock), clock)

    with pytest.raises((AccessDenied, Exception)) as caught:
        await connector.stat(path, ALICE)

    assert type(caught.value).__name__ == "InvalidPath"


class Quirk:
    """One host, one file, one person."""

    def __init__(self, clock: FakeClock, profile: object, content: bytes = b"old") -> None:
        self.clock = clock
        self.host = WopiHost(clock, profile)  # type: ignore[arg-type]
        self.host.put("a.md", content)
        self.connector = connector_at(self.host, clock)
        self.anna = credentials_for(self.host, "a.md")
        self.path = path_of(self.host.source("a.md"))

    @property
    def content(self) -> bytes:
        return self.host.files["a.md"].content

    async def lock(self) -> None:
        await self.connector.lock(self.path, OURS, "livefolder", self.anna)

    async def write(self, content: bytes, who: object = None) -> str:
        version = (await self.connector.stat(self.path, self.anna)).version
        return (await self.connector.write(self.path, content, self.anna, if_version=version)).version

    def operations(self) -> list[str]:
        return [asked.operation for asked in self.host.asked]


async def test_nextclouds_lock_of_somebody_else_is_told(clock: FakeClock) -> None:
    quirk = Quirk(clock, NEXTCLOUD)
    quirk.host.lock_by_others("a.md")

    with pytest.raises(LockHeld) as caught:
        await quirk.lock()

    assert caught.value.owner == "Foreign Person"


async def test_a_write_has_its_length_and_is_kept_by_a_host_that_drops_chunked_bodies(clock: FakeClock) -> None:
    quirk = Quirk(clock, OPENCLOUD)

    await quirk.write(b"new")

    put = next(asked for asked in quirk.host.asked if asked.operation == "put_file")
    assert put.request.content == b"new"
    assert quirk.content == b"new"


async def test_a_change_behind_wopiserver_is_seen_before_the_write_and_makes_no_conflict_copy(
    clock: FakeClock,
) -> None:
    quirk = Quirk(clock, WOPISERVER)
    await quirk.lock()
    await quirk.write(b"one")
    quirk.host.put("a.md", b"outside", "a.md")

    await quirk.connector.read(quirk.path, quirk.anna, limit_bytes=LIMIT)
    await quirk.write(b"merged")

    assert quirk.content == b"merged"
    assert quirk.host.files["a.md"].copies == []
    assert quirk.host.lock_of("a.md") == OURS


async def test_a_change_right_before_the_write_is_a_conflict_and_the_next_write_works(clock: FakeClock) -> None:
    quirk = Quirk(clock, WOPISERVER)
    await quirk.lock()
    version = await quirk.write(b"one")

    def race(asked: Asked) -> None:
        if asked.operation == "put_file":
            quirk.host.before = None
            quirk.host.put("a.md", b"foreign", "a.md")

    quirk.host.before = race
    with pytest.raises(VersionMismatch):
        await quirk.connector.write(quirk.path, b"ours", quirk.anna, if_version=version)  # type: ignore[arg-type]
    assert quirk.content == b"foreign"

    await quirk.write(b"foreign and ours")
    assert quirk.content == b"foreign and ours"


async def test_nextclouds_false_alarm_is_written_again_without_a_timestamp(clock: FakeClock) -> None:
    quirk = Quirk(clock, NEXTCLOUD)
    await quirk.lock()
    await quirk.write(b"one")

    def stale_cache(asked: Asked) -> HttpAnswer | None:
        if asked.operation == "put_file" and "x-cool-wopi-timestamp" in asked.headers:
            return HttpAnswer(409, {}, b'{"LOOLStatusCode":1010}')
        return None

    quirk.host.before = stale_cache
    await quirk.write(b"two")

    assert quirk.content == b"two"


async def test_a_host_that_insists_on_a_conflict_is_not_asked_again_at_once(clock: FakeClock) -> None:
    quirk = Quirk(clock, WOPISERVER)
    await quirk.lock()
    await quirk.write(b"one")
    quirk.host.before = lambda asked: (
        HttpAnswer(409, {"x-wopi-lock": "External"}, b"") if asked.operation == "put_file" else None
    )

    with pytest.raises(LockHeld):
        await quirk.write(b"two")

    assert quirk.operations().count("put_file") == 3


async def test_a_lock_taken_again_after_a_restart_is_extended(clock: FakeClock) -> None:
    quirk = Quirk(clock, OPENCLOUD)
    await quirk.lock()
    clock.advance(1700)

    restarted = connector_at(quirk.host, clock)
    await restarted.lock(quirk.path, OURS, "livefolder", quirk.anna)
    clock.advance(1700)

    assert quirk.host.lock_of("a.md") == OURS


async def test_a_lock_that_expired_is_lost_and_unlocking_it_is_no_error(clock: FakeClock) -> None:
    quirk = Quirk(clock, STRICT)
    await quirk.lock()
    clock.advance(1801)

    with pytest.raises(LockLost):
        await quirk.connector.refresh_lock(quirk.path, OURS, quirk.anna)
    await quirk.connector.unlock(quirk.path, OURS, quirk.anna)


async def test_a_file_without_lock_support_gets_no_lock_calls(clock: FakeClock) -> None:
    quirk = Quirk(clock, STRICT)
    quirk.host.properties = {"SupportsLocks": False}

    await quirk.lock()
    await quirk.connector.refresh_lock(quirk.path, OURS, quirk.anna)
    await quirk.connector.unlock(quirk.path, OURS, quirk.anna)

    assert set(quirk.operations()) == {"check_file_info"}


async def test_when_a_token_is_refused_that_of_another_person_is_used(clock: FakeClock) -> None:
    quirk = Quirk(clock, STRICT)
    await quirk.lock()
    bob = credentials_for(quirk.host, "a.md", "bob")
    quirk.connector.offer(quirk.path, bob, edited=True)
    token = WopiToken.of(quirk.anna)
    assert token is not None
    del quirk.host.tokens[token.token]

    await quirk.write(b"new")
    before = len(quirk.host.asked)
    await quirk.write(b"newer")

    assert quirk.content == b"newer"
    assert {asked.token for asked in quirk.host.asked[before:]} == {(WopiToken.of(bob) or token).token}


async def test_without_a_token_that_works_nothing_is_asked_for_ever(clock: FakeClock) -> None:
    quirk = Quirk(clock, STRICT)
    quirk.host.tokens.clear()

    for _ in range(5):
        with pytest.raises(NoCredentials):
            await quirk.connector.stat(quirk.path, quirk.anna)

    assert len(quirk.host.asked) == 1


async def test_who_changed_something_is_named_to_the_host(clock: FakeClock) -> None:
    quirk = Quirk(clock, STRICT)
    await quirk.lock()
    quirk.connector.offer(quirk.path, quirk.anna, edited=True)
    quirk.connector.offer(quirk.path, credentials_for(quirk.host, "a.md", "bob"), edited=True)

    await quirk.write(b"new")
    await quirk.write(b"newer")

    puts = [asked for asked in quirk.host.asked if asked.operation == "put_file"]
    assert puts[0].headers["x-wopi-editors"] == "anna,bob"
    assert "x-wopi-editors" not in puts[1].headers


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_followed_and_signed_again(clock: FakeClock, status: int) -> None:
    quirk = Quirk(clock, STRICT)
    elsewhere = quirk.host.source("a.md") + "?moved=1&access_token="

    def redirect(asked: Asked) -> HttpAnswer | None:
        token = asked.request.url.rpartition("access_token=")[2]
        return None if "moved=1" in asked.request.url else HttpAnswer(status, {"location": elsewhere + token}, b"")

    quirk.host.before = redirect

    assert (await quirk.connector.stat(quirk.path, quirk.anna)).size_bytes == 3


async def test_a_redirect_circle_and_a_login_page_are_a_storage_that_is_away(clock: FakeClock) -> None:
    quirk = Quirk(clock, STRICT)
    quirk.host.before = lambda asked: HttpAnswer(302, {"location": asked.request.url}, b"")
    with pytest.raises(Unavailable):
        await quirk.connector.stat(quirk.path, quirk.anna)

    quirk.host.before = lambda asked: HttpAnswer(200, {"content-type": "text/html"}, b"<html>Please log in</html>")
    with pytest.raises(Unavailable):
        await quirk.connector.stat(quirk.path, quirk.anna)


async def test_a_host_that_sends_too_much_is_cut(clock: FakeClock) -> None:
    quirk = Quirk(clock, STRICT, content=b"x" * 1000)
    quirk.host.properties = {"Size": 1}

    with pytest.raises(TooLarge):
        await quirk.connector.read(quirk.path, quirk.anna, limit_bytes=999)


async def test_an_answer_without_content_is_not_the_content_of_a_file_that_has_some(clock: FakeClock) -> None:
    quirk = Quirk(clock, STRICT)
    quirk.host.before = lambda asked: HttpAnswer(200, {}, b"") if asked.operation == "get_file" else None

    with pytest.raises(Unavailable):
        await quirk.connector.read(quirk.path, quirk.anna, limit_bytes=LIMIT)


async def test_spellings_of_one_address_are_one_path() -> None:
    spellings = {
        "https://host.example/wopi/files/a%2fb",
        "https://HOST.example:443/wopi/files/a%2Fb",
        "https://host.example/wopi/files/a%2fb?access_token=t",
    }

    assert len({path_of(spelling) for spelling in spellings}) == 1
    assert path_of("https://host.example/wopi/files/b") not in {path_of(spelling) for spelling in spellings}


async def test_the_address_is_used_as_the_host_gave_it(clock: FakeClock) -> None:
    source = "https://host.example/wopi/files/a%2fb!=?x=1"

    token = WopiToken(source, "a b&c=!")

    assert token.address("/contents") == (
        "https://host.example/wopi/files/a%2fb!=/contents?x=1&access_token=a%20b%26c%3D%21"
    )


@pytest.mark.parametrize("status", [200, 404])
async def test_a_file_url_is_used_as_it_is_and_unsigned_or_else_the_usual_way(clock: FakeClock, status: int) -> None:
    quirk = Quirk(clock, STRICT)
    elsewhere = "https://host.example/download/1?signature=x%2f="
    quirk.host.properties = {"FileUrl": elsewhere}
    quirk.host.before = lambda asked: (
        HttpAnswer(status, {}, b"by url") if asked.request.url.startswith("https://host.example/download/") else None
    )

    content = (await quirk.connector.read(quirk.path, quirk.anna, limit_bytes=LIMIT)).content

    asked = next(one for one in quirk.host.asked if "/download/" in one.request.url)
    assert content == (b"by url" if status == 200 else b"old")
    assert asked.request.url == elsewhere and not {"x-wopi-proof", "authorization"} & asked.headers.keys()


async def test_a_new_file_begins_as_the_template_that_the_host_names(clock: FakeClock) -> None:
    quirk = Quirk(clock, STRICT, content=b"")
    quirk.host.properties = {"TemplateSource": "https://host.example/template"}
    quirk.host.before = lambda asked: (
        HttpAnswer(200, {}, b"# Title") if asked.request.url == "https://host.example/template" else None
    )

    read = await quirk.connector.read(quirk.path, quirk.anna, limit_bytes=LIMIT)
    await quirk.connector.write(quirk.path, b"# Mine", quirk.anna, if_version=read.version)

    assert (read.content, quirk.content) == (b"# Title", b"# Mine")
