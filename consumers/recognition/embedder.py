"""A face as a vector: equal faces near one another, by the network that a person chose."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigurationError
from common.model_registry import FolderFile, ModelFile, verified_bytes
from consumers.inference.onnx_session import make_session, run_one
from consumers.pipeline.analysis import Picture
from consumers.recognition.options import EmbeddingNetwork

SIDE_DEFAULT = 112
BATCH_MAX = 16
RANGES = {"0..255": (1.0, 0.0), "0..1": (1 / 255, 0.0), "-1..1": (1 / 127.5, -1.0)}
Embedding = NDArray[np.float32]
"""Of length 1."""


class Embedder:
    """Thread-safe. Raises ConfigurationError for a missing or altered file, and one that takes no colour pictures."""

    def __init__(self, asked: EmbeddingNetwork) -> None:
        self.source = ModelFile(
            name=asked.file.removesuffix(".onnx"),
            version="own",
            purpose="faces as vectors, chosen by a person",
            licence="stated by who put it there",
            sha256=asked.sha256,
            source=FolderFile(asked.file),
            upstream="MODEL_DIR",
            accuracy="not measured here",
            get_with="MODEL_DIR=FOLDER, a folder that holds this file",
        )
        self._asked = asked
        self._session = make_session(verified_bytes(self.source))
        (given,) = self._session.get_inputs()
        shape = [size if isinstance(size, int) and size > 0 else None for size in given.shape]
        if len(shape) != 4 or shape[1] not in (3, None) or shape[2] != shape[3]:
            raise ConfigurationError(f"{asked.file} takes {given.shape}: not square pictures of three channels.")
        self._name = str(given.name)
        self.side = shape[2] or SIDE_DEFAULT
        self._batch = 1 if shape[0] == 1 else BATCH_MAX

    def embed(self, faces: Sequence[Picture]) -> list[Embedding]:
        """`faces`: `side` x `side` x 3 uint8, BGR."""
        factor, offset = RANGES[self._asked.pixels]
        vectors: list[Embedding] = []
        for at in range(0, len(faces), self._batch):
            blob = cv2.dnn.blobFromImages(list(faces[at : at + self._batch]), swapRB=self._asked.order == "rgb")
            values = np.asarray(blob, np.float32) * np.float32(factor) + np.float32(offset)
            rows = run_one(self._session, self._name, values)
            vectors += [unit(row) for row in rows.reshape(len(values), -1)]
        return vectors


def unit(vector: NDArray[np.float32]) -> Embedding:
    """Of length 1; nothing but zeros stays what it is."""
    vector = np.nan_to_num(np.asarray(vector, np.float32))
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
