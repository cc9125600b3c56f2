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
    return options_for(folder, constant_model(shape, *answers), "made.onnx", **changed)


def options_for(folder: Path, content: bytes, name: str, **changed: Any) -> dict[str, Any]:
    """Write a network into `folder`; the options that name it."""
    (folder / name).write_bytes(content)
    return {"network": {"file": name, "sha256": hashlib.sha256(content).hexdigest(), **changed}}
