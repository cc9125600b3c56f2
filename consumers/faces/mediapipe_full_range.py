"""MediaPipe's full-range face detector, run by LiteRT (model card: BlazeFace, full range, sparse, 2021)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from common.model_registry import MEDIAPIPE_FACE, ModelFile, verified_bytes
from consumers.faces.face import SMALLEST_SIDE, Face, clipped_box
from consumers.faces.scaling import letterboxed
from consumers.inference.litert import BatchInterpreter
from consumers.pipeline.analysis import Picture

SIDE = 192
GRID = 48
"""Anchors: one at the middle of each cell of 4 x 4 pixels, row by row; of fixed size, so that offsets are in pixels."""
SCORE_MIN = 0.6
OVERLAP_MAX = 0.3
LANDMARKS = 4
"""Right eye, left eye, nose tip, middle of the mouth; the two ears that follow are not used."""


class MediaPipeFullRange:
    """Thread-safe. Sees the whole picture in 192 x 192 pixels: small faces of a group are missed."""

    def __init__(self) -> None:
        self._net = BatchInterpreter(verified_bytes(MEDIAPIPE_FACE))
        centres = (np.arange(GRID, dtype=np.float32) + 0.5) * (SIDE / GRID)
        self._anchors = np.stack([np.tile(centres, GRID), np.repeat(centres, GRID)], axis=1)

    @property
    def source(self) -> ModelFile:
        return MEDIAPIPE_FACE

    def find(self, picture: Picture) -> list[Face]:
        if min(picture.shape[:2]) < SMALLEST_SIDE:
            return []
        square, scale, left, top = letterboxed(picture, SIDE)
        values = square[None, :, :, ::-1].astype(np.float32) / 127.5 - 1
        first, second = self._net.run(values)
        rows, logits = (first[0], second[0, :, 0]) if first.shape[2] == 16 else (second[0], first[0, :, 0])
        scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
        sure = np.flatnonzero(scores >= SCORE_MIN)
        boxes, points = self._decoded(rows[sure], self._anchors[sure])
        margin = np.array([left, top], np.float32)
        boxes[:, :2], points = (boxes[:, :2] - margin) / scale, (points - margin) / scale
        boxes[:, 2:] /= scale
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores[sure].tolist(), SCORE_MIN, OVERLAP_MAX)
        faces = []
        for place in np.asarray(kept, int).flatten():
            x, y, width, height = (float(value) for value in boxes[place])
            box = clipped_box(x, y, width, height, picture)
            if box is not None:
                landmarks = tuple((float(px), float(py)) for px, py in points[place])
                faces.append(Face(box, float(scores[sure[place]]), landmarks))
        return sorted(faces, key=lambda face: -face.score)

    @staticmethod
    def _decoded(
        rows: NDArray[np.float32], anchors: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (x, y, w, h) and landmarks in pixels of the square."""
        centre, size = rows[:, :2] + anchors, rows[:, 2:4]
        points = rows[:, 4 : 4 + 2 * LANDMARKS].reshape(-1, LANDMARKS, 2) + anchors[:, None]
        return np.concatenate([centre - size / 2, size], axis=1), points
