"""YuNet through OpenCV's FaceDetectorYN (Wu, Peng, Yu: YuNet, a tiny millisecond-level face detector, 2023)."""

import threading

import cv2
import numpy as np

from common.model_registry import YUNET, ModelFile, verified_bytes
from consumers.faces.face import SMALLEST_SIDE, Face, clipped_box
from consumers.faces.scaling import shrunk
from consumers.pipeline.analysis import Picture

LONG_SIDE = 320
SCORE_MIN = 0.6
OVERLAP_MAX = 0.3
CANDIDATES_MAX = 500


class YuNet:
    """Thread-safe: OpenCV's detector holds its input size, so every thread gets its own at its first call. Releases
    the interpreter lock while it works."""

    def __init__(self, content: bytes | None = None, long_side: int = LONG_SIDE) -> None:
        self._content = np.frombuffer(verified_bytes(YUNET) if content is None else content, np.uint8)
        self._long_side = long_side
        self._own = threading.local()

    @property
    def source(self) -> ModelFile:
        return YUNET

    def find(self, picture: Picture) -> list[Face]:
        small, scale = shrunk(picture, self._long_side)
        if min(small.shape[:2]) < SMALLEST_SIDE:
            return []
        detector = self._mine()
        detector.setInputSize((small.shape[1], small.shape[0]))
        _, rows = detector.detect(small)
        faces = []
        for row in [] if rows is None else np.asarray(rows):
            x, y, width, height = (float(value) / scale for value in row[:4])
            box = clipped_box(x, y, width, height, picture)
            if box is not None:
                points = tuple((float(px) / scale, float(py) / scale) for px, py in row[4:14].reshape(5, 2))
                faces.append(Face(box, min(1.0, max(0.0, float(row[14]))), points))
        return sorted(faces, key=lambda face: -face.score)

    def _mine(self) -> cv2.FaceDetectorYN:
        detector: cv2.FaceDetectorYN | None = getattr(self._own, "detector", None)
        if detector is None:
            nothing = np.empty(0, np.uint8)
            size = (self._long_side, self._long_side)
            detector = cv2.FaceDetectorYN.create(
                "onnx", self._content, nothing, size, SCORE_MIN, OVERLAP_MAX, CANDIDATES_MAX
            )
            self._own.detector = detector
        return detector
