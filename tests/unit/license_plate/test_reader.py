"""Which of several readings of one plate is taken."""

import numpy as np

from consumers.license_plate.analyzer import _without_words
from consumers.license_plate.quad import Quad
from consumers.license_plate.reader import PlateReading, best_of

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
