"""Owns the bus over Redis, and is the only importer of its client; knows no message.

Two connections: one subscribes, one publishes. Commands of one turn of the event loop are one write, and nobody waits
for their answers: a slow Redis costs delay, not order or throughput. No key is ever written, so an empty, restarted or
full Redis is as good as any. In a cluster every node passes publications on to all, so one reachable node is enough.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

import redis.asyncio as client
import structlog
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.sentinel import Sentinel
from redis.exceptions import RedisError, ResponseError

from collab.clock import Clock
from collab.config import RedisConfig
from collab.errors import CollabError
from collab.fanout.base import BusEvents
from collab.fanout.redis_server import SLOW_S, RedisUnfit, ServerFacts, explain, judge, read_facts
from collab.limits import Limits

_log = structlog.get_logger(__name__)

RETRY_MIN_S, RETRY_MAX_S = 0.1, 0.5
_SENTINEL_PORT = 26379
_PINGS_OPEN = 4
"""So many signs of life were asked for on the subscribing connection in the time that one may take."""
_FAULTS = (RedisError, OSError, TimeoutError, RedisUnfit, CollabError)


class RedisBus:
    """A bus that comes back by itself."""

    def __init__(self, config: RedisConfig, limits: Limits, clock: Clock) -> None:
        self._config = config
        self._limits = limits
        self._clock = clock
        self._events: BusEvents | None = None
        self._channels: set[str] = set()
        self._standing: dict[str, asyncio.Event] = {}
        """Set when the server has confirmed a subscription."""
        self._session: _Session | None = None
        self._reason = ""
        self._slow = False
        self._stack = AsyncExitStack()

    @property
    def available(self) -> bool:
        return self._session is not None

    async def open(self, events: BusEvents) -> None:
        self._events = events
        async with AsyncExitStack() as stack:
            group = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(group.create_task(self._keep_connected(), name="redis").cancel)
            self._stack = stack.pop_all()

    async def close(self) -> None:
        session = self._session
        if session is not None:
            with suppress(*_FAULTS):
                await session.drain()
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    def publish(self, channel: str, payload: bytes) -> None:
        if self._session is not None:
            self._session.publish(channel, payload)

    async def subscribe(self, channel: str) -> None:
        self._channels.add(channel)
        stands = self._standing[channel] = asyncio.Event()
        if self._session is not None:
            self._session.subscribe("SUBSCRIBE", channel)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._config.timeout_s):
                    await stands.wait()

    async def unsubscribe(self, channel: str) -> None:
        self._channels.discard(channel)
        self._standing.pop(channel, None)
        if self._session is not None:
            self._session.subscribe("UNSUBSCRIBE", channel)

    async def listeners(self, channel: str) -> int | None:
        session = self._session
        if session is None or session.facts.cluster:
            return None
        try:
            async with asyncio.timeout(self._config.timeout_s):
                answer = await session.ask("PUBSUB", "NUMSUB", channel)
        except (TimeoutError, *_FAULTS):
            return None
        return int(answer[1])

    # -- the connection --

    async def _keep_connected(self) -> None:
        delay_s = RETRY_MIN_S
        while True:
            try:
                await self._connect_and_serve()
                delay_s = RETRY_MIN_S
            except* _FAULTS as errors:
                if self._session is not None:
                    delay_s = RETRY_MIN_S
                self._lost(errors.exceptions[0])
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, RETRY_MAX_S)

    async def _connect_and_serve(self) -> None:
        """Serve one connection until it fails. Raises: ExceptionGroup of `_FAULTS`."""
        async with AsyncExitStack() as stack:
            publishing, subscribing, facts = await self._connect(stack)
            session = _Session(publishing, subscribing, facts, self._limits.fanout_queue_size_bytes)
            async with asyncio.TaskGroup() as group:
                for work, role in (
                    (session.write(), "write"),
                    (session.read_answers(), "answers"),
                    (self._read_messages(session), "messages"),
                    (self._watch(session), "watch"),
                ):
                    group.create_task(work, name=f"redis: {role}")
                await self._subscribe_all(session)
                self._came(session)

    async def _connect(self, stack: AsyncExitStack) -> tuple[AbstractConnection, AbstractConnection, ServerFacts]:
        """Two connections to the first server that is fit. Raises: `_FAULTS`."""
        failed: Exception = RedisUnfit("No Redis is named.")
        for pool in await pools(self._config):
            connections = [_connection(pool), _connection(pool)]
            try:
                async with asyncio.timeout(self._config.timeout_s):
                    for connection in connections:
                        await connection.connect()  # type: ignore[no-untyped-call]
                    facts = await read_facts(connections[0], self._clock)
                judge(facts)
            except _FAULTS as error:
                failed = error
                for connection in connections:
                    await connection.disconnect(nowait=True)
            else:
                for connection in connections:
                    stack.push_async_callback(connection.disconnect, nowait=True)
                return connections[0], connections[1], facts
        raise failed

    async def _subscribe_all(self, session: _Session) -> None:
        for channel in self._channels:
            self._standing[channel] = asyncio.Event()
            session.subscribe("SUBSCRIBE", channel)
        async with asyncio.timeout(self._config.timeout_s):
            for channel in tuple(self._channels):
                stands = self._standing.get(channel)
                if stands is not None:
                    await stands.wait()

    def _came(self, session: _Session) -> None:
        self._session = session
        self._reason = ""
        _log.info("redis_connected", server=session.facts.version, cluster=session.facts.cluster)
        if self._events is not None:
            self._events.on_reach(True)

    def _lost(self, error: Exception) -> None:
        reason = explain(error)
        if reason != self._reason:
            self._reason = reason
            _log.warning("redis_away", reason=reason)
        if self._session is not None:
            self._session = None
            if self._events is not None:
                self._events.on_reach(False)

    async def _read_messages(self, session: _Session) -> None:
        while True:
            kind, channel, payload = await session.next_push()
            if kind == b"message" and self._events is not None:
                self._events.on_bytes(channel.decode(errors="replace"), payload)
            elif kind == b"subscribe":
                stands = self._standing.get(channel.decode(errors="replace"))
                if stands is not None:
                    stands.set()

    async def _watch(self, session: _Session) -> None:
        """Ask for a sign of life on both connections; who gives none is away."""
        timeout_s = self._config.timeout_s
        while True:
            await asyncio.sleep(timeout_s / 3)
            asked_at = self._clock.monotonic()
            session.subscribe("PING")
            async with asyncio.timeout(timeout_s):
                await session.ask("PING")
            self._note_delay(self._clock.monotonic() - asked_at)
            if session.pings_open > _PINGS_OPEN:
                raise TimeoutError

    def _note_delay(self, delay_s: float) -> None:
        slow = delay_s > SLOW_S
        if slow is not self._slow:
            self._slow = slow
            if slow:
                _log.warning(
                    "redis_slow", reason=f"Redis answers after {delay_s * 1000:.0f} ms: others' edits come late."
                )
            else:
                _log.info("redis_fast_again")


class _Session:
    """One pair of connections while it lasts."""

    def __init__(
        self, publishing: AbstractConnection, subscribing: AbstractConnection, facts: ServerFacts, most_bytes: int
    ) -> None:
        self.facts = facts
        self.pings_open = 0
        self._publishing = publishing
        self._subscribing = subscribing
        self._most_bytes = most_bytes
        self._commands: list[tuple[Any, ...]] = []
        self._subscriptions: list[tuple[str, ...]] = []
        self._bytes = 0
        self._answers: deque[asyncio.Future[Any] | None] = deque()
        """Who waits for which answer, in the order of the commands; None: nobody."""
        self._wake = asyncio.Event()
        self._overflowed = False

    def publish(self, channel: str, payload: bytes) -> None:
        """Send with everything else of this turn."""
        self._bytes += len(payload)
        if self._bytes > self._most_bytes:
            self._overflowed = True
        else:
            self._commands.append(("PUBLISH", channel, payload))
            self._answers.append(None)
        self._wake.set()

    def subscribe(self, *command: str) -> None:
        """A command of the subscribing connection."""
        self.pings_open += command == ("PING",)
        self._subscriptions.append(command)
        self._wake.set()

    async def ask(self, *command: str) -> Any:
        """Raises: `_FAULTS`."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._commands.append(command)
        self._answers.append(answer)
        self._wake.set()
        return await answer

    async def drain(self) -> None:
        """Let everything that was published go out. Raises: `_FAULTS`."""
        async with asyncio.timeout(1.0):
            await self.ask("PING")

    async def write(self) -> None:
        """Write what is to be sent, for ever. Raises: `_FAULTS`."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._overflowed:
                raise RedisUnfit("Redis takes messages too slowly; what waits for it is given up.")
            subscriptions, self._subscriptions = self._subscriptions, []
            commands, self._commands = self._commands, []
            if subscriptions:
                await _send(self._subscribing, subscriptions)
            if commands:
                await _send(self._publishing, commands)
                self._bytes = sum(len(command[2]) for command in self._commands if command[0] == "PUBLISH")

    async def read_answers(self) -> None:
        """Hand out answers, for ever. Raises: `_FAULTS`."""
        try:
            while True:
                answer = await self._next_answer()
                waiting = self._answers.popleft() if self._answers else None
                if isinstance(answer, ResponseError) and waiting is None:
                    raise answer
                if waiting is not None and not waiting.done():
                    if isinstance(answer, Exception):
                        waiting.set_exception(answer)
                    else:
                        waiting.set_result(answer)
        finally:
            for future in self._answers:
                if future is not None and not future.done():
                    future.cancel()

    async def _next_answer(self) -> Any:
        try:
            return await self._publishing.read_response(disable_decoding=True)
        except ResponseError as error:
            return error

    async def next_push(self) -> tuple[bytes, bytes, bytes]:
        """What the subscribing connection says next. Raises: `_FAULTS`."""
        pushed: Sequence[Any] = await self._subscribing.read_response(disable_decoding=True)
        if pushed and pushed[0] == b"pong":
            self.pings_open = 0
        if not isinstance(pushed, list) or len(pushed) < 3:
            return b"", b"", b""
        payload = pushed[2]
        return pushed[0], pushed[1] or b"", payload if isinstance(payload, bytes) else b""


def _connection(pool: client.ConnectionPool) -> AbstractConnection:
    connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
    return connection


async def _send(connection: AbstractConnection, commands: Sequence[tuple[Any, ...]]) -> None:
    await connection.send_packed_command(connection.pack_commands(commands), check_health=False)


async def pools(config: RedisConfig) -> list[client.ConnectionPool]:
    """One for each server that may do, in order; none of them has connected. Raises: `_FAULTS`."""
    options = _options(config)
    urls = [url.strip() for url in (config.url or "").split(",") if url.strip()]
    if config.sentinel is None:
        return [client.ConnectionPool.from_url(url, **_for(url, options)) for url in urls]
    addresses = [client.ConnectionPool.from_url(url).connection_kwargs for url in urls]
    known: dict[str, Any] = {
        "socket_timeout": config.timeout_s,
        "socket_connect_timeout": config.timeout_s,
        "username": addresses[0].get("username"),
        "password": addresses[0].get("password"),
    }
    places = [(one["host"], one.get("port", _SENTINEL_PORT)) for one in addresses]
    sentinel = Sentinel(places, sentinel_kwargs=known)  # type: ignore[no-untyped-call]
    try:
        host, port = await sentinel.discover_master(config.sentinel)
    finally:
        for one in sentinel.sentinels:
            await one.aclose()
    scheme = "rediss" if urls[0].startswith("rediss:") else "redis"
    primary = f"{scheme}://{host}:{port}"
    return [client.ConnectionPool.from_url(primary, **_for(primary, options))]


def _options(config: RedisConfig) -> dict[str, Any]:
    options: dict[str, Any] = {
        "protocol": 2,
        "socket_connect_timeout": config.timeout_s,
        "socket_keepalive": True,
        "retry": None,
    }
    if config.username is not None:
        options["username"] = config.username
    if config.password is not None:
        options["password"] = config.password
    if config.ca_file is not None:
        options["ssl_ca_certs"] = str(config.ca_file)
    return options


def _for(url: str, options: dict[str, Any]) -> dict[str, Any]:
    """Without what this kind of connection does not know."""
    unknown = set() if url.startswith("rediss:") else {"ssl_ca_certs"}
    if url.startswith("unix:"):
        unknown |= {"socket_keepalive"}
    return {name: value for name, value in options.items() if name not in unknown}


async def examine(config: RedisConfig, clock: Clock) -> ServerFacts:
    """Look at the Redis once, as `collab doctor` does. Raises: RedisUnfit with a sentence for people."""
    failed: Exception = RedisUnfit("No Redis is named.")
    try:
        for pool in await pools(config):
            connection = _connection(pool)
            try:
                async with asyncio.timeout(config.timeout_s):
                    await connection.connect()  # type: ignore[no-untyped-call]
                    facts = await read_facts(connection, clock)
                judge(facts)
                return facts
            except _FAULTS as error:
                failed = error
            finally:
                await connection.disconnect(nowait=True)
    except _FAULTS as error:
        failed = error
    raise RedisUnfit(explain(failed)) from None
