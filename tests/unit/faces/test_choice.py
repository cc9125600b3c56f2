"""The choice of a face detector."""

from pathlib import Path

import pytest

from common.errors import ConfigurationError
from common.model_registry import LIBFACEDETECTION, MEDIAPIPE_FACE, YUNET, YUNET_320, ModelFile
from consumers.faces import choice


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"no face detector called 'haar'.*yunet_n_640"):
        choice.choose_detector("haar")


def test_none_installed_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find", lambda model: None)
    with pytest.raises(ConfigurationError, match="make setup"):
        choice.choose_detector()


@pytest.mark.parametrize("best", [YUNET_320, YUNET, LIBFACEDETECTION, MEDIAPIPE_FACE], ids=lambda model: model.name)
def test_automatic_takes_the_best_that_is_there(monkeypatch: pytest.MonkeyPatch, best: ModelFile) -> None:
    order = choice.BY_QUALITY
    there = order[order.index(best) :]
    monkeypatch.setattr(choice, "find", lambda model: Path("x") if model in there else None)
    built: list[ModelFile] = []
    monkeypatch.setattr(choice, "_build", built.append)
    choice.choose_detector()
    assert built == [best]


def test_altered_file_is_not_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / YUNET.source.path).write_bytes(b"not these weights")
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match="not the registered yunet"):
        choice.choose_detector()
