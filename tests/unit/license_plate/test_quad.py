"""Quads: corners in order, growing, cutting out."""

import numpy as np
import pytest

from consumers.license_plate.quad import Quad, grown, ordered, straightened

LEVEL = np.array([[10, 20], [50, 20], [50, 30], [10, 30]], np.float32)


def test_ordered_starts_upper_left_and_goes_clockwise() -> None:
    for shift in range(4):
        np.testing.assert_array_equal(ordered(np.roll(LEVEL, shift, axis=0)), LEVEL)


def test_sizes_of_a_level_quad() -> None:
    quad = Quad(LEVEL, 0.5)
    assert (quad.width, quad.height, quad.slope) == (40, 10, 0)


def test_slope_of_a_rising_quad() -> None:
    quad = Quad(LEVEL + np.array([[0, 0], [0, -40], [0, -40], [0, 0]], np.float32), 0.5)
    assert quad.slope == pytest.approx(-45)


def test_grown_adds_parts_of_the_height() -> None:
    bigger = grown(Quad(LEVEL, 0.5), 0.5, 0.2)
    np.testing.assert_allclose(bigger.corners, [[5, 18], [55, 18], [55, 32], [5, 32]])


def test_box_is_clipped_and_never_empty() -> None:
    picture = np.zeros((25, 40, 3), np.uint8)
    assert Quad(LEVEL, 0.5).box(picture) == (10, 20, 30, 5)
    x, y, width, height = Quad(LEVEL + 500, 0.5).box(picture)
    assert (x, y) == (39, 24)
    assert width == height == 1


def test_straightened_has_the_height_asked_for_and_the_natural_width() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[20:30, 10:50] = 200
    strip = straightened(picture, Quad(LEVEL, 0.5), 48, 640)
    assert strip.shape == (48, 192, 3)
    assert strip[24, 96, 0] == 200


@pytest.mark.parametrize("scale", [0.0, 1e-3, 1e4])
def test_degenerate_quad_gives_a_strip(scale: float) -> None:
    strip = straightened(np.zeros((50, 50, 3), np.uint8), grown(Quad(LEVEL * scale, 0.1), 0.1, 0.1), 48, 640)
    assert strip.shape[0] == 48
    assert 16 <= strip.shape[1] <= 640
