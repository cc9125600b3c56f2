"""A detector's file made for tests, and the options that name it."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.unit.inference.making import constant_model


def made_options(
    folder: Path, *answers: NDArray[np.float32], shape: tuple[int | None, ...] = (1, 3, 416, 416), **changed: Any
) -> dict[str, Any]:
    """Options for a network in `folder`, the MODEL_DIR, that always gives the same answers."""
    content = constant_model(shape, *answers)
    (folder / "made.onnx").write_bytes(content)
    return {"network": {"file": "made.onnx", "sha256": hashlib.sha256(content).hexdigest(), **changed}}
