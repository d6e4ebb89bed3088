"""Servers are compared by medians of sound rounds, as multiples of the first one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadtest.comparison import Column, compare
from loadtest.report.markdown import render_table
from loadtest.results import Result, Verdict
from loadtest.settings import RunSettings
from loadtest.targets import parse_target
from loadtest.turns import turns
from tests.loadtest import made


def rounds(server: str, *scales: float) -> list[Result]:
    return [made.result(server, scale) for scale in scales]


def cpu(column: Column) -> float:
    return column.values["cpu_per_100k"].median


def test_a_ratio_is_of_the_medians_to_the_first_server() -> None:
    [comparison] = compare([*rounds("ours", 1.0, 5.0, 1.1), *rounds("theirs", 2.2, 2.0, 9.0)])
    ours, theirs = comparison.columns

    assert cpu(theirs) / cpu(ours) == pytest.approx(2.0)
    assert comparison.ratio(theirs, "cpu_per_100k") == pytest.approx(2.0)
    assert comparison.ratio(theirs, "memory") == pytest.approx(2.0)
    assert comparison.ratio(theirs, "text_p99") == pytest.approx(2.0, rel=0.02)
    assert comparison.ratio(ours, "cpu_per_100k") == 1.0


def test_an_invalid_run_is_counted_and_in_no_median() -> None:
    bad = replace(made.result("ours", 100.0), verdict=Verdict.INVALID)
    [comparison] = compare([*rounds("ours", 1.0, 1.0), bad])
    [column] = comparison.columns

    assert (column.sound, len(column.results)) == (2, 3)
    assert column.values["cpu_per_100k"].high == pytest.approx(column.values["cpu_per_100k"].low)


def test_a_server_of_which_nothing_is_known_has_no_ratio() -> None:
    [comparison] = compare([made.result("ours"), replace(made.unseen(), server="far away")])
    far = comparison.columns[1]

    assert comparison.ratio(far, "cpu_per_100k") is None
    assert comparison.ratio(far, "memory") is None


def test_runs_with_other_parameters_are_not_thrown_together() -> None:
    large = replace(made.result("ours"), parameters={**made.result().parameters, "clients": 500})

    found = compare([made.result("ours"), large, made.result("theirs")])

    assert [len(comparison.columns) for comparison in found] == [2, 1]
    assert [comparison.title for comparison in found] == ["Lock step (clients=100)", "Lock step (clients=500)"]


def test_the_seed_does_not_separate_runs() -> None:
    other = replace(made.result("ours"), parameters={**made.result().parameters, "seed": 8})

    assert len(compare([made.result("ours"), other])) == 1


def test_figures_of_a_scenario_are_compared_too() -> None:
    runs = [replace(made.result(name), figures={"join_all_s": value}) for name, value in (("a", 0.5), ("b", 2.0))]
    [comparison] = compare(runs)

    assert comparison.ratio(comparison.columns[1], "join_all_s") == 4.0


def test_servers_take_turns_within_each_round() -> None:
    targets = [parse_target("livefolder"), parse_target("y-websocket")]
    settings = [RunSettings("", "lock-step"), RunSettings("", "offices")]

    planned = [(turn.settings.scenario, turn.round, turn.target.name) for turn in turns(targets, settings, 2)]

    assert planned[:4] == [
        ("lock-step", 1, "livefolder"),
        ("lock-step", 1, "y-websocket"),
        ("lock-step", 2, "livefolder"),
        ("lock-step", 2, "y-websocket"),
    ]
    assert len(planned) == 8


def test_the_markdown_table_has_medians_multiples_and_marks() -> None:
    invalid = replace(made.result("broken"), verdict=Verdict.INVALID)
    bound = replace(made.bound(), server="bound | busy")
    [comparison] = compare([*rounds("ours", 1.0), *rounds("theirs", 2.0), invalid, bound])

    table = render_table([("Lock-step", comparison, "cpu_per_100k")]).splitlines()

    assert table[0] == "|  | ours | theirs | broken | bound \\| busy |"
    assert "0.302 s" in table[2]
    assert "(2.00×)" in table[2]  # noqa: RUF001 - the times sign
    assert "| invalid |" in table[2]
    assert " * |" in table[2]
