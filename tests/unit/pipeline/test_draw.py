import numpy as np
import pytest

from common.contracts.detection import Detection
from consumers.pipeline.draw import draw_detections, draw_time, label_of, plain, time_text
from tests.unit.pipeline.making import make_picture


def spot(box: tuple[int, int, int, int], text: str | None = None) -> Detection:
    return Detection(box=box, kind="plate", text=text, score=0.876)


def test_draw_box_lies_on_its_edges_and_label_above() -> None:
    picture = make_picture(320, 240, value=0)
    draw_detections(picture, [spot((100, 100, 50, 40), "AB123")])
    assert picture[100, 100:150].any(axis=1).all()
    assert picture[139, 100:150].any(axis=1).all()
    assert picture[85:99, 100:140].any()
    assert not picture[110:130, 110:140].any()
    assert not picture[150:, :].any()


@pytest.mark.parametrize(
    "box",
    [
        (-50, -50, 60, 60),
        (300, 230, 500, 500),
        (-1000, -1000, 10, 10),
        (0, 0, 320, 240),
        (2_000_000_000, 5, 10, 10),
        (5, 5, 0, 0),
        (-2_000_000_000, -2_000_000_000, 2_100_000_000, 2_100_000_000),
    ],
)
def test_draw_box_over_the_edges_is_clipped(box: tuple[int, int, int, int]) -> None:
    picture = make_picture(320, 240)
    draw_detections(picture, [spot(box, "TEXT-THAT-IS-RATHER-LONG-FOR-A-PLATE-OF-ANY-COUNTRY-AT-ALL")])
    assert picture.shape == (240, 320, 3)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 2), (8, 8), (9, 300), (300, 3)])
def test_draw_tiny_pictures_survive(width: int, height: int) -> None:
    picture = make_picture(width, height)
    draw_detections(picture, [spot((0, 0, width, height), "A"), spot((-1, -1, 3, 3))])
    draw_time(picture, 1_700_000_000_123_456)
    assert picture.shape == (height, width, 3)


def test_draw_label_on_every_colour_differs_from_its_background() -> None:
    for value in (0, 127, 255):
        picture = make_picture(320, 240, value=value)
        draw_detections(picture, [spot((100, 100, 50, 40), "AB123")])
        label = picture[84:99, 101:150].reshape(-1, 3).astype(int)
        assert np.abs(label.max(axis=0) - label.min(axis=0)).max() > 100


def test_draw_time_is_utc_with_milliseconds() -> None:
    assert time_text(1_700_000_000_123_456) == "2023-11-14 22:13:20.123 UTC"
    assert time_text(2**62) == f"{2**62} us"
    picture = make_picture(640, 480, value=128)
    draw_time(picture, 1_700_000_000_123_456)
    assert (picture[440:, :].reshape(-1, 3) == 255).all(axis=1).any()
    assert (picture[:440] == 128).all()


def test_label_is_plain_ascii() -> None:
    assert label_of(spot((0, 0, 1, 1), "Ä§ 12\n3")) == "?? 12?3 88%"
    assert label_of(Detection(box=(0, 0, 1, 1), kind="face", label="happy", score=0.5)) == "happy 50%"
    assert plain("日本") == "??"
