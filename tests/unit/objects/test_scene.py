"""What a camera's settings make of detections."""

import pytest

from common.contracts.detection import Detection
from common.errors import ConfigurationError
from consumers.objects.classes import COCO, PRESETS, chosen_classes, coco_of_id
from consumers.objects.definition import DEFINITION
from consumers.objects.drawing import count_lines, draw_objects
from consumers.pipeline.analysis import CameraView, Scene
from tests.unit.pipeline.making import make_picture


def seen(label: str, score: float = 0.8, x: int = 10, side: int = 50) -> Detection:
    return Detection(box=(x, 20, side, side), kind="object", label=label, score=score)


def labels_shown(options: dict[str, object], *detections: Detection) -> list[str | None]:
    assert DEFINITION.build_scene_tracker is not None
    tracker = DEFINITION.build_scene_tracker(Scene(640, 480, CameraView(options)))
    return [one.label for one in tracker.update(0, 0, detections)]


def test_presets_name_known_classes() -> None:
    assert len(COCO) == len(set(COCO)) == 80
    for preset in PRESETS.values():
        assert set(preset) <= set(COCO)
    assert set(PRESETS) == {
        "core", "extended", "traffic", "perimeter", "retail", "people", "vehicles", "transport", "personal items",
    }  # fmt: skip


def test_classes_are_presets_and_names() -> None:
    assert chosen_classes(["people", "zebra"]) == {"person", "zebra"}
    with pytest.raises(ValueError, match="unicorn"):
        chosen_classes(["unicorn"])


def test_coco_numbers_without_class_have_none() -> None:
    assert [coco_of_id(n) for n in (0, 1, 11, 12, 13, 90, 91)] == [None, 0, 10, None, 11, 79, None]


def test_camera_sees_its_classes_only() -> None:
    three = (seen("person"), seen("dog", x=100), seen("tv", x=200))
    assert labels_shown({}, *three) == ["person", "dog"]
    assert labels_shown({"classes": ["tv", "people"]}, *three) == ["person", "tv"]
    assert labels_shown({"classes": "extended"}, *three) == ["person", "dog", "tv"]


def test_labels_of_a_network_of_ones_own_are_wanted_whatever_was_chosen() -> None:
    assert labels_shown({"classes": ["people"]}, seen("calf"), seen("dog", x=200)) == ["calf"]


def test_camera_has_its_own_threshold_and_least_size() -> None:
    assert labels_shown({"score_min": 0.9}, seen("person")) == []
    assert labels_shown({"score_min": 0.2}, seen("person", 0.4)) == ["person"]
    assert labels_shown({"side_min": 0.2}, seen("person")) == []


def test_bad_options_of_a_camera_give_way_to_the_defaults(caplog: pytest.LogCaptureFixture) -> None:
    assert labels_shown({"classes": ["unicorn"]}, seen("person")) == ["person"]
    assert "unicorn" in caplog.text


def test_single_picture_shows_what_is_sure_and_wanted() -> None:
    assert DEFINITION.settle is not None
    found = [seen("person"), seen("person", 0.2), seen("tv")]
    assert DEFINITION.settle(found, CameraView()) == [found[0]]
    with pytest.raises(ConfigurationError):
        DEFINITION.settle(found, CameraView({"classes": ["unicorn"]}))


def test_counts_are_drawn_most_first() -> None:
    found = [seen("dog"), seen("person"), seen("person")]
    assert count_lines(found) == ["2 person", "1 dog"]
    picture = make_picture(320, 240)
    draw_objects(picture, found)
    assert (picture[:10, -60:] == 0).any()
    for size in ((1, 1), (8, 8), (3, 200)):
        draw_objects(make_picture(*size), found)
