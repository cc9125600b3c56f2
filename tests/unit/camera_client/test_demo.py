import re
import time

import cv2
import numpy as np
import pytest

from camera_client.demo import PLATES, SCENES, CarScene, FaceScene
from camera_client.demo.plate import draw_plate
from camera_client.shutter import SceneShutter
from camera_client.stripe import StripeMark, read_stripe


@pytest.mark.parametrize("kind", SCENES.values())
@pytest.mark.parametrize("size", [(640, 480), (320, 240), (1280, 720)])
def test_scene_repeats_after_its_loop_and_moves_before(
    kind: type[FaceScene] | type[CarScene], size: tuple[int, int]
) -> None:
    scene = kind(*size)
    first, later, again = scene.paint(0.5), scene.paint(2.5), scene.paint(0.5 + scene.loop_s)
    assert first.shape == (size[1], size[0], 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.mean(first != later) > 0.02


def test_plates_are_distinct_and_of_clear_letters() -> None:
    assert len(set(PLATES)) == len(PLATES)
    assert all(re.fullmatch(r"[ACEFHKLNPRTVXY3-9]{7}", text) for text in PLATES)


@pytest.mark.parametrize("way", [0.1, 0.5, 0.9])
def test_plate_is_between_100_and_170_px_wide_while_a_car_is_there(way: float) -> None:
    picture = CarScene().paint(4.0 * way)
    is_paper = (picture.min(axis=2) > 225).astype(np.uint8)
    is_paper[:150] = 0  # the sky is bright, too
    _, _, boxes, _ = cv2.connectedComponentsWithStats(is_paper)
    widths = [int(box[cv2.CC_STAT_WIDTH]) for box in boxes[1:] if box[cv2.CC_STAT_WIDTH] > 2 * box[cv2.CC_STAT_HEIGHT]]
    assert widths
    assert 95 <= max(widths) <= 170


def test_plate_of_another_text_is_another_picture() -> None:
    assert not np.array_equal(draw_plate("KA74XEF", 200, 44), draw_plate("KA74XEL", 200, 44))


def test_scene_shutter_gives_each_tick_its_own_stripe() -> None:
    shutter = SceneShutter(FaceScene(), fps=10, quality=80)
    for tick in (0, 1, 120, 121):
        mark = StripeMark.of("demo-face", "s" * 22, tick)
        data = shutter.shoot(tick, mark)
        assert data is not None
        picture = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        assert read_stripe(picture) == mark


def test_scene_shutter_costs_under_3_ms_of_cpu_a_frame_once_the_scene_has_repeated() -> None:
    shutter = SceneShutter(CarScene(), fps=2, quality=80)
    ticks = round(CarScene.loop_s * 2)
    for tick in range(ticks):
        shutter.shoot(tick, StripeMark(1, 2, tick))
    begin = time.thread_time()
    for tick in range(ticks, 3 * ticks):
        shutter.shoot(tick, StripeMark(1, 2, tick))
    assert (time.thread_time() - begin) / (2 * ticks) < 0.003
