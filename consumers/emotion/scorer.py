"""The seam behind which an emotion network stands, and cutting a face out for it."""

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from common.contracts.detection import Box
from common.model_registry import ModelFile
from consumers.pipeline.analysis import Picture

GROW = 1.1
"""The crop's sides in units of the face box. Measured: tight crops are more often right."""


class EmotionScorer(Protocol):
    """Thread-safe: one instance serves all pool threads at once."""

    @property
    def source(self) -> ModelFile: ...

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the scores."""
        ...

    @property
    def side(self) -> int:
        """Width and height of the crops it wants, pixels."""
        ...

    def score(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """`crops`: `side` x `side` uint8, grey. n x labels; each row sums to 1."""
        ...


def cut_face(picture: Picture, box: Box, side: int) -> NDArray[np.uint8]:
    """The face as a network wants it: `side` x `side`, grey. `box` must touch the picture."""
    x, y, width, height = box
    middle_x, middle_y = x + width / 2, y + height / 2
    left, right = round(middle_x - width * GROW / 2), round(middle_x + width * GROW / 2)
    top, bottom = round(middle_y - height * GROW / 2), round(middle_y + height * GROW / 2)
    left, top = min(max(0, left), picture.shape[1] - 1), min(max(0, top), picture.shape[0] - 1)
    face = picture[top : max(top + 1, bottom), left : max(left + 1, right)]
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
