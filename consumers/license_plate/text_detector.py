"""PP-OCR's text detector, run directly (Liao et al., Scene Text Detection with Differentiable Binarization, 2020)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from common.model_registry import TEXT_DETECTOR, verified_bytes
from consumers.inference.onnx_session import input_name, make_session, run_one
from consumers.license_plate.quad import Quad, ordered
from consumers.pipeline.analysis import Picture

STRIDE = 32
"""The network wants sides that are a multiple of this."""
PIXEL_MIN = 0.3
SCORE_MIN = 0.5
SIDE_MIN = 3
"""Thinner components, in pixels of the network's picture, are specks."""
UNCLIP_RATIO = 1.3
"""How far a component is grown, by area over perimeter. The usual 1.6 takes the European country band into the text."""
COMPONENTS_MAX = 300


class TextDetector:
    """Thread-safe. 66 ms of CPU for 640 x 384."""

    def __init__(self) -> None:
        self._session = make_session(verified_bytes(TEXT_DETECTOR))
        self._input = input_name(self._session)

    def find(self, picture: Picture, long_side: int) -> list[Quad]:
        """Lines of text, surest first, in a picture scaled down to `long_side` (never up)."""
        height, width = picture.shape[:2]
        scale = min(1.0, long_side / max(height, width))
        size = _to_stride(width * scale), _to_stride(height * scale)
        small = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        values = np.ascontiguousarray((small.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1))[None]
        heat = run_one(self._session, self._input, values)[0, 0]
        stretch = np.array([width / size[0], height / size[1]], np.float32)
        quads = [Quad(quad.corners * stretch, quad.score) for quad in _components(heat)]
        return sorted(quads, key=lambda quad: -quad.score)


def _to_stride(length: float) -> int:
    return max(STRIDE, round(length / STRIDE) * STRIDE)


def _components(heat: NDArray[np.float32]) -> list[Quad]:
    """Connected areas of text in the network's answer, as grown rectangles in its own pixels."""
    mask = cv2.dilate((heat > PIXEL_MIN).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    quads = []
    for contour in contours[:COMPONENTS_MAX]:
        middle, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < SIDE_MIN:
            continue
        score = _mean_inside(heat, np.asarray(cv2.boxPoints((middle, (width, height), angle)), np.float32))
        if score < SCORE_MIN:
            continue
        grown = width * height * UNCLIP_RATIO / (width + height)
        points = cv2.boxPoints((middle, (width + grown, height + grown), angle))
        quads.append(Quad(ordered(np.asarray(points, np.float32)), score))
    return quads


def _mean_inside(heat: NDArray[np.float32], points: NDArray[np.float32]) -> float:
    x, y, width, height = cv2.boundingRect(points)
    left, top = max(0, x), max(0, y)
    part = heat[top : y + height, left : x + width]
    if part.size == 0:
        return 0.0
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(points - [left, top]).astype(np.int32)], 1)
    return min(1.0, float(cv2.mean(part, mask)[0]))
