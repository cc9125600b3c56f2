"""How many things in a strip look like characters of a line: tells a plate from a grille in half a millisecond."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from consumers.license_plate.quad import Quad, straightened
from consumers.license_plate.recogniser import STRIP_HEIGHT, WIDTH_MAX
from consumers.pipeline.analysis import Picture

FILLED_MIN = 4
"""Things that look like characters, in a row that is read though nothing else speaks for it."""
LOCATED_SURE = 0.85
"""A row located as surely as this is read without counting them."""
HEIGHT_MIN, HEIGHT_MAX = 0.35, 0.98
"""Of a character, in heights of the strip; it is at most as wide as the strip is high."""
WIDTH_MIN_PX, AREA_MIN_PX = 2, 40
ALIKE_HEIGHT_PX, ALIKE_MIDDLE_PX = 8, 7
"""How much characters of one line differ in height, and in how high they stand."""
BLOCK_PX, BELOW = 31, 7
"""Of the local threshold: for plates that lie half in shadow."""
REACH_PX = 3
"""Pixels beside the quad that cutting it straight looks at."""


def looks_filled(picture: Picture, quad: Quad) -> bool:
    """Whether a row of characters is worth reading: located surely, or holding things that look like characters."""
    if quad.score >= LOCATED_SURE:
        return True
    x, y, width, height = quad.box(picture)
    left, top = max(0, x - REACH_PX), max(0, y - REACH_PX)
    part = picture[top : y + height + REACH_PX, left : x + width + REACH_PX]
    grey = np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), np.uint8)
    moved = Quad(quad.corners - np.array([left, top], np.float32), quad.score)
    return count_characters(straightened(grey, moved, STRIP_HEIGHT, WIDTH_MAX), FILLED_MIN) >= FILLED_MIN


def count_characters(strip: NDArray[np.uint8], enough: int) -> int:
    """`strip`: 48 pixels high, grey, one line of text. Counts no further way once one came to `enough`."""
    most = 0
    for mask in _masks(strip):
        most = max(most, _in_line(mask))
        if most >= enough:
            break
    return most


def _masks(strip: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Light on dark and dark on light; by one threshold for all, then by local ones."""
    grey = cv2.GaussianBlur(strip, (3, 3), 0)
    _, whole = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    yield np.asarray(whole, np.uint8)
    yield np.bitwise_not(np.asarray(whole, np.uint8))
    way = cv2.ADAPTIVE_THRESH_GAUSSIAN_C
    local = np.asarray(cv2.adaptiveThreshold(grey, 255, way, cv2.THRESH_BINARY, BLOCK_PX, BELOW), np.uint8)
    yield local
    yield np.bitwise_not(local)


def _in_line(mask: NDArray[np.uint8]) -> int:
    """Components of the size of a character that stand in one line."""
    _, _, boxes, middles = cv2.connectedComponentsWithStats(mask, connectivity=4)
    widths, heights, areas = boxes[1:, 2], boxes[1:, 3], boxes[1:, 4]
    fitting = (heights >= HEIGHT_MIN * STRIP_HEIGHT) & (heights <= HEIGHT_MAX * STRIP_HEIGHT)
    fitting &= (widths >= WIDTH_MIN_PX) & (widths <= STRIP_HEIGHT) & (areas >= AREA_MIN_PX)
    if np.count_nonzero(fitting) < 2:
        return int(np.count_nonzero(fitting))
    heights, standing = heights[fitting], middles[1:, 1][fitting]
    is_alike = np.abs(heights - np.median(heights)) < ALIKE_HEIGHT_PX
    is_alike &= np.abs(standing - np.median(standing)) < ALIKE_MIDDLE_PX
    return int(np.count_nonzero(is_alike))
