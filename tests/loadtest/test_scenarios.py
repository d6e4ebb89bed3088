"""Every scenario in miniature against our own server: what it is made for happens, and the proof holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.results import Result, Verdict, decode_result, encode_result
from loadtest.run import run_scenario
from loadtest.scenarios.table import SCENARIOS
from loadtest.settings import RunSettings, Value
from tests.serving import Server

pytestmark = pytest.mark.slow

SMALL: dict[str, dict[str, Value]] = {
    "fan-out": {"clients": 5, "writers": 2, "in_flight": 2},
    "lock-step": {"clients": 3},
    "offices": {"clients": 3, "rooms": 2},
    "offices-x5": {"clients": 3, "rooms": 2},
    "big-room": {"clients": 6, "text_per_s": 20.0, "presence_per_s": 20.0},
    "lecture": {"clients": 4, "text_per_s": 10.0, "presence_per_s": 2.0},
    "class": {"clients": 4},
    "join-storm": {"clients": 4, "edits": 2_000},
    "idle": {"clients": 5},
    "reconnect-storm": {"clients": 4, "writers": 2, "interval_s": 0.6, "text_per_s": 10.0},
    "slow-readers": {"clients": 4, "slow_share": 0.25, "pause_s": 0.4, "text_per_s": 10.0},
    "replay": {"clients": 3, "rooms": 1, "edits": 30, "speed": 10.0},
    "mixed-day": {"clients": 3, "rooms": 2, "away_share": 10.0},
}
KINDS = {
    "fan-out": {"text", "text_last"},
    "lock-step": {"text", "text_last"},
    "lecture": {"text", "presence"},
    "join-storm": {"join", "join_alone"},
    "reconnect-storm": {"rejoin", "text"},
    "slow-readers": {"text", "text_slow"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Our own, for all of them."""
    home = tmp_path_factory.mktemp("loadtest")
    (home / "folder").mkdir()
    running = Server(home / "folder", home / "data", environ={"COLLAB_LIMITS_MESSAGES_PER_SECOND": "100000"}).start()
    yield running
    running.stop()


async def play(server: Server, name: str, parameters: dict[str, Value], **others: object) -> Result:
    chosen = {"duration_s": 2.0, "warm_up_s": 0.0} | parameters
    settings = RunSettings(server.ws_url, name, parameters=chosen, **others)  # type: ignore[arg-type]
    return await run_scenario(settings, lambda _: None)


def test_every_scenario_has_its_miniature() -> None:
    assert SMALL.keys() == SCENARIOS.keys()


@pytest.mark.parametrize("name", list(SMALL))
async def test_a_scenario_ends_with_the_proof(server: Server, name: str) -> None:
    result = await play(server, name, SMALL[name])

    assert result.verdict is not Verdict.INVALID, (result.proof, result.errors)
    assert result.proof.holds
    assert result.proof.clients == SMALL[name]["clients"] * result.parameters["rooms"]
    kinds = {latency.kind for latency in result.latencies}
    assert KINDS.get(name, {"text"}) <= kinds
    assert [phase.name for phase in result.phases] == ["connect", "measure", "settle", "proof"]
    assert decode_result(encode_result(result)).verdict is result.verdict


async def test_two_processes_add_up(server: Server) -> None:
    one = await play(server, "class", {"clients": 4}, processes=1)
    two = await play(server, "class", {"clients": 4}, processes=2)

    for result in (one, two):
        assert result.proof.holds
        sent = sum(phase.sent for phase in result.phases)
        delivered = sum(phase.deliveries for phase in result.phases)
        text = result.latency("text")
        assert text is not None
        assert delivered == text.count == sent * 3
    assert two.ceiling.processes == 2


async def test_acknowledgements_are_measured_where_the_server_gives_them(server: Server) -> None:
    result = await play(server, "class", {"clients": 2}, extensions=True)

    acknowledged = result.latency("acknowledgement")
    assert acknowledged is not None
    assert acknowledged.count == sum(phase.sent for phase in result.phases)


async def test_warm_up_is_not_measured(server: Server) -> None:
    result = await play(server, "class", {"clients": 2, "warm_up_s": 1.0})

    warm_up, measured, text = result.phase("warm-up"), result.phase("measure"), result.latency("text")
    assert warm_up is not None and measured is not None and text is not None
    assert warm_up.sent > 0
    assert text.count == sum(phase.deliveries for phase in result.phases) - warm_up.deliveries


async def test_the_server_is_found_by_its_port_and_its_whole_tree_is_measured(server: Server) -> None:
    result = await play(server, "fan-out", {"clients": 6})

    measured = result.phase("measure")
    assert measured is not None
    assert measured.server_cpu_s is not None and measured.server_cpu_s > 0
    assert result.figures["server_rss_bytes_held"] > server.workers()[0].memory_info().rss / 2


async def test_a_seed_gives_the_same_people_again(server: Server) -> None:
    first = await play(server, "replay", {"clients": 2, "rooms": 1, "edits": 40, "speed": 100.0}, seed=5)
    again = await play(server, "replay", {"clients": 2, "rooms": 1, "edits": 40, "speed": 100.0}, seed=5)

    def sent(result: Result) -> int:
        return sum(phase.sent for phase in result.phases)

    assert sent(first) == sent(again) > 0
    assert first.parameters == dataclasses.replace(again).parameters


async def test_a_notebook_is_joined(server: Server) -> None:
    result = await play(server, "join-storm", {"clients": 3, "document": "notebook", "cells": 200})

    assert result.proof.holds, result.proof


async def test_a_room_that_is_not_empty_is_left_with_what_was_there(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        result = await play(server, "class", {"clients": 2}, document="twice-used")

        assert result.proof.holds, result.proof
