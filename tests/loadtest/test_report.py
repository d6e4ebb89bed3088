"""The report is one file, says the verdict first, and takes no stranger's word for HTML."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from loadtest.report.page import render_comparison, render_run
from loadtest.results import Latency, Result, Sample
from tests.loadtest import made

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>' onload='{{7*7}}"
FOREIGN = {"src", "href", "srcset", "action", "data", "poster", "background", "formaction", "xlink:href"}


class Page(HTMLParser):
    """What a page has of tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.styles: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        (self.styles if self.tags and self.tags[-1] == "style" else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def both(results: Callable[[], Result]) -> list[str]:
    return [
        render_run(results()),
        render_comparison([results(), replace(results(), server="other")], "collab loadtest"),
    ]


@pytest.mark.parametrize("result", [made.result, made.invalid, made.bound, made.unseen])
def test_a_report_needs_nothing_from_elsewhere(result: Callable[[], Result]) -> None:
    for text in both(result):
        page = Page(text)

        assert "script" not in page.tags
        assert "link" not in page.tags
        assert not {name for name, _ in page.attributes} & FOREIGN
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert all(word not in style for style in page.styles for word in ("url(", "@import", "http"))
        assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (made.result, "Valid All 100 clients and the server hold the same document"),
        (made.invalid, "Invalid 97 of 100 clients agree"),
        (made.bound, "Generator-bound The generator used 99 % of its core."),
    ],
)
def test_the_verdict_stands_before_every_figure(result: Callable[[], Result], said: str) -> None:
    text = Page(render_run(result())).text

    assert text.index(said) < text.index("per 100,000 deliveries")


def test_hostile_names_stay_text() -> None:
    result = replace(
        made.invalid(),
        scenario=HOSTILE,
        server=HOSTILE,
        protocol=HOSTILE,
        command=HOSTILE,
        started_at=HOSTILE,
        notes=(HOSTILE,),
        errors={HOSTILE: 2},
        parameters={HOSTILE: HOSTILE},
        versions={HOSTILE: HOSTILE},
        figures={HOSTILE: 1.0},
        phases=(replace(made.result().phases[2], name=HOSTILE), *made.result().phases),
        latencies=(replace(made.latency(), kind=HOSTILE),),
        proof=replace(made.invalid().proof, problems=(HOSTILE,)),
        ceiling=replace(made.bound().ceiling, reason=HOSTILE),
    )
    plain = [made.invalid(), made.result()]

    for hostile, usual in (
        (render_run(result), render_run(plain[0])),
        (render_comparison([result, replace(result, verdict=plain[1].verdict)], HOSTILE), render_comparison(plain, "")),
    ):
        page = Page(hostile)
        assert HOSTILE in " ".join(page.words)
        assert set(page.tags) <= set(Page(usual).tags) | {"ul", "li", "pre", "section"}
        assert not [name for name, _ in page.attributes if name.startswith("on") or name in FOREIGN]


def test_a_run_that_measured_nothing_still_has_a_report() -> None:
    empty = replace(made.invalid(), samples=(), phases=(), latencies=(), parameters={}, versions={})

    text = Page(render_run(empty)).text

    assert "Invalid" in text
    assert "not known" in text


def test_values_that_are_no_numbers_are_not_drawn() -> None:
    sample = Sample(1.0, 0, 0, 0, math.nan, math.inf, -math.inf, math.nan, None, math.nan, math.nan)
    latency = Latency("text", 0, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)

    text = render_run(replace(made.result(), samples=(sample,) * 3, latencies=(latency,)))

    assert "nan" not in Page(text).text.lower()
    assert "inf " not in Page(text).text.lower()
    assert not [value for name, value in Page(text).attributes if name in {"d", "style"} and "nan" in value]


def test_the_command_that_runs_it_again_is_in_the_report() -> None:
    assert made.result().command in Page(render_run(made.result())).text
    assert (
        "collab loadtest livefolder --compare x"
        in Page(render_comparison([made.result()], "collab loadtest livefolder --compare x")).text
    )


def test_a_comparison_says_how_many_runs_were_invalid_and_leaves_them_out() -> None:
    runs = [made.result("ours"), made.result("theirs", 2.0), replace(made.invalid(), server="theirs")]

    text = Page(render_comparison(runs)).text

    assert "1 run of 3 invalid" in text
    assert "1 of 2 rounds valid" in text
    assert "2.00×" in text  # noqa: RUF001 - the times sign


def test_every_plot_has_its_figures_as_a_table() -> None:
    page = Page(render_run(made.result()))

    assert page.tags.count("figure") == 8
    assert page.tags.count("details") == page.tags.count("figure")
    assert [value for name, value in page.attributes if name == "aria-label" and value.startswith("Latency over time.")]
