"""What looks like a row of characters, and what does not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from consumers.license_plate.characters import FILLED_MIN, count_characters, looks_filled
from consumers.license_plate.quad import Quad

ALL = 100


def strip_with(text: str, ink: int = 20, paper: int = 220, width: int = 220) -> NDArray[np.uint8]:
    strip = np.full((48, width), paper, np.uint8)
    cv2.putText(strip, text, (6, 38), cv2.FONT_HERSHEY_SIMPLEX, 1.1, ink, 3, cv2.LINE_AA)
    return strip


@pytest.mark.parametrize(("ink", "paper"), [(20, 220), (230, 30)])
def test_characters_of_a_plate_are_counted(ink: int, paper: int) -> None:
    assert count_characters(strip_with("AB12CDE", ink, paper), ALL) >= 6


def test_plate_half_in_shadow_is_counted() -> None:
    strip = strip_with("AB12CDE")
    strip[:, 100:] = strip[:, 100:] // 4
    assert count_characters(strip, ALL) >= FILLED_MIN


def test_plain_strip_grille_and_noise_hold_few() -> None:
    plain = np.full((48, 200), 90, np.uint8)
    grille = plain.copy()
    grille[::6] = 200
    noise = np.random.default_rng(0).integers(0, 255, (48, 200), dtype=np.uint8)
    assert count_characters(plain, ALL) == 0
    assert count_characters(grille, ALL) < FILLED_MIN
    assert count_characters(np.asarray(cv2.GaussianBlur(noise, (0, 0), 8), np.uint8), ALL) < FILLED_MIN


def test_narrowest_strip_gives_a_count() -> None:
    assert count_characters(np.zeros((48, 16), np.uint8), ALL) == 0


def test_count_goes_on_until_there_are_enough() -> None:
    assert count_characters(strip_with("AB12CDE"), FILLED_MIN) >= FILLED_MIN


@pytest.mark.parametrize(("text", "score", "is_filled"), [("AB12CDE", 0.5, True), ("", 0.5, False), ("", 0.9, True)])
def test_row_is_filled_where_characters_stand_or_it_was_located_surely(
    text: str, score: float, is_filled: bool
) -> None:
    picture = np.full((200, 400, 3), 220, np.uint8)
    picture[70:118, 100:320] = strip_with(text)[..., None]
    corners = np.array([[100, 70], [320, 70], [320, 118], [100, 118]], np.float32)
    assert looks_filled(picture, Quad(corners, score)) is is_filled
