"""What a run leaves behind survives its JSON form."""

from __future__ import annotations

import pytest

from loadtest.results import Ceiling, Latency, Phase, Proof, Result, Sample, Verdict, decode_result, encode_result

RESULT = Result(
    scenario="lock-step",
    parameters={"clients": 3, "seed": 7},
    server="livefolder",
    protocol="y-websocket",
    command="collab loadtest ws://127.0.0.1:8000/ws --scenario lock-step --seed 7",
    started_at="2026-01-01T00:00:00+00:00",
    duration_s=10.0,
    verdict=Verdict.VALID,
    phases=(Phase("measure", 1.0, 9.0, 200_000, 1000, 5, 6, 1.0, 2.0),),
    samples=(Sample(1.0, 10, 5, 3, 1.0, 2.0, 3.0, None, None, 0.5, 0.1),),
    latencies=(Latency("text", 10, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),),
    proof=Proof(1, 3, 3, True, 0, 0),
    ceiling=Ceiling(1, 0.5, 0.1, 0, False),
)


def test_a_result_survives_its_json_form() -> None:
    assert decode_result(encode_result(RESULT)) == RESULT


def test_cpu_is_given_per_hundred_thousand_deliveries() -> None:
    phase = RESULT.phase("measure")

    assert phase is not None
    assert phase.cpu_s_per_100k == 0.5


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2}', encode_result(RESULT).replace('"phases"', '"other"')]
)
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decode_result(text)
