"""Cameras whose options differ from the service's get an analyzer of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from common.contracts.detection import Detection, ModelInfo
from common.errors import ConfigurationError
from consumers.pipeline.analysis import Picture
from consumers.pipeline.camera_analyzers import KINDS_MAX, CameraAnalyzers


class Fixed:
    """An analyzer that is the same for every camera."""

    model = ModelInfo(name="fixed", version="1", sha256="none")

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [[] for _ in pictures]


class Adjusting(Fixed):
    """One that counts how often it was adjusted."""

    def __init__(self, level: int = 0) -> None:
        self.level = level
        self.times = 0

    def adjusted(self, options: Mapping[str, Any]) -> "Adjusting":
        self.times += 1
        if "wrong" in options:
            raise ConfigurationError("Bad option of fixed: wrong")
        return Adjusting(options["level"])


def test_cameras_with_the_same_options_share_one_analyzer_made_once() -> None:
    usual = Adjusting()
    analyzers = CameraAnalyzers(usual)
    assert analyzers.of({}) is usual
    first, second = analyzers.of({"level": 1, "b": [1]}), analyzers.of({"b": [1], "level": 1})
    assert first is second
    assert isinstance(first, Adjusting)
    assert first.level == 1
    assert usual.times == 1


def test_camera_with_a_bad_option_gets_the_usual_one_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    usual = Adjusting()
    analyzers = CameraAnalyzers(usual)
    assert analyzers.of({"wrong": 1}) is usual
    assert analyzers.of({"wrong": 1}) is usual
    assert caplog.text.count("options are not used") == 1


def test_analyzer_that_is_the_same_for_all_stays_so() -> None:
    usual = Fixed()
    assert CameraAnalyzers(usual).of({"level": 1}) is usual


def test_what_is_remembered_is_bounded() -> None:
    usual = Adjusting()
    analyzers = CameraAnalyzers(usual)
    for level in range(KINDS_MAX + 1):
        analyzers.of({"level": level})
    analyzers.of({"level": KINDS_MAX})
    assert usual.times == KINDS_MAX + 1
    analyzers.of({"level": 0})
    assert usual.times == KINDS_MAX + 2
