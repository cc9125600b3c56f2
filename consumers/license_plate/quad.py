"""A line of text or a plate as four corners, and cutting it straight out of a picture."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from common.contracts.detection import Box
from consumers.pipeline.analysis import Picture

Corners = NDArray[np.float32]
"""4 x 2: upper left, upper right, lower right, lower left; pixels of the picture."""


@dataclass(frozen=True, slots=True)
class Quad:
    """`score`: how sure its finder was, 0 to 1."""

    corners: Corners
    score: float

    @property
    def width(self) -> float:
        # Of plain floats: NumPy takes several times as long over four points.
        upper_left, upper_right, lower_right, lower_left = self.corners.tolist()
        return max(math.dist(upper_left, upper_right), math.dist(lower_left, lower_right))

    @property
    def height(self) -> float:
        upper_left, upper_right, lower_right, lower_left = self.corners.tolist()
        return max(math.dist(upper_left, lower_left), math.dist(upper_right, lower_right))

    @property
    def slope(self) -> float:
        """Degrees by which the upper and lower edges rise to the left, on average."""
        run = (self.corners[1] - self.corners[0]) + (self.corners[2] - self.corners[3])
        return math.degrees(math.atan2(float(run[1]), float(run[0])))

    def box(self, picture: Picture) -> Box:
        """The upright rectangle around it, within the picture and at least one pixel."""
        low, high = self.corners.min(axis=0), self.corners.max(axis=0)
        left = int(np.clip(math.floor(low[0]), 0, picture.shape[1] - 1))
        top = int(np.clip(math.floor(low[1]), 0, picture.shape[0] - 1))
        right = int(np.clip(math.ceil(high[0]), left + 1, picture.shape[1]))
        bottom = int(np.clip(math.ceil(high[1]), top + 1, picture.shape[0]))
        return left, top, right - left, bottom - top


def grown(quad: Quad, along: float, across: float) -> Quad:
    """The quad with `along` of its height added at either end and `across` above and below (negative: taken off)."""
    upper_left, upper_right, lower_right, lower_left = quad.corners
    height = max(quad.height, 1e-3)
    right = (upper_right - upper_left + lower_right - lower_left) / 2
    down = (lower_left - upper_left + lower_right - upper_right) / 2
    out = right / max(float(np.linalg.norm(right)), 1e-3) * height * along
    off = down / max(float(np.linalg.norm(down)), 1e-3) * height * across
    corners = [upper_left - out - off, upper_right + out - off, lower_right + out + off, lower_left - out + off]
    return Quad(np.array(corners, np.float32), quad.score)


def ordered(points: NDArray[np.float32]) -> Corners:
    """Four points in the order of `Corners`."""
    by_x = points[np.argsort(points[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)


def straightened(picture: Picture, quad: Quad, height: int, width_max: int) -> Picture:
    """The quad as an upright strip of `height` pixels and its natural width, at least 16 and at most `width_max`. A
    grey picture (H x W) gives a grey strip."""
    width = int(np.clip(round(quad.width / max(quad.height, 1e-3) * height), 16, width_max))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.corners, target)
    strip = cv2.warpPerspective(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(strip, np.uint8)
