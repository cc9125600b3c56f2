"""Makes a picture as small as a detector wants it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from consumers.pipeline.analysis import Picture


def shrunk(picture: Picture, long_side: int) -> tuple[Picture, float]:
    """The picture with its long side at most `long_side`, and by how much it was scaled; never enlarged.

    The short side keeps at least one pixel: a 4000 x 1 picture is possible input.
    """
    height, width = picture.shape[:2]
    scale = long_side / max(height, width)
    if scale >= 1:
        return picture, 1.0
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return _resized(picture, size), scale


def letterboxed(picture: Picture, side: int) -> tuple[Picture, float, int, int]:
    """The picture in the middle of a black square; with its scale and the left and upper margin in pixels."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (side - inner_width) // 2, (side - inner_height) // 2
    square = np.zeros((side, side, 3), np.uint8)
    square[top : top + inner_height, left : left + inner_width] = _resized(picture, (inner_width, inner_height))
    return square, scale, left, top


def _resized(picture: Picture, size: tuple[int, int]) -> NDArray[np.uint8]:
    # Area averaging costs eight times bilinear at these ratios when the picture is large: halving first with
    # bilinear is the same average at a quarter of the time.
    while picture.shape[1] >= 4 * size[0] and picture.shape[0] >= 4 * size[1]:
        half = picture.shape[1] // 2, picture.shape[0] // 2
        picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
