"""The bus over a real Redis: the contract, the faults of a Redis, and what people are told about one that is unfit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress

import pytest

from collab.clock import SystemClock
from collab.config import RedisConfig
from collab.fanout.base import Bus
from collab.fanout.redis import RedisBus, examine
from collab.fanout.redis_server import RedisUnfit
from collab.limits import Limits
from tests.fanout.contract import BusContract, Events, opened
from tests.fanout.redis_process import RedisProcess, redis_process


def bus_at(url: str, **settings: object) -> RedisBus:
    return RedisBus(RedisConfig(url=url, **settings), Limits(), SystemClock())  # type: ignore[arg-type]


class _Network:
    def __init__(self, server: RedisProcess) -> None:
        self.server = server

    def bus(self) -> Bus:
        return bus_at(self.server.url)

    async def go(self) -> None:
        self.server.kill()

    async def come(self) -> None:
        self.server.start()


@pytest.fixture
def network() -> Iterator[_Network]:
    with redis_process() as server:
        yield _Network(server)


class TestRedisBus(BusContract):
    """The whole contract, on a real server."""


async def test_a_server_that_stops_answering_is_away_until_it_answers_again(network: _Network) -> None:
    bus, events = bus_at(network.server.url, timeout_s=0.3), Events()
    await bus.open(events)
    await events.until(lambda seen: seen.reach == [True])

    network.server.pause()
    await events.until(lambda seen: seen.reach == [True, False])
    network.server.resume()

    await events.until(lambda seen: seen.reach[-1])
    await bus.close()


async def test_a_full_redis_carries_messages_all_the_same(network: _Network) -> None:
    network.server.command("CONFIG", "SET", "maxmemory", "1")
    network.server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    assert b"OOM" in network.server.command("SET", "key", "value")

    bus, events = await opened(network)
    await bus.subscribe("c")
    bus.publish("c", b"text")

    await events.until(lambda seen: bool(seen.got))
    await bus.close()


async def test_flushing_all_keys_changes_nothing(network: _Network) -> None:
    bus, events = await opened(network)
    await bus.subscribe("c")

    network.server.command("FLUSHALL")
    bus.publish("c", b"text")

    await events.until(lambda seen: bool(seen.got))
    assert events.reach == [True]
    await bus.close()


async def test_nothing_is_ever_kept_in_redis(network: _Network) -> None:
    bus, events = await opened(network)
    await bus.subscribe("c")
    bus.publish("c", b"text")
    await events.until(lambda seen: bool(seen.got))

    assert network.server.command("DBSIZE") == b":0\r\n"
    await bus.close()


async def test_commands_of_one_turn_are_one_write(network: _Network) -> None:
    bus, events = await opened(network)
    await bus.subscribe("c")
    assert bus._session is not None
    writes = []
    connection = bus._session._publishing  # type: ignore[attr-defined]
    send = connection.send_packed_command

    async def counted(packed: list[bytes], check_health: bool = True) -> None:
        writes.append(b"".join(packed).count(b"PUBLISH"))
        await send(packed, check_health=check_health)

    connection.send_packed_command = counted
    for _ in range(50):
        bus.publish("c", b"text")
    await events.until(lambda seen: len(seen.got) == 50)

    assert [count for count in writes if count] == [50]
    await bus.close()


async def test_a_user_that_may_only_publish_and_subscribe_is_enough(network: _Network) -> None:
    network.server.command(
        "ACL",
        "SETUSER",
        "collab",
        "on",
        ">secret",
        "resetchannels",
        "&livefolder:*",
        "+publish",
        "+subscribe",
        "+unsubscribe",
        "+ping",
        "+pubsub",
        "-info",
    )
    config = RedisConfig(url=network.server.url, username="collab", password="secret")
    bus, events = RedisBus(config, Limits(), SystemClock()), Events()
    await bus.open(events)
    await events.until(lambda seen: seen.reach == [True])
    await bus.subscribe("livefolder:room:d")

    bus.publish("livefolder:room:d", b"text")

    await events.until(lambda seen: bool(seen.got))
    await bus.close()


async def test_a_bus_without_a_server_is_open_and_waits(network: _Network) -> None:
    network.server.kill()
    bus, events = bus_at(network.server.url), Events()

    await bus.open(events)
    await bus.subscribe("c")
    assert not bus.available
    network.server.start()

    await events.until(lambda seen: seen.reach == [True])
    await bus.close()


async def test_the_second_server_is_used_when_the_first_is_away(network: _Network) -> None:
    bus, events = bus_at(f"redis://127.0.0.1:1,{network.server.url}"), Events()

    await bus.open(events)

    await events.until(lambda seen: seen.reach == [True])
    await bus.close()


async def _reason(url: str) -> str:
    with pytest.raises(RedisUnfit) as refused:
        await examine(RedisConfig(url=url, timeout_s=5.0), SystemClock())
    return str(refused.value)


async def test_a_good_redis_is_described(network: _Network) -> None:
    facts = await examine(RedisConfig(url=network.server.url), SystemClock())

    assert facts.role == "master"
    assert not facts.cluster


async def test_a_redis_with_a_password_says_what_is_missing() -> None:
    with redis_process("--requirepass", "secret") as server:
        assert "COLLAB_REDIS_PASSWORD" in await _reason(server.url)
        await examine(RedisConfig(url=server.url, password="secret"), SystemClock())
        await examine(RedisConfig(url=f"redis://:secret@127.0.0.1:{server.port}"), SystemClock())


async def test_a_replica_says_whom_it_follows() -> None:
    with ExitStack() as stack:
        primary = stack.enter_context(redis_process())
        replica = stack.enter_context(redis_process("--replicaof", f"127.0.0.1 {primary.port}"))

        reason = await _reason(replica.url)

    assert f"replica of 127.0.0.1:{primary.port}" in reason


async def test_a_redis_that_is_not_there_says_so() -> None:
    assert "cannot be reached" in await _reason("redis://127.0.0.1:1")


@asynccontextmanager
async def pretending(answer: Callable[[bytes], bytes]) -> AsyncIterator[str]:
    """Another program on Redis' port; gives its address."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while words := await reader.read(1000):
            writer.write(b"".join(map(answer, words.split(b"\r\n"))))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def test_a_program_that_is_no_redis_is_no_redis() -> None:
    async with pretending(lambda line: b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        assert await _reason(url)


async def test_a_redis_that_is_too_old_says_so() -> None:
    info = b"redis_version:5.0.7\r\nrole:master\r\n"
    answers = {b"INFO": b"$%d\r\n%s\r\n" % (len(info), info), b"PING": b"+PONG\r\n", b"CLIENT": b"+OK\r\n"}

    async with pretending(lambda line: answers.get(line, b"")) as url:
        assert "5.0.7" in await _reason(url)
