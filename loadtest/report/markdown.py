"""Owns the table of a comparison in Markdown, for a README: one line a figure, the first server as the reference."""

from __future__ import annotations

from collections.abc import Sequence

from loadtest import words
from loadtest.comparison import Comparison

Line = tuple[str, Comparison, str]
"""What it says, the comparison it is from, and the figure's key there."""


def render_table(lines: Sequence[Line]) -> str:
    """Medians, and in brackets the multiple of the first server's."""
    servers = list(dict.fromkeys(column.server for _, comparison, _ in lines for column in comparison.columns))
    rows = [["", *servers], ["---"] * (len(servers) + 1)]
    for title, comparison, key in lines:
        cells = {column.server: _cell(comparison, index, key) for index, column in enumerate(comparison.columns)}
        rows.append([title, *(cells.get(server, words.UNKNOWN) for server in servers)])
    return "\n".join(f"| {' | '.join(_escape(cell) for cell in row)} |" for row in rows)


def _cell(comparison: Comparison, index: int, key: str) -> str:
    column = comparison.columns[index]
    if not column.sound:
        return "invalid"
    value = column.values.get(key)
    figure = next((figure for figure in comparison.figures if figure.key == key), None)
    if value is None or figure is None:
        return words.UNKNOWN
    marks = f"{'' if column.sound == len(column.results) else ' †'}{' *' if column.bound else ''}"
    times = f" ({words.ratio(comparison.ratio(column, key))})" if index else ""
    return f"{figure.say(value.median)}{times}{marks}"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
