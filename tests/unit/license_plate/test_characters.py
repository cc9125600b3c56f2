"""What looks like a row of characters, and what does not."""

import cv2
import numpy as np
import pytest

from consumers.license_plate.analyzer import FILLED_MIN
from consumers.license_plate.characters import count_characters
from consumers.pipeline.analysis import Picture


def strip_with(text: str, ink: int = 20, paper: int = 220, width: int = 220) -> Picture:
    strip = np.full((48, width, 3), paper, np.uint8)
    cv2.putText(strip, text, (6, 38), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (ink, ink, ink), 3, cv2.LINE_AA)
    return strip


@pytest.mark.parametrize(("ink", "paper"), [(20, 220), (230, 30)])
def test_characters_of_a_plate_are_counted(ink: int, paper: int) -> None:
    assert count_characters(strip_with("AB12CDE", ink, paper)) >= 6


def test_plate_half_in_shadow_is_counted() -> None:
    strip = strip_with("AB12CDE")
    strip[:, 100:] = strip[:, 100:] // 4
    assert count_characters(strip) >= FILLED_MIN


def test_plain_strip_grille_and_noise_hold_few() -> None:
    plain = np.full((48, 200, 3), 90, np.uint8)
    grille = plain.copy()
    grille[::6] = 200
    noise = np.random.default_rng(0).integers(0, 255, (48, 200, 3), dtype=np.uint8)
    assert count_characters(plain) == 0
    assert count_characters(grille) < FILLED_MIN
    assert count_characters(np.asarray(cv2.GaussianBlur(noise, (0, 0), 8), np.uint8)) < FILLED_MIN


def test_narrowest_strip_gives_a_count() -> None:
    assert count_characters(np.zeros((48, 16, 3), np.uint8)) == 0
