"""What is copied into a picture is what a plain loop would put there, in any picture and at any place."""

import random
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from consumers.pipeline.analysis import Picture
from consumers.pipeline.draw import draw_detections, draw_time
from consumers.pipeline.patches import BAND_PIXELS, KEPT_BYTES_MAX, dots, fill, outline, paste, text_patch
from tests.unit.pipeline.making import make_picture
from tests.unit.pipeline.test_draw import spot

COLOUR = (10, 200, 90)
PLACES = [(0, 0), (-5, -3), (25, 15), (-100, 2), (2, -100), (1000, 1000), (2**40, -(2**40)), (12, 18)]
TIME_US = 1_700_000_000_123_456


def expected(x: int, y: int, width: int, height: int) -> Picture:
    picture = make_picture(40, 20, value=7)
    picture[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)] = COLOUR
    return picture


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("size", [(3, 2), (200, 1), (40, 20), (1, 200), (0, 5), (5, 0)])
def test_fill_is_clipped(place: tuple[int, int], size: tuple[int, int]) -> None:
    picture = make_picture(40, 20, value=7)
    fill(picture, *place, *size, COLOUR)
    assert (picture == expected(*place, *size)).all()


@pytest.mark.parametrize("place", PLACES)
def test_paste_is_clipped(place: tuple[int, int]) -> None:
    patch = text_patch("AB", 0.5, (255, 255, 255), COLOUR)
    picture, room = make_picture(40, 20, value=7), np.full((220, 240, 3), 7, np.uint8)
    paste(picture, *place, patch)
    x, y = place
    if abs(x) <= 100 and abs(y) <= 100:
        room[100 + y : 100 + y + patch.height, 100 + x : 100 + x + patch.width] = patch.picture
    assert (picture == room[100:120, 100:140]).all()


def test_outline_is_half_outside_and_leaves_the_middle() -> None:
    picture = make_picture(60, 60, value=0)
    outline(picture, 20, 30, 10, 12, 3, COLOUR)
    drawn = (picture == COLOUR).all(axis=2)
    ys, xs = np.nonzero(drawn)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (19, 30, 29, 42)
    assert not drawn[32:40, 22:28].any()
    assert drawn[29:32, 19:31].all()
    assert drawn[40:43, 19:31].all()


def test_dots_are_discs_and_those_outside_are_left_out() -> None:
    picture = make_picture(40, 20, value=0)
    dots(picture, [(10, 10), (-1, 5), (39, 19), (500, -500)], 1, COLOUR)
    drawn = {(int(x), int(y)) for y, x in np.argwhere((picture == COLOUR).all(axis=2))}
    assert drawn == {(10, 10), (9, 10), (11, 10), (10, 9), (10, 11), (0, 5), (39, 19), (38, 19), (39, 18)}
    dots(picture, [], 3, COLOUR)


def test_parts_of_larger_pictures_and_very_wide_ones() -> None:
    large = make_picture(60, 60, value=7)
    part = large[10:30, 10:50]
    fill(part, 1, 2, 3, 4, COLOUR)
    paste(part, 4, 1, text_patch("A", 0.5, (0, 0, 0), COLOUR))
    assert (part[2:6, 1:4] == COLOUR).all()
    assert (large[:10] == 7).all()
    assert (large[:, 50:] == 7).all()
    wide = make_picture(BAND_PIXELS + 10, 2, value=7)
    fill(wide, 0, 0, BAND_PIXELS + 5, 1, COLOUR)
    assert (wide[0, : BAND_PIXELS + 5] == COLOUR).all()
    assert (wide[0, BAND_PIXELS + 5 :] == 7).all()


def test_patches_are_shared_and_cannot_be_written_to_and_large_ones_are_not_kept() -> None:
    small = text_patch("AB 123", 0.5, (0, 0, 0), COLOUR)
    assert text_patch("AB 123", 0.5, (0, 0, 0), COLOUR) is small
    with pytest.raises(ValueError, match="read-only"):
        small.picture[0, 0] = 1
    large = text_patch("A" * 48, 2.0, (0, 0, 0), COLOUR)
    assert large.picture.nbytes > KEPT_BYTES_MAX
    assert text_patch("A" * 48, 2.0, (0, 0, 0), COLOUR) is not large


def turns_of_another_thread(work: Callable[[], None]) -> int:
    """How often another thread that wants the interpreter lock came to it while `work` ran."""
    turns, is_over = 0, threading.Event()
    begun = threading.Barrier(2)

    def want() -> None:
        nonlocal turns
        begun.wait()
        while not is_over.is_set():
            turns += 1
            time.sleep(0)

    other, before = threading.Thread(target=want), sys.getswitchinterval()
    sys.setswitchinterval(60)
    try:
        other.start()
        begun.wait()
        time.sleep(0.01)
        at_first = turns
        work()
        return turns - at_first
    finally:
        is_over.set()
        sys.setswitchinterval(before)
        other.join()


def test_drawing_does_not_give_up_the_interpreter_lock() -> None:
    picture = make_picture(640, 480)
    found = [spot((n * 90, 100, 80, 60), "AB123") for n in range(6)]

    def draw() -> None:
        for _ in range(200):
            draw_detections(picture, found)
            draw_time(picture, TIME_US)

    draw()  # renders the texts
    assert turns_of_another_thread(draw) == 0
    assert turns_of_another_thread(lambda: time.sleep(0.05)) > 0


def test_many_threads_draw_the_same() -> None:
    texts = [f"T {n}" for n in range(40)]
    random.Random(1).shuffle(texts)
    pictures: list[Picture] = []

    def draw() -> None:
        picture = make_picture(320, 240, value=0)
        for text in texts:
            draw_detections(picture, [spot((100, 100, 50, 40), text)])
        pictures.append(picture)

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((picture == pictures[0]).all() for picture in pictures)
    assert len(pictures) == 8
