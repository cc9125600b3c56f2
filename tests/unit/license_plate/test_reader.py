"""Which of several readings of one plate is taken."""

from typing import Any, cast

import numpy as np
import pytest

from consumers.license_plate.analyzer import _without_words
from consumers.license_plate.formats import FORMATS, GENERIC
from consumers.license_plate.quad import Quad
from consumers.license_plate.reader import PlateReader, PlateReading, best_of
from consumers.license_plate.recogniser import Reading

QUAD = Quad(np.zeros((4, 2), np.float32), 0.9)


def _reading(text: str, score: float) -> PlateReading:
    return PlateReading(text, score, QUAD)


def test_surest_reading_wins() -> None:
    best = best_of([_reading("AB12CDE", 0.8), _reading("AB12CBE", 0.9)])
    assert best is not None
    assert best.text == "AB12CBE"


def test_longer_reading_that_holds_the_surest_wins() -> None:
    best = best_of([_reading("B12CD", 0.99), _reading("AB12CDE", 0.9)])
    assert best is not None
    assert best.text == "AB12CDE"


def test_much_longer_reading_does_not_win() -> None:
    best = best_of([_reading("AB12CDE", 0.9), _reading("AB12CDETEXAS", 0.8)])
    assert best is not None
    assert best.text == "AB12CDE"


def test_no_reading_is_none() -> None:
    assert best_of([]) is None


def test_longer_reading_wins_though_a_zero_was_read_as_the_letter() -> None:
    best = best_of([_reading("HB6LO", 0.96), _reading("HB6L0Z", 0.95)])
    assert best is not None
    assert best.text == "HB6L0Z"


def test_word_beside_a_plate_is_none_and_alone_may_be_one() -> None:
    word, plate = _reading("DOMINION", 0.95), _reading("5LTA600", 0.92)
    assert list(_without_words([word, plate])) == [plate]
    assert list(_without_words([word])) == [word]


ROW = Quad(np.array([[100, 100], [200, 100], [200, 120], [100, 120]], np.float32), 0.6)


class _OneLine:
    """A text detector that sees one line in the middle, as wide as `share` of the picture."""

    def __init__(self, share: float) -> None:
        self._share = share

    def find(self, picture: np.ndarray, long_side: int) -> list[Quad]:
        height, width = picture.shape[:2]
        left, right = width * (1 - self._share) / 2, width * (1 + self._share) / 2
        top, bottom = height * 0.32, height * 0.68
        return [Quad(np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32), 0.9)]


class _SameText:
    def __init__(self, score: float) -> None:
        self._score = score
        self.strips = 0

    def read(self, strip: np.ndarray, narrowed: float = 1.0) -> Reading:
        self.strips += 1
        return Reading("RESIDENT", (self._score,) * 8)


@pytest.mark.parametrize(("share", "score", "times"), [(0.6, 0.99, 1), (0.2, 0.99, 2), (0.6, 0.75, 2)])
def test_line_surely_read_over_the_whole_row_is_not_read_a_second_time(share: float, score: float, times: int) -> None:
    recogniser, picture = _SameText(score), np.zeros((240, 320, 3), np.uint8)
    reader = PlateReader(cast("Any", recogniser), cast("Any", _OneLine(share)), [FORMATS[GENERIC]])
    assert reader.read(picture, ROW, look_height=36) is None
    assert recogniser.strips == times
