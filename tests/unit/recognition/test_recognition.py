"""Enrolled by one picture, found in another; with an embedding network made for the tests."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.errors import ConfigurationError
from consumers.__main__ import main
from consumers.offline import load_offline
from consumers.recognition import analyzer as module
from consumers.recognition.analyzer import UNKNOWN, RecognitionAnalyzer, build_analyzer, decided
from consumers.recognition.tracker import RecognitionTracker
from tests.support.face_network import make_embedder
from tests.support.media import astronaut

Say = Callable[..., int]


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("LOOKOUT_VAR_DIR", str(tmp_path / "var"))
    return make_embedder(tmp_path)


@pytest.fixture
def gallery(options: dict[str, object], tmp_path: Path) -> Say:
    cv2.imwrite(str(tmp_path / "astronaut.png"), astronaut())

    def say(*words: str) -> int:
        return main(["gallery", *words, "--option", f"network={json.dumps(options['network'])}"])

    return say


def test_without_a_network_it_is_off_with_a_sentence() -> None:
    with pytest.raises(ConfigurationError, match=r"Face recognition is off.*MODEL_DIR"):
        load_offline("recognition", {})


def test_nobody_enrolled_is_unknown(options: dict[str, object]) -> None:
    ((face,),) = build_analyzer(options).analyze([astronaut()])
    assert (face.label, face.scores) == (UNKNOWN, None)


def test_enrolled_from_a_picture_is_named_in_a_darker_one(
    gallery: Say, options: dict[str, object], tmp_path: Path
) -> None:
    assert gallery("enrol", "Eileen", str(tmp_path / "astronaut.png")) == 0
    analyzer = build_analyzer(options)
    darker = (astronaut() * 0.8).astype(np.uint8)
    ((face,),) = analyzer.analyze([darker])
    assert face.label == "Eileen"
    assert face.scores is not None
    assert face.scores["Eileen"] > 0.9


def test_other_face_is_unknown(gallery: Say, options: dict[str, object], tmp_path: Path) -> None:
    """A blurred mirror picture is further than a strict distance allows."""
    assert gallery("enrol", "Eileen", str(tmp_path / "astronaut.png")) == 0
    assert decided({"Eileen": 0.4}, 0.5) == (UNKNOWN, 0.4)
    analyzer = build_analyzer(options | {"distance_max": 0.001})
    ((face,),) = analyzer.analyze([np.asarray(cv2.GaussianBlur(astronaut()[:, ::-1], (0, 0), 2), np.uint8)])
    assert face.label == UNKNOWN


def test_deleted_person_is_forgotten_by_a_running_analyzer(
    gallery: Say, options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert gallery("enrol", "Eileen", str(tmp_path / "astronaut.png")) == 0
    analyzer: RecognitionAnalyzer = build_analyzer(options)
    assert gallery("delete", "Eileen") == 0
    assert '"nothing_left": true' in capsys.readouterr().out
    monkeypatch.setattr(module, "RELOAD_S", 0.0)
    ((face,),) = analyzer.analyze([astronaut()])
    assert face.label == UNKNOWN


def test_picture_without_one_face_cannot_be_enrolled(
    gallery: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = np.concatenate([astronaut(), astronaut()], axis=1)
    cv2.imwrite(str(tmp_path / "two.png"), two)
    assert gallery("enrol", "Both", str(tmp_path / "two.png")) == 78
    assert "shows 2 faces" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["x", "x:y", "no-clip:1"])
def test_bad_sighting_is_refused(gallery: Say, named: str) -> None:
    assert gallery("enrol", "Eileen", "--sighting", named) == 78


@pytest.mark.parametrize("enrolled", [1, 2])
def test_sighting_carries_the_name(enrolled: int, gallery: Say, options: dict[str, object], tmp_path: Path) -> None:
    assert gallery("enrol", "Eileen", str(tmp_path / "astronaut.png")) == 0
    if enrolled == 2:
        cv2.imwrite(str(tmp_path / "blurred.png"), cv2.GaussianBlur(astronaut(), (0, 0), 3))
        assert gallery("enrol", "Blurred", str(tmp_path / "blurred.png")) == 0
    found = build_analyzer(options).analyze([astronaut()])[0]
    tracker = RecognitionTracker(0.5)
    for n in range(5):
        (shown,) = tracker.update(n * 200, n * 200_000, found)
        assert shown.label == "Eileen"
    (sighting,) = tracker.sightings()
    assert sighting.label == "Eileen"
    assert sighting.confidence > 0.9
