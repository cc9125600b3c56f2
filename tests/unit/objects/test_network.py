"""Every layout is found from what a network answers, and read right."""

from pathlib import Path

import numpy as np
import pytest

from common.errors import ConfigurationError
from consumers.objects.analyzer import build_analyzer
from consumers.objects.choice import choose_network
from consumers.objects.options import DetectorOptions
from consumers.pipeline.analysis import WaitsElsewhere
from tests.unit.objects.answers import LABEL, LAYOUTS, SIDE, end_to_end, yolo_turned, yolox
from tests.unit.objects.conftest import MakeNetwork


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_is_found_and_its_box_lies_in_the_picture(name: str, make_network: MakeNetwork) -> None:
    options = make_network(*LAYOUTS[name]())
    assert choose_network(DetectorOptions.model_validate(options)).layout == name.split(",", maxsplit=1)[0]
    analyzer = build_analyzer(options)
    ((only,),) = analyzer.analyze([np.zeros((SIDE, SIDE, 3), np.uint8)])
    assert only.label == LABEL
    assert only.kind == "object"
    assert only.score == pytest.approx(0.81, abs=0.15)
    assert only.box == pytest.approx((40, 60, 100, 200), abs=1)


def test_box_of_a_letterboxed_picture_is_in_its_own_pixels(make_network: MakeNetwork) -> None:
    """832 x 624 goes into 416 x 416 at half its size."""
    ((only,),) = build_analyzer(make_network(*yolox())).analyze([np.zeros((624, 832, 3), np.uint8)])
    assert only.box == pytest.approx((80, 120, 200, 400), abs=1)


def test_box_of_a_stretched_picture_is_in_its_own_pixels(make_network: MakeNetwork) -> None:
    ((only,),) = build_analyzer(make_network(*LAYOUTS["DETR"]())).analyze([np.zeros((208, 832, 3), np.uint8)])
    assert only.box == pytest.approx((80, 30, 200, 100), abs=1)


def test_box_over_the_edge_is_cut_and_one_outside_left_out(make_network: MakeNetwork) -> None:
    rows = end_to_end()[0]
    rows[0, 1] = [390, 390, 500, 500, 0.9, 2]
    rows[0, 2] = [600, 600, 700, 700, 0.9, 2]
    rows[0, 3] = [np.nan, 0, 10, 10, 0.9, 2]
    (found,) = build_analyzer(make_network(rows)).analyze([np.zeros((SIDE, SIDE, 3), np.uint8)])
    assert [(one.label, one.box) for one in found] == [("car", (390, 390, 26, 26)), (LABEL, (40, 60, 100, 200))]


def test_network_of_open_size_and_batch_takes_several_pictures(make_network: MakeNetwork) -> None:
    rows = np.concatenate([yolo_turned()[0]] * 2)
    analyzer = build_analyzer(make_network(rows, shape=(None, 3, None, None)))
    found = analyzer.analyze([np.zeros((640, 640, 3), np.uint8), np.zeros((320, 320, 3), np.uint8)])
    assert [one.box for (one,) in found] == [(40, 60, 100, 200), (20, 30, 50, 100)]


def test_own_labels_are_used(make_network: MakeNetwork) -> None:
    columns = np.zeros((1, 6, 3549), np.float32)
    columns[0, :, 0] = [100, 100, 50, 50, 0.1, 0.8]
    ((only,),) = build_analyzer(
        make_network(columns, labels=["fork lift", "pallet"]) | {"classes": ["pallet"]}
    ).analyze([np.zeros((SIDE, SIDE, 3), np.uint8)])
    assert only.label == "pallet"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"model": "yolov8"}, "Known: auto, yolox_nano, fastestdet"),
        ({"model": "yolox_nano"}, "object_detection_yolox_nano_416.onnx .* is missing"),
        ({}, "No object detector is there"),
        ({"classes": ["unicorn"]}, "No object detector|unicorn"),
        ({"scores": 1}, "scores"),
        ({"score_min": 2}, "No object detector|score_min"),
    ],
)
def test_what_cannot_be_had_is_refused_with_a_sentence(
    options: dict[str, object], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match=sentence):
        build_analyzer(options)


def test_altered_file_is_refused(make_network: MakeNetwork) -> None:
    options = make_network(*yolox())
    options["network"]["sha256"] = "0" * 64
    with pytest.raises(ConfigurationError, match="not the registered made"):
        build_analyzer(options)


@pytest.mark.parametrize("shape", [(1, 7), (1, 10, 7), (1, 10, 20, 7)])
def test_unknown_answer_is_refused(shape: tuple[int, ...], make_network: MakeNetwork) -> None:
    with pytest.raises(ConfigurationError, match="neither a YOLO nor a DETR layout"):
        build_analyzer(make_network(np.zeros(shape, np.float32)))


def test_network_for_other_pictures_is_refused(make_network: MakeNetwork) -> None:
    with pytest.raises(ConfigurationError, match="not pictures of three channels"):
        build_analyzer(make_network(*yolox(), shape=(1, 1, SIDE, SIDE)))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (1, 4_000), (4_000, 1), (2_000, 3_000)])
def test_any_picture_gives_a_result(size: tuple[int, int], make_network: MakeNetwork) -> None:
    (found,) = build_analyzer(make_network(*yolox())).analyze([np.zeros((*size, 3), np.uint8)])
    for one in found:
        x, y, width, height = one.box
        assert 0 <= x < x + width <= size[1]
        assert 0 <= y < y + height <= size[0]


def test_network_on_this_processor_does_not_wait(make_network: MakeNetwork) -> None:
    analyzer = build_analyzer(make_network(*yolox()))
    assert isinstance(analyzer, WaitsElsewhere)
    assert not analyzer.waits
