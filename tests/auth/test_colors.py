"""People's colours can be read, and stay with the person."""

from __future__ import annotations

import pytest

from collab.auth.colors import CONTRAST, DARK_GROUND, PALETTE, WHITE, PersonColor, color_of, contrast


def test_contrast_of_black_on_white_is_twenty_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("color", PALETTE, ids=lambda color: color.on_light)
def test_each_colour_can_be_read_on_its_ground(color: PersonColor) -> None:
    assert contrast(color.on_light, WHITE) >= CONTRAST
    assert contrast(color.on_dark, DARK_GROUND) >= CONTRAST


def test_there_are_ten_different_colours() -> None:
    assert len({color.on_light for color in PALETTE}) == len({color.on_dark for color in PALETTE}) == 10


def test_a_person_keeps_their_colour() -> None:
    assert color_of("anna") == color_of("anna")


def test_many_people_share_the_colours_evenly() -> None:
    counts = [0] * len(PALETTE)
    for number in range(5_000):
        counts[PALETTE.index(color_of(f"user-{number}"))] += 1

    assert min(counts) > 350
