"""Runs against servers that are broken on purpose: each says what it saw, and none is valid or hangs."""

from __future__ import annotations

import asyncio

import pytest

from loadtest.results import Result, Sample, Verdict
from loadtest.run import run_scenario
from loadtest.settings import Credentials, Deadlines, RunSettings
from tests.loadtest import servers
from tests.loadtest.servers import SmallServer, running
from tests.ports import free_port

pytestmark = pytest.mark.slow

SHORT = Deadlines(connect_s=30, settle_s=2, proof_s=60, grace_s=30)
"""What is broken stays broken, so nothing is gained by waiting longer for it."""


async def run(url: str, deadlines: Deadlines = SHORT, **settings: object) -> Result:
    """A few seconds of typing by four people."""
    said: list[Sample | str] = []
    return await run_scenario(
        RunSettings(
            url,
            "class",
            clients=4,
            duration_s=2.0,
            parameters={"warm_up_s": 0},
            deadlines=deadlines,
            **settings,  # type: ignore[arg-type]
        ),
        said.append,
    )


async def test_a_whole_server_is_not_invalid_and_nothing_is_lost() -> None:
    async with running(SmallServer) as (server, url):
        result = await run(url, Deadlines())

    assert result.verdict is not Verdict.INVALID, result.proof
    assert result.proof.agreeing == result.proof.clients == 4
    assert server.updates > 0
    measured = result.phase("measure")
    settled = result.phase("settle")
    assert measured is not None and settled is not None
    assert measured.deliveries + settled.deliveries == 3 * (measured.sent + settled.sent) == 3 * server.updates


async def test_lost_updates_are_counted() -> None:
    async with running(servers.Lossy) as (_, url):
        result = await run(url)

    assert result.verdict is Verdict.INVALID
    assert result.proof.lost_edits > 0
    assert not result.proof.server_agrees


async def test_a_server_that_relays_and_forgets_is_found_out_by_a_newcomer() -> None:
    async with running(servers.Forgetful) as (_, url):
        result = await run(url)

    assert result.verdict is Verdict.INVALID
    assert result.proof.agreeing == 4
    assert result.proof.lost_edits > 0


async def test_one_client_that_is_not_told_everything_diverges() -> None:
    async with running(servers.Unfair) as (_, url):
        result = await run(url)

    assert result.verdict is Verdict.INVALID
    assert result.proof.agreeing == 3
    assert result.proof.server_agrees
    assert any("client" in problem for problem in result.proof.problems)


async def test_content_that_a_server_doubles_is_counted() -> None:
    async with running(servers.Doubling) as (_, url):
        result = await run(url)

    assert result.verdict is Verdict.INVALID
    assert result.proof.doubled_edits > 0


async def test_a_server_that_drops_half_is_told_by_codes_and_statuses() -> None:
    async with running(servers.Dropping) as (_, url):
        result = await run(url, Deadlines(connect_s=5, settle_s=2, proof_s=60, grace_s=30))

    assert result.verdict is Verdict.INVALID
    assert result.errors["closed with 1011 out of memory"] == 2
    assert result.errors["not joined: HTTP 503"] >= 2
    assert any("not connected at the end" in problem for problem in result.proof.problems)


async def test_a_server_that_stops_answering_does_not_hang_the_run() -> None:
    async with running(servers.Stuck) as (_, url):
        result = await run(url)

    assert result.verdict is Verdict.INVALID
    assert result.proof.lost_edits > 0


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        (servers.Silent, "not in sync in time"),
        (servers.Babbling, "none of the protocol"),
        (servers.Chatting, "a text message"),
        (servers.Elsewhere, "HTTP 404"),
    ],
)
async def test_another_kind_of_server_is_named(kind: type[SmallServer], seen: str) -> None:
    async with running(kind) as (_, url):
        result = await run(url, Deadlines(connect_s=2))

    assert result.verdict is Verdict.INVALID
    assert result.proof.agreeing == 0
    assert seen in result.proof.problems[0]


@pytest.mark.parametrize("answer", [b"", b"220 mail.example.org ESMTP\r\n", b"HTTP/1.1 426 Upgrade Required\r\n\r\n"])
async def test_a_port_that_speaks_no_websocket_is_said_so(answer: bytes) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as listening:
        result = await run(f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}", Deadlines(connect_s=5))

    assert result.verdict is Verdict.INVALID
    assert "nobody can join" in result.proof.problems[0]
    assert "426" in result.proof.problems[0] or b"426" not in answer


async def test_a_server_that_is_not_there_is_said_so() -> None:
    result = await run(f"ws://127.0.0.1:{free_port()}")

    assert result.verdict is Verdict.INVALID
    assert "nobody can join" in result.proof.problems[0]


async def test_the_token_reaches_the_server_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    async with running(SmallServer) as (server, url):
        result = await run(url, Deadlines(), credentials=Credentials("s3cr3t-token"))

    assert all("token=s3cr3t-token" in request.path for request in server.requests)
    assert "s3cr3t" not in repr(result)
    assert "s3cr3t" not in "".join(capfd.readouterr())
