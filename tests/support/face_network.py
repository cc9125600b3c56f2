"""A small embedding network made here: the grey level of 8 x 8 fields, less their mean. It tells drawn faces apart."""

from pathlib import Path
from typing import Any

import numpy as np

from tests.support.made_network import options_for
from tests.unit.inference.making import flat_model

SIDE, FIELDS = 32, 8


def make_embedder(folder: Path) -> dict[str, Any]:
    """Options that name it; `folder` is the MODEL_DIR."""
    return options_for(folder, flat_model((None, 3, SIDE, SIDE), _weights()), "faces.onnx")


def _weights() -> np.ndarray:
    """3 x 32 x 32 pixels to 64 fields."""
    step = SIDE // FIELDS
    weights = np.zeros((3, SIDE, SIDE, FIELDS, FIELDS), np.float32)
    for row in range(FIELDS):
        for column in range(FIELDS):
            weights[:, row * step : (row + 1) * step, column * step : (column + 1) * step, row, column] = 1
    flat = weights.reshape(3 * SIDE * SIDE, FIELDS * FIELDS)
    return np.asarray(flat - flat.mean(axis=1, keepdims=True), np.float32)
