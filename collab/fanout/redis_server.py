"""Owns what is to be known of a Redis before it is relied on, and the sentences that say what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    NoPermissionError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from collab.clock import Clock

OLDEST = (6, 0)
SLOW_S = 0.25


class RedisUnfit(Exception):
    """A Redis that does not do; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One Redis as it describes itself."""

    version: str
    role: str
    primary: str
    """Whom a replica follows."""
    cluster: bool
    delay_s: float
    """How long it took to answer."""


async def read_facts(connection: AbstractConnection, clock: Clock) -> ServerFacts:
    """Ask a Redis what it is. Raises: RedisError, OSError."""
    began = clock.monotonic()
    await connection.send_command("PING")
    await connection.read_response(disable_decoding=True)
    delay_s = clock.monotonic() - began
    try:
        await connection.send_command("INFO")
        told = _fields(await connection.read_response(disable_decoding=True))
    except NoPermissionError:  # an ACL user that may publish and subscribe only is enough
        return ServerFacts("unknown", "master", "", False, delay_s)
    return ServerFacts(
        version=told.get("redis_version", "unknown"),
        role=told.get("role", "master"),
        primary=f"{told.get('master_host', '')}:{told.get('master_port', '')}",
        cluster=told.get("cluster_enabled") == "1",
        delay_s=delay_s,
    )


def judge(facts: ServerFacts) -> None:
    """Raises: RedisUnfit."""
    if facts.version != "unknown" and _numbers(facts.version) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise RedisUnfit(f"This Redis is version {facts.version}; {oldest} or newer is needed.")
    if facts.role != "master" and not facts.cluster:
        raise RedisUnfit(
            f"This Redis is a replica of {facts.primary}: what is published here does not reach the others. "
            "Name the primary, or the sentinels (COLLAB_REDIS_SENTINEL)."
        )


def explain(error: Exception) -> str:
    """What is wrong, and what to do about it."""
    text = str(error)
    if isinstance(error, RedisUnfit):
        return text
    if isinstance(error, AuthenticationError | AuthenticationWrongNumberOfArgsError) or "WRONGPASS" in text:
        return "Redis needs a user and password, or refuses the ones that were given (COLLAB_REDIS_PASSWORD)."
    if isinstance(error, NoPermissionError):
        return f"The Redis user may not do what is needed: PUBLISH, SUBSCRIBE and PING on our channels ({text})."
    if isinstance(error, TimeoutError):
        return "Redis does not answer in time."
    if isinstance(error, ResponseError):
        return f"Redis refuses our commands ({text})."
    if isinstance(error, RedisConnectionError | OSError):
        return f"Redis cannot be reached ({text})."
    return f"Redis cannot be used ({type(error).__name__})."


def _fields(info: Any) -> Mapping[str, str]:
    lines = info.decode(errors="replace").splitlines() if isinstance(info, bytes) else []
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
