"""An emotion network of one's own: an ONNX file in MODEL_DIR, named with its digest and labels in the options."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigurationError
from common.model_registry import FolderFile, ModelFile, verified_bytes
from consumers.emotion.options import OwnNetwork
from consumers.inference.onnx_session import make_session, run_one

BATCH_MAX = 32
SIDE_DEFAULT = 64
"""Where the file leaves the picture's size open."""
RANGES = {"0..255": (1.0, 0.0), "0..1": (1 / 255, 0.0), "-1..1": (1 / 127.5, -1.0)}
"""What grey levels are multiplied by, and what is added."""


class OnnxNetwork:
    """Implements `consumers.emotion.scorer.EmotionScorer`.

    Its input is n x c x h x w or n x h x w x c, with one channel or three equal ones; which is read from the file.
    Raises ConfigurationError for a missing or altered file, and for one whose shape is none of these.
    """

    def __init__(self, asked: OwnNetwork) -> None:
        self._asked = asked
        self._session = make_session(verified_bytes(self.source))
        (given,) = self._session.get_inputs()
        self._name = str(given.name)
        shape = [size if isinstance(size, int) else None for size in given.shape]
        if len(shape) != 4 or not {shape[1], shape[3]} & {1, 3}:
            raise ConfigurationError(f"{asked.file} takes {given.shape}: not pictures of one or three channels.")
        self._channels_first = shape[1] in (1, 3)
        self._channels = shape[1] if self._channels_first else shape[3]
        self._side = shape[2] or SIDE_DEFAULT
        self._is_single = shape[0] == 1
        count = self.score([np.zeros((self._side, self._side), np.uint8)]).shape[1]
        if count != len(asked.labels):
            raise ConfigurationError(f"{asked.file} gives {count} scores for {len(asked.labels)} labels.")

    @property
    def source(self) -> ModelFile:
        return ModelFile(
            name=self._asked.file.removesuffix(".onnx"),
            version="own",
            purpose="emotions of a face, chosen by a person",
            licence="stated by who put it there",
            sha256=self._asked.sha256,
            source=FolderFile(self._asked.file),
            upstream="MODEL_DIR",
            accuracy="not measured here",
            get_with="MODEL_DIR=FOLDER, a folder that holds this file",
        )

    @property
    def labels(self) -> tuple[str, ...]:
        return self._asked.labels

    @property
    def side(self) -> int:
        return self._side

    def score(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        if not crops:
            return np.empty((0, len(self.labels)), np.float32)
        factor, offset = RANGES[self._asked.grey]
        values = np.stack(crops).astype(np.float32) * np.float32(factor) + np.float32(offset)
        axis = 1 if self._channels_first else 3
        values = np.ascontiguousarray(np.repeat(np.expand_dims(values, axis), self._channels or 1, axis=axis))
        step = 1 if self._is_single else BATCH_MAX
        parts = [run_one(self._session, self._name, values[at : at + step]) for at in range(0, len(values), step)]
        return _as_shares(np.concatenate(parts).reshape(len(crops), -1))


def _as_shares(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores that sum to 1: as they are, or the softmax of what are still logits."""
    if (rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=0.01):
        return rows
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
