"""How many things in a strip look like characters of a line: tells a plate from a grille in half a millisecond."""

import cv2
import numpy as np
from numpy.typing import NDArray

from consumers.license_plate.recogniser import STRIP_HEIGHT
from consumers.pipeline.analysis import Picture

HEIGHT_MIN, HEIGHT_MAX = 0.35, 0.98
"""Of a character, in heights of the strip; it is at most as wide as the strip is high."""
WIDTH_MIN_PX, AREA_MIN_PX = 2, 40
ALIKE_HEIGHT_PX, ALIKE_MIDDLE_PX = 8, 7
"""How much characters of one line differ in height, and in how high they stand."""
BLOCK_PX, BELOW = 31, 7
"""Of the local threshold: for plates that lie half in shadow."""


def count_characters(strip: Picture) -> int:
    """`strip`: 48 pixels high, BGR, one line of text. Dark on light and light on dark are both tried."""
    grey = cv2.GaussianBlur(cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY), (3, 3), 0)
    most = 0
    for way in (cv2.THRESH_BINARY, cv2.THRESH_BINARY_INV):
        _, whole = cv2.threshold(grey, 0, 255, way + cv2.THRESH_OTSU)
        local = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, way, BLOCK_PX, BELOW)
        most = max(most, _in_line(np.asarray(whole, np.uint8)), _in_line(np.asarray(local, np.uint8)))
    return most


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
