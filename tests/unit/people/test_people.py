"""People by a network where there is one, else by OpenCV's own detector."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from common.errors import ConfigurationError
from consumers.objects.classes import COCO
from consumers.people.analyzer import build_analyzer
from consumers.people.hog import HogPeople
from tests.support.made_network import made_options


def drawn_person(width: int = 320, height: int = 320) -> np.ndarray:
    """An upright figure, dark on light: enough of a shape for gradients."""
    picture = np.full((height, width, 3), 190, np.uint8)
    x, y = width // 2, height // 2 - 80
    cv2.circle(picture, (x, y), 13, (60, 60, 60), -1)
    cv2.ellipse(picture, (x, y + 50), (22, 38), 0, 0, 360, (50, 50, 50), -1)
    cv2.line(picture, (x - 8, y + 80), (x - 12, y + 150), (55, 55, 55), 14)
    cv2.line(picture, (x + 8, y + 80), (x + 12, y + 150), (55, 55, 55), 14)
    return cv2.GaussianBlur(picture, (5, 5), 0)


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    return tmp_path


def test_without_a_file_opencv_is_used_and_it_is_said(no_models: Path, caplog: pytest.LogCaptureFixture) -> None:
    analyzer = build_analyzer({})
    assert analyzer.model.name == "opencv_hog_people"
    assert len(analyzer.model.sha256) == 64
    assert "MODEL_DIR" in caplog.text


def test_hog_finds_an_upright_figure_and_none_on_a_plain_picture(no_models: Path) -> None:
    analyzer = build_analyzer({"model": "hog"})
    found, none = analyzer.analyze([drawn_person(), np.full((320, 320, 3), 190, np.uint8)])
    assert [one.label for one in found] == ["person"]
    x, y, width, height = found[0].box
    assert x < 160 < x + width
    assert y < 160 < y + height
    assert none == []


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (1, 4_000), (3_000, 2_000)])
def test_hog_any_picture_gives_a_result(size: tuple[int, int]) -> None:
    assert isinstance(HogPeople().find([np.zeros((*size, 3), np.uint8)], 0.1), list)


def test_network_shows_people_only(no_models: Path) -> None:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = [40, 60, 140, 260, 0.8, COCO.index("dog")]
    rows[0, 1] = [240, 60, 340, 260, 0.8, COCO.index("person")]
    options = made_options(no_models, rows)
    ((only,),) = build_analyzer(options).analyze([np.zeros((416, 416, 3), np.uint8)])
    assert (only.kind, only.label, only.box) == ("person", "person", (240, 60, 100, 200))


def test_named_file_that_is_missing_is_refused(no_models: Path) -> None:
    with pytest.raises(ConfigurationError, match="is missing"):
        build_analyzer({"model": "yolox_nano"})
