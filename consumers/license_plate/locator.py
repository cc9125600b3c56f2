"""Where rows of plate characters are: this project's own network (see `consumers.license_plate.training`)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from common.model_registry import PLATE_LOCATOR, verified_bytes
from consumers.inference.onnx_session import input_name, make_session, run_one
from consumers.license_plate.quad import Quad
from consumers.pipeline.analysis import Picture

STRIDE = 8
UNIT = 16.0
"""As in training: one answer for each cell of 8 x 8 pixels, corners in units of 16 pixels from the cell's middle."""
LEVELS = 3
"""The picture, its half and its quarter: rows of 24 to 110 pixels are found in each."""
WIDTH_MAX = 100
"""Pixels of a level. A wider row is placed more exactly in the next, smaller one."""
LEVEL_SIDE_MIN = 64
OVERLAP_MAX = 0.25
WIDER, WIDEST, NEARLY = 1.15, 1.7, 0.8
NEAR = 0.25
"""Two answers are for one row when their middles are less than this part of its width apart."""
CANDIDATES_MAX = 64
GREYS, MIDDLE_GREY = np.arange(256, dtype=np.float32) * np.float32(1 / 255), 0.5
"""What the network sees for each level of grey, and beyond the edges."""


class PlateLocator:
    """Thread-safe. 5 ms of CPU for a picture of 1280 x 720 with `long_side` 640."""

    def __init__(self) -> None:
        self._session = make_session(verified_bytes(PLATE_LOCATOR))
        self._input = input_name(self._session)

    def find(self, picture: Picture, long_side: int, score_min: float) -> list[Quad]:
        """Rows of characters, surest first, in a picture scaled down to `long_side` (never up)."""
        grey = _grey(picture, long_side)
        found: list[Quad] = []
        for level in range(LEVELS):
            if max(grey.shape) < LEVEL_SIDE_MIN or min(grey.shape) < STRIDE:
                break
            stretch = np.array([picture.shape[1] / grey.shape[1], picture.shape[0] / grey.shape[0]], np.float32)
            widest = WIDTH_MAX if level < LEVELS - 1 else np.inf
            rows = (row for row in self._level(grey, score_min) if row.width <= widest)
            found += [Quad(row.corners * stretch, row.score) for row in rows]
            grey = _halved(grey)
        return without_overlaps(sorted(found, key=lambda quad: -quad.score)[:CANDIDATES_MAX])

    def _level(self, grey: NDArray[np.uint8], score_min: float) -> list[Quad]:
        values = np.asarray(cv2.LUT(grey, GREYS), np.float32)
        below, beside = -grey.shape[0] % STRIDE, -grey.shape[1] % STRIDE
        if below or beside:
            values = np.pad(values, ((0, below), (0, beside)), constant_values=MIDDLE_GREY)
        cells = run_one(self._session, self._input, values[None, None])[0]
        ys, xs = np.nonzero(cells[0] > np.log(score_min / (1 - score_min)))
        if len(ys) == 0:
            return []
        scores = 1 / (1 + np.exp(-cells[0, ys, xs]))
        middles = np.stack([xs + 0.5, ys + 0.5], axis=1) * STRIDE
        corners = cells[1:, ys, xs].T.reshape(-1, 4, 2) * UNIT + middles[:, None]
        order = np.argsort(-scores)[:CANDIDATES_MAX]
        return _averaged(corners[order].astype(np.float32), scores[order].astype(np.float32))


def _averaged(corners: NDArray[np.float32], scores: NDArray[np.float32]) -> list[Quad]:
    """Several cells answer for one row: their mean, weighted by score, is placed more exactly than the surest alone."""
    middles = corners.mean(axis=1)
    sizes = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
    # Of all pairs at once: row n tells which answers are for the same row of characters as answer n.
    away = np.linalg.norm(middles[None] - middles[:, None], axis=2)
    alike = (away < NEAR * sizes[:, None]) & (np.abs(sizes[None] / sizes[:, None] - 1) < 0.4)
    squares = scores * scores
    free = np.ones(len(corners), bool)
    quads = []
    for place in range(len(corners)):
        if not free[place]:
            continue
        taken = alike[place] & free
        weights = squares[taken]
        mean = (corners[taken] * weights[:, None, None]).sum(axis=0) / weights.sum()
        quads.append(Quad(mean.astype(np.float32), float(scores[place])))
        free &= ~taken
    return quads


def without_overlaps(quads: list[Quad]) -> list[Quad]:
    """Of quads that cover one another the surest, or a clearly wider one that is nearly as sure: a part of a plate
    looks like a plate too. `quads`: surest first."""
    kept: list[Quad] = []
    spans: list[tuple[float, float, float, float]] = []
    for quad in quads:
        span = _span(quad)
        places = [place for place, other in enumerate(spans) if _shared(span, other) > OVERLAP_MAX]
        if not places:
            kept.append(quad)
            spans.append(span)
        elif len(places) == 1:
            other = kept[places[0]]
            if WIDER * other.width <= quad.width <= WIDEST * other.width and quad.score >= NEARLY * other.score:
                kept[places[0]], spans[places[0]] = Quad(quad.corners, other.score), span
    return kept


def _span(quad: Quad) -> tuple[float, float, float, float]:
    xs, ys = zip(*quad.corners.tolist(), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _shared(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """What two rectangles share, as a part of the smaller one."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(0.0, width) * max(0.0, height) / max(smaller, 1.0)


def _grey(picture: Picture, long_side: int) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = min(1.0, long_side / max(height, width))
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


def _halved(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = max(1, grey.shape[1] // 2), max(1, grey.shape[0] // 2)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
