"""Plates in single pictures: drawn ones, everything odd, and labelled photographs where they are."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from benchmarks.accuracy_truth import read_items
from camera_client.demo import PLATES, CarScene, FaceScene
from common.errors import ConfigurationError
from consumers.license_plate.analyzer import PlateAnalyzer, build_analyzer
from consumers.license_plate.definition import DEFINITION
from consumers.pipeline.analysis import Picture
from tests.support.media import astronaut, media_folder, odd_pictures


@pytest.fixture(scope="module", params=["fast", "video", "standard", "thorough"])
def analyzer(request: pytest.FixtureRequest) -> PlateAnalyzer:
    return build_analyzer({**DEFINITION.options, "mode": request.param})


@pytest.fixture(scope="module")
def standard() -> PlateAnalyzer:
    return build_analyzer(DEFINITION.options)


def _car(seconds: float, width: int = 640, height: int = 480) -> Picture:
    return CarScene(width, height).paint(seconds)


@pytest.mark.parametrize("mode", ["fast", "video", "standard", "thorough"])
def test_each_drawn_car_is_read(mode: str) -> None:
    analyzer = build_analyzer({**DEFINITION.options, "mode": mode})
    for place, text in enumerate(PLATES):
        (found,) = analyzer.analyze([_car(4.0 * place + 2.0)])
        assert [seen.text for seen in found] == [text]
        assert found[0].kind == "plate"
        assert found[0].score > 0.9


def test_box_surrounds_the_plate(standard: PlateAnalyzer) -> None:
    ((found,),) = standard.analyze([_car(2.0)])
    x, y, width, height = found.box
    assert 80 < width < 200
    assert 15 < height < 60
    assert 0 <= x < x + width <= 640
    assert 0 <= y < y + height <= 480


def test_large_picture_is_read_too(analyzer: PlateAnalyzer) -> None:
    (found,) = analyzer.analyze([_car(2.0, 1920, 1080)])
    assert [seen.text for seen in found] == [PLATES[0]]


def test_pictures_keep_their_order(standard: PlateAnalyzer) -> None:
    found = standard.analyze([_car(2.0), np.zeros((48, 64, 3), np.uint8), _car(6.0)])
    assert [[seen.text for seen in one] for one in found] == [[PLATES[0]], [], [PLATES[1]]]


def test_any_picture_gives_a_result_without_plates(analyzer: PlateAnalyzer) -> None:
    for picture in odd_pictures():
        assert analyzer.analyze([picture]) == [[]]


@pytest.mark.parametrize("text", ["2026-01-31 23:59:59", "31.01.2026", "23:59:59", "314-845-5900"])
def test_overlay_is_no_plate(analyzer: PlateAnalyzer, text: str) -> None:
    picture = np.full((480, 640, 3), 70, np.uint8)
    cv2.rectangle(picture, (15, 15), (330, 55), (0, 0, 0), -1)
    cv2.putText(picture, text, (20, 45), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255, 255, 255), 2)
    assert analyzer.analyze([picture]) == [[]]


def test_face_scene_has_no_plate(analyzer: PlateAnalyzer) -> None:
    assert analyzer.analyze([astronaut(), FaceScene(640, 480).paint(1.0)]) == [[], []]


def test_threads_read_the_same(standard: PlateAnalyzer) -> None:
    picture = _car(2.0)
    expected = standard.analyze([picture])
    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(lambda one: standard.analyze([one]), [picture] * 8))


def test_country_format_leaves_out_what_does_not_fit() -> None:
    brazil = build_analyzer({"mode": "fast", "formats": ["br"]})
    assert brazil.analyze([_car(2.0)]) == [[]]
    own = build_analyzer({"mode": "fast", "formats": ["br"], "patterns": ["AA99AAA"]})
    assert [seen.text for seen in own.analyze([_car(2.0)])[0]] == [PLATES[0]]


@pytest.mark.parametrize(
    "options",
    [{"mode": "slow"}, {"formats": ["atlantis"]}, {"formats": []}, {"patterns": ["(a+)+$"]}, {"colour": "red"}],
)
def test_bad_option_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="Bad option of license_plate"):
        build_analyzer(options)


def test_photographs_without_plates_give_none(analyzer: PlateAnalyzer) -> None:
    for item in read_items(media_folder()):
        if item.group in ("negatives", "objects", "emotion", "groups"):
            assert analyzer.analyze([item.picture()]) == [[]], item.file


def test_dash_camera_pictures_are_read(standard: PlateAnalyzer) -> None:
    wanted, missed = 0, []
    for item in read_items(media_folder()):
        if item.kind == "dashcam_frame":
            found = standard.analyze([item.picture()])[0]
            wanted += len(item.plates)
            missed += [text for text in item.plates if not any(item.same_plate(seen.text, text) for seen in found)]
    assert wanted >= 10
    assert len(missed) <= wanted // 10, missed
