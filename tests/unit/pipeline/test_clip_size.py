import numpy as np
import pytest

from consumers.pipeline.clip_size import SIDE_MAX, ClipSize
from tests.unit.pipeline.making import make_picture


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(640, 480, (640, 480)), (641, 481, (642, 482)), (1, 1, (2, 2)), (3, 2, (4, 2)), (8192, 4, (4096, 2))],
)
def test_clip_size_is_even_and_bounded(width: int, height: int, expected: tuple[int, int]) -> None:
    size = ClipSize.of(np.zeros((height, width, 3), np.uint8))
    assert (size.width, size.height) == expected
    assert max(size.width, size.height) <= SIDE_MAX
    assert bool(size.notes) == ((width, height) != expected)


def test_place_same_size_is_the_same_array() -> None:
    picture = make_picture()
    placed, placement = ClipSize.of(picture).place(picture)
    assert placed is picture
    assert placement.is_identity
    assert placement.note is None


def test_place_odd_first_size_is_padded_by_its_edge() -> None:
    picture = make_picture(7, 5, value=90)
    placed, placement = ClipSize.of(picture).place(picture)
    assert placed.shape == (6, 8, 3)
    assert (placed == 90).all()
    assert placement.is_identity
    assert placement.note is None


def test_place_other_size_is_letterboxed_and_noted() -> None:
    size = ClipSize.of(make_picture(100, 100))
    placed, placement = size.place(make_picture(200, 100, value=200))
    assert placed.shape == (100, 100, 3)
    assert (placed[:24] == 0).all()
    assert (placed[26:74] == 200).all()
    assert placement.note == "scaled from 200x100"
    assert placement.to_clip((100, 50, 20, 10)) == (50, 50, 10, 5)
    assert placement.to_picture((50, 50, 10, 5)) == (100, 50, 20, 10)


def test_place_too_large_first_picture_is_scaled_and_said_once() -> None:
    picture = np.zeros((10, SIDE_MAX * 2, 3), np.uint8)
    size = ClipSize.of(picture)
    placed, placement = size.place(picture)
    assert placed.shape == (size.height, size.width, 3)
    assert placement.note is None
    assert size.notes == (f"scaled from {SIDE_MAX * 2}x10 to {size.width}x{size.height}",)
