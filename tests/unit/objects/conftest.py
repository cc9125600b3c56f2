"""A detector's file made for the tests, in a MODEL_DIR of its own."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.inference.making import constant_model
from tests.unit.objects.answers import SIDE

MakeNetwork = Callable[..., dict[str, Any]]


@pytest.fixture
def make_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeNetwork:
    """Options for a network that always gives the same answers."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    monkeypatch.delenv("LOOKOUT_VAR_DIR", raising=False)

    def make(
        *answers: NDArray[np.float32], shape: tuple[int | None, ...] = (1, 3, SIDE, SIDE), **changed: Any
    ) -> dict[str, Any]:
        content = constant_model(shape, *answers)
        (tmp_path / "made.onnx").write_bytes(content)
        return {"network": {"file": "made.onnx", "sha256": hashlib.sha256(content).hexdigest(), **changed}}

    return make
