"""People by OpenCV's own detector (Dalal and Triggs, Histograms of Oriented Gradients for Human Detection, 2005).

Needs no file. Finds upright people that are seen whole."""

import hashlib
import threading
from collections.abc import Sequence

import cv2
import numpy as np

from common.contracts.detection import ModelInfo
from consumers.objects.candidates import Candidates
from consumers.objects.detector import Found, clipped
from consumers.pipeline.analysis import Picture

LONG_SIDE = 480
SMALLEST = 64, 128
"""Width and height of the smallest person that it sees, in pixels of the scaled picture."""
STEP, PADDING, SCALE = (8, 8), (8, 8), 1.08
TIGHT = 0.1
"""Its boxes have this much air at each side (the training pictures had)."""
DOUBTFUL, SURE = 0.0, 1.5
"""Distances from the classifier's border that become scores of 0.3 and 0.9."""


class HogPeople:
    """Implements `consumers.objects.detector.ObjectDetector`. Thread-safe: each thread has a descriptor of its own."""

    def __init__(self) -> None:
        self._weights = np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector())
        self._digest = hashlib.sha256(self._weights.tobytes()).hexdigest()
        self._own = threading.local()

    @property
    def model(self) -> ModelInfo:
        return ModelInfo(name="opencv_hog_people", version=cv2.__version__, sha256=self._digest)

    @property
    def labels(self) -> tuple[str, ...]:
        return ("person",)

    @property
    def waits(self) -> bool:
        return False

    def find(self, pictures: Sequence[Picture], score_min: float) -> list[list[Found]]:
        return [self._one(picture, score_min) for picture in pictures]

    def _one(self, picture: Picture, score_min: float) -> list[Found]:
        height, width = picture.shape[:2]
        scale = min(1.0, LONG_SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
            return []
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture
        rectangles, weights = self._mine().detectMultiScale(small, winStride=STEP, padding=PADDING, scale=SCALE)
        if len(rectangles) == 0:
            return []
        distances = np.asarray(weights, np.float32).flatten()
        scores = 0.3 + 0.6 * np.clip((distances - DOUBTFUL) / (SURE - DOUBTFUL), 0, 1)
        boxes = np.asarray(rectangles, np.float32)
        kept = Candidates(boxes, scores.astype(np.float32), np.zeros(len(boxes), np.int64)).surest(score_min).thinned()
        found = []
        for (x, y, w, h), score in zip(kept.boxes.tolist(), kept.scores.tolist(), strict=True):
            x, y, w, h = x + TIGHT * w, y + TIGHT * h / 2, w * (1 - 2 * TIGHT), h * (1 - TIGHT)  # noqa: PLW2901
            box = clipped(x / scale, y / scale, w / scale, h / scale, picture)
            if box is not None:
                found.append(Found(box, "person", score))
        return found

    def _mine(self) -> cv2.HOGDescriptor:
        descriptor: cv2.HOGDescriptor | None = getattr(self._own, "descriptor", None)
        if descriptor is None:
            descriptor = cv2.HOGDescriptor()
            descriptor.setSVMDetector(self._weights)
            self._own.descriptor = descriptor
        return descriptor
