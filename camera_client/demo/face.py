"""`demo:face`: a real face moving in front of a drawn wall.

The face is `astronaut.png` of scikit-image's package data: Eileen Collins, NASA Great Images database, public domain.
"""

import importlib.util
import math
from pathlib import Path

import cv2
import numpy as np

from camera_client.demo.scene import Sprite
from camera_client.picture import Picture
from common.errors import ConfigurationError

LOOP_S = 12.0
# The person's outline in the 512 x 512 original; below _BODY_END the suit carries badges with letters, like plates.
_BODY_END = 322
_OUTLINE = (
    (38, 330), (42, 300), (54, 264), (76, 240), (106, 214), (113, 196), (119, 180), (130, 162), (152, 151), (178, 149),
    (181, 134), (170, 126), (160, 114), (155, 96), (153, 76), (161, 56), (179, 37), (201, 23), (232, 16), (262, 21),
    (284, 39), (297, 62), (301, 85), (297, 108), (285, 124), (275, 135), (268, 135), (262, 152), (257, 173), (275, 183),
    (291, 201), (302, 226), (305, 237), (328, 250), (343, 272), (353, 305), (358, 330),
)  # fmt: skip
_LEFT, _TOP, _RIGHT = 30, 8, 366
# Makes the face (ear to ear about 95 px in the original) 115 px wide in a picture 480 px high.
_SCALE_AT_480 = 1.2


class FaceScene:
    """One person who walks from side to side and nods a little."""

    loop_s = LOOP_S

    def __init__(self, width: int = 640, height: int = 480) -> None:
        self._width, self._height = width, height
        self._wall = _draw_wall(width, height)
        self._person = _cut_person(_SCALE_AT_480 * height / 480)

    def paint(self, t_s: float) -> Picture:
        """The scene at `t_s`."""
        turn = 2 * math.pi * t_s / LOOP_S
        picture = self._wall.copy()
        middle = (self._width - self._person.width) / 2
        reach = max(0.0, middle - 4)
        nod = self._height * 0.012 * math.sin(3 * turn)
        x, y = round(middle + reach * math.sin(turn)), round(self._height - self._person.height * 0.96 + nod)
        self._person.put_on(picture, x, y)
        return picture


def astronaut_path() -> Path:
    """Where scikit-image keeps the picture; the package itself is not imported (it would bring SciPy into memory)."""
    found = importlib.util.find_spec("skimage")
    path = Path(found.origin).parent / "data" / "astronaut.png" if found is not None and found.origin else None
    if path is None or not path.is_file():
        raise ConfigurationError("demo:face needs the sample picture of scikit-image: pip install scikit-image")
    return path


def _cut_person(scale: float) -> Sprite:
    whole = cv2.imread(str(astronaut_path()), cv2.IMREAD_COLOR)
    if whole is None:
        raise ConfigurationError(f"{astronaut_path()} is no picture")
    outline = np.zeros(whole.shape[:2], np.uint8)
    cv2.fillPoly(outline, [np.array(_OUTLINE, np.int32)], 255, cv2.LINE_AA)
    outline = np.asarray(cv2.GaussianBlur(outline, (0, 0), 1.6), np.uint8)
    part = np.s_[_TOP:_BODY_END, _LEFT:_RIGHT]
    person = Sprite.cut(np.ascontiguousarray(whole[part], dtype=np.uint8), outline[part])
    return person.scaled(scale)


def _draw_wall(width: int, height: int) -> Picture:
    """A wall with a window, a shelf and a skirting: plain areas, nothing that looks like a face or a letter."""
    shade = np.linspace(205, 160, height, dtype=np.float32)[:, None, None]
    wall: Picture = np.ascontiguousarray(np.broadcast_to(shade * (1.0, 0.98, 0.92), (height, width, 3)), np.uint8)

    def at(x: float, y: float) -> tuple[int, int]:
        return round(x * width), round(y * height)

    cv2.rectangle(wall, at(0.06, 0.12), at(0.30, 0.52), (120, 140, 150), -1)
    cv2.rectangle(wall, at(0.075, 0.14), at(0.285, 0.50), (235, 215, 180), -1)
    cv2.rectangle(wall, at(0.075, 0.38), at(0.285, 0.50), (120, 165, 130), -1)
    cv2.rectangle(wall, at(0.176, 0.14), at(0.184, 0.50), (120, 140, 150), -1)
    cv2.rectangle(wall, at(0.70, 0.36), at(0.96, 0.385), (70, 95, 130), -1)
    for number, colour in enumerate([(90, 70, 150), (140, 110, 60), (80, 130, 90), (60, 100, 170)]):
        left = 0.73 + 0.045 * number
        cv2.rectangle(wall, at(left, 0.20 + 0.02 * (number % 2)), at(left + 0.035, 0.36), colour, -1)
    cv2.rectangle(wall, at(0, 0.90), at(1, 1), (105, 125, 150), -1)
    return np.asarray(cv2.GaussianBlur(wall, (0, 0), 1.0), np.uint8)
