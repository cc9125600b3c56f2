"""A character that is doubtful beside sure ones is none; a strip is as wide as the network takes it."""

import numpy as np
import pytest

from consumers.license_plate.recogniser import STRIP_HEIGHT, Reading, _fitted


def reading(text: str, **scores: float) -> Reading:
    return Reading(text, tuple(scores.get(character, 0.99) for character in text))


@pytest.mark.parametrize(
    ("seen", "plate"),
    [
        (reading("SRK-828AG", S=0.2), "RK-828AG"),
        (reading("PE3WR2X", W=0.3), "PE3R2X"),
        (reading("RK857AI", I=0.4), "RK857AI"),  # thin strokes score low
        (reading("4A1P2", A=0.2), "4A1P2"),  # too little would be left
        (reading("AB12CDE", A=0.2, B=0.3), "AB12CDE"),  # two doubts: a bad picture, not a crest
        (reading("AB12CDE", A=0.2, C=0.6, D=0.6, E=0.6), "AB12CDE"),  # the rest is not sure either
        (reading("AB12CDE"), "AB12CDE"),
        (Reading("", ()), ""),
    ],
)
def test_doubtful_character_is_left_out(seen: Reading, plate: str) -> None:
    assert seen.without_doubtful().text == plate


def test_least_score_is_of_letters_and_digits() -> None:
    assert reading("AB-12", **{"-": 0.1, "A": 0.8}).least == 0.8
    assert Reading("", ()).least == 0


@pytest.mark.parametrize(
    ("width", "narrowed", "fitted"), [(128, 1.0, 128), (131, 1.0, 128), (133, 1.0, 136), (200, 0.8, 160), (5, 1.0, 16)]
)
def test_strip_is_stretched_to_a_width_that_the_network_takes_whole(width: int, narrowed: float, fitted: int) -> None:
    strip = np.full((STRIP_HEIGHT, width, 3), 90, np.uint8)
    assert _fitted(strip, narrowed).shape == (STRIP_HEIGHT, fitted, 3)
    assert (_fitted(strip, narrowed) == 90).all()
