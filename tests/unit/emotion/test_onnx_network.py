"""An emotion network of one's own, from MODEL_DIR."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from common.errors import ConfigurationError
from consumers.emotion.analyzer import build_analyzer
from tests.support.media import astronaut
from tests.unit.inference.making import mean_model

LABELS = ["calm", "bright"]


def _options(folder: Path, content: bytes, **changed: object) -> dict[str, object]:
    (folder / "own.onnx").write_bytes(content)
    network = {"file": "own.onnx", "sha256": hashlib.sha256(content).hexdigest(), "labels": LABELS, "grey": "0..1"}
    return {"network": network | changed}


@pytest.mark.parametrize("shape", [(None, 1, 32, 32), (1, 1, 32, 32), (None, 3, 48, 48), (None, 32, 32, 1)])
def test_own_network_gives_its_own_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int | None, ...]
) -> None:
    """The made network's scores are the mean grey level and what is left of 1."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    analyzer = build_analyzer(_options(tmp_path, mean_model(shape)))
    two = np.concatenate([astronaut(), astronaut()], axis=1)
    ((first, second),) = analyzer.analyze([two])
    assert first.scores is not None
    assert list(first.scores) == LABELS
    assert sum(first.scores.values()) == pytest.approx(1, abs=1e-3)
    assert first.label in LABELS
    assert second.label == first.label
    assert analyzer.model.name.endswith("+own")


def test_altered_own_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    options = _options(tmp_path, mean_model((None, 1, 32, 32)), sha256="0" * 64)
    with pytest.raises(ConfigurationError, match="not the registered own"):
        build_analyzer(options)


def test_wrong_number_of_labels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    options = _options(tmp_path, mean_model((None, 1, 32, 32)), labels=["a", "b", "c"])
    with pytest.raises(ConfigurationError, match="2 scores for 3 labels"):
        build_analyzer(options)


def test_other_shapes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    options = _options(tmp_path, mean_model((None, 5, 32, 32)))
    with pytest.raises(ConfigurationError, match="one or three channels"):
        build_analyzer(options)


@pytest.mark.parametrize("changed", [{"file": "../x.onnx"}, {"labels": ["a", "a"]}, {"grey": "0..2"}])
def test_bad_description_is_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="Bad option of emotion"):
        build_analyzer(_options(tmp_path, b"x", **changed))
