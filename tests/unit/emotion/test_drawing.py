"""Faces drawn with their count."""

import numpy as np

from common.contracts.detection import Detection
from consumers.emotion.drawing import draw_faces

FACE = Detection(box=(20, 40, 30, 40), kind="face", score=0.9, label="happy")


def test_count_is_drawn_in_the_upper_right_corner() -> None:
    picture = np.full((240, 320, 3), 128, np.uint8)
    draw_faces(picture, [FACE, FACE])
    assert (picture[:12, 250:] != 128).any()


def test_nothing_is_drawn_without_faces() -> None:
    picture = np.full((240, 320, 3), 128, np.uint8)
    draw_faces(picture, [])
    assert (picture == 128).all()


def test_tiny_picture_is_survived() -> None:
    for height, width in ((1, 1), (8, 8), (8, 400)):
        draw_faces(np.zeros((height, width, 3), np.uint8), [FACE])
