"""Figures are said with their units, and what is not known is not said to be nought."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from loadtest import words
from loadtest.results import Proof
from tests.loadtest import made


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.254, "0.254"), (12.34, "12.3"), (1234.5, "1,234"), (0, "0"), (None, "–"), (math.nan, "–"), (math.inf, "–")],  # noqa: RUF001 - a dash
)
def test_a_number_has_three_digits_that_count(value: float | None, said: str) -> None:
    assert words.number(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0 B"), (900, "900 B"), (36.2 * 1024 * 1024, "36.2 MB"), (5 * 1024**4, "5,120 GB")]
)
def test_a_size_has_the_unit_that_fits(value: float, said: str) -> None:
    assert words.size(value) == said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("join_all_s", 1.5, "1.50 s"),
        ("server_rss_bytes_per_connection", 2048, "2.00 kB"),
        ("updates_per_s", 12, "12.0 /s"),
        ("first_ms", 3.0, "3.00 ms"),
        ("rounds", 3, "3.00"),
    ],
)
def test_a_figure_has_the_unit_that_its_name_says(name: str, value: float, said: str) -> None:
    assert words.figure(name, value) == said


def test_the_proof_of_a_valid_run_says_that_all_agree() -> None:
    assert words.prove(made.result().proof).startswith("All 100 clients and the server hold the same document")


def test_the_proof_of_an_invalid_run_says_everything_that_is_wrong() -> None:
    said = words.prove(made.invalid().proof)

    for part in ("97 of 100 clients agree", "the server holds another document", "4 edits lost", "1 edit doubled"):
        assert part in said


@pytest.mark.parametrize("clients", [0, 5])
def test_a_run_that_reached_no_proof_says_why(clients: int) -> None:
    proof = Proof(1, clients, 0, False, 0, 0, ("nobody listens there",))

    assert words.verdict(replace(made.invalid(), proof=proof)).sentence == "Nobody listens there."


def test_verdicts_are_told_apart_without_colours() -> None:
    sayings = [words.verdict(result) for result in (made.result(), made.invalid(), made.bound())]

    assert len({saying.sign for saying in sayings}) == len({saying.title for saying in sayings}) == 3
