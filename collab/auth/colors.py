"""Owns the ten colours of people and the choice among them; knows no request and no document.

One colour cannot have a contrast of 4.5:1 both on white and on the dark ground: white on `#1b1d21` is 16.9:1, so
the best single colour reaches sqrt(16.9) = 4.1. Each colour is therefore a pair. `Identity.color` is the one for
light grounds (white text on it reads as well), `Identity.color_dark` the one for dark grounds (dark text on it reads
as well); the browser has both and takes the one that fits.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

WHITE = "#ffffff"
DARK_GROUND = "#1b1d21"
CONTRAST = 4.5


@dataclass(frozen=True, slots=True)
class PersonColor:
    """One person's colour on both grounds."""

    on_light: str
    on_dark: str


PALETTE = (
    PersonColor("#c0392b", "#f1948a"),
    PersonColor("#a84300", "#f0a35e"),
    PersonColor("#7d6608", "#d9bf3f"),
    PersonColor("#2e7d32", "#7fcf86"),
    PersonColor("#00796b", "#4fd0bf"),
    PersonColor("#01699b", "#64bdf0"),
    PersonColor("#2c5fd1", "#8fb0ff"),
    PersonColor("#6a3fc4", "#b9a0f5"),
    PersonColor("#9c27a0", "#e191e4"),
    PersonColor("#b8286c", "#f58fbb"),
)


def color_of(user_id: str) -> PersonColor:
    """The colours of an identity; the same id has the same ones everywhere."""
    digest = hashlib.blake2s(user_id.encode(), digest_size=2).digest()
    return PALETTE[int.from_bytes(digest) % len(PALETTE)]


def contrast(first: str, second: str) -> float:
    """The WCAG 2 contrast ratio of two `#rrggbb` colours."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
