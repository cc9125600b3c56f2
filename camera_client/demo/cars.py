"""`demo:cars`: cars come up a lane towards the camera, one after the other, each with a plate whose text is known."""

import math

import cv2
import numpy as np

from camera_client.demo.plate import draw_plate
from camera_client.demo.scene import Sprite
from camera_client.picture import Picture

PLATES = ("KA74XEF", "RT39HPC", "TN64FLE", "HX49KNA", "PR67TCV", "LE34NYX", "FK93VAT", "YC76RHL")
"""The texts in the order in which the cars come, without letters and digits that are easily taken for each other."""

SECONDS_PER_CAR = 4.0
LOOP_S = SECONDS_PER_CAR * len(PLATES)
_COLOURS = (
    (150, 60, 40), (60, 60, 170), (95, 95, 95), (70, 120, 50),
    (45, 45, 45), (150, 130, 60), (90, 50, 110), (40, 110, 180),
)  # fmt: skip
# The master drawing of a car, in its own pixels; everything below is in these.
_CAR_W, _CAR_H = 480, 350
_PLATE_W, _PLATE_H = 200, 44
# A plate is 104 px wide where a car comes into view and 160 px where it leaves, in a picture 480 px high.
_FAR_SCALE, _NEAR_SCALE = 0.52, 0.80
_BUMPER_FAR, _BUMPER_NEAR = 0.50, 0.93
_MOVING_PART = 0.92


class CarScene:
    """A lane seen from a gate post."""

    loop_s = LOOP_S

    def __init__(self, width: int = 640, height: int = 480) -> None:
        self._width, self._height = width, height
        self._road = _draw_road(width, height)
        self._cars = [_draw_car(plate, colour) for plate, colour in zip(PLATES, _COLOURS, strict=True)]

    def paint(self, t_s: float) -> Picture:
        """The scene at `t_s`: car floor(t / 4 s), then an empty lane for a third of a second."""
        picture = self._road.copy()
        turn = t_s % LOOP_S
        number = int(turn // SECONDS_PER_CAR) % len(PLATES)
        way = (turn / SECONDS_PER_CAR - number) / _MOVING_PART
        if way >= 1:
            return picture
        # A car slows down at the gate: most of its way is behind it at half time.
        near = 1 - (1 - way) ** 1.6
        scale = (_FAR_SCALE + (_NEAR_SCALE - _FAR_SCALE) * near) * self._height / 480
        car = self._cars[number].scaled(scale)
        side = 0.10 * math.sin(2 * math.pi * (number / 3 + 0.5 * near))
        bottom = _BUMPER_FAR + (_BUMPER_NEAR - _BUMPER_FAR) * near
        x = round(self._width * (0.5 + side) - car.width / 2)
        car.put_on(picture, x, round(self._height * bottom - car.height))
        return picture


def _draw_road(width: int, height: int) -> Picture:
    """Sky, a hedge and a lane that runs towards the camera."""
    road: Picture = np.zeros((height, width, 3), np.uint8)
    horizon = round(height * 0.30)
    road[:horizon] = np.linspace((225, 190, 150), (235, 220, 205), horizon)[:, None]
    road[horizon:] = np.linspace((95, 130, 105), (70, 105, 80), height - horizon)[:, None]

    def at(x: float, y: float) -> tuple[int, int]:
        return round(x * width), round(y * height)

    cv2.rectangle(road, at(0, 0.22), at(1, 0.31), (60, 95, 60), -1)
    lane = np.array([at(0.30, 0.30), at(0.70, 0.30), at(1.20, 1.0), at(-0.20, 1.0)], np.int32)
    cv2.fillPoly(road, [lane], (118, 116, 114), cv2.LINE_AA)
    for left, right in ((0.30, -0.20), (0.70, 1.20)):
        cv2.line(road, at(left, 0.30), at(right, 1.0), (200, 205, 205), max(2, height // 160), cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(road, (0, 0), 1.0), np.uint8)


def _draw_car(plate: str, colour: tuple[int, int, int]) -> Sprite:
    """A hatchback from the front: roof, windscreen, bonnet, lamps, grille, bumper with its plate, tyres."""
    picture: Picture = np.zeros((_CAR_H, _CAR_W, 3), np.uint8)
    outline = np.zeros((_CAR_H, _CAR_W), np.uint8)
    dark = tuple(c * 0.55 for c in colour)
    light = tuple(min(255.0, c * 1.25 + 20) for c in colour)

    def shape(points: list[tuple[int, int]], fill: tuple[float, ...], is_outline: bool = False) -> None:
        corners = [np.array(points, np.int32)]
        cv2.fillPoly(picture, corners, fill, cv2.LINE_AA)
        if is_outline:
            cv2.fillPoly(outline, corners, 255, cv2.LINE_AA)

    for left in (28, 372):
        shape([(left, 262), (left + 80, 262), (left + 80, 348), (left, 348)], (28, 28, 28), is_outline=True)
    body = [(20, 175), (52, 140), (428, 140), (460, 175), (466, 300), (446, 326), (34, 326), (14, 300)]
    cabin = [(70, 146), (116, 24), (148, 8), (332, 8), (364, 24), (410, 146)]
    shape(cabin, dark, is_outline=True)
    shape(body, colour, is_outline=True)
    shape([(92, 138), (130, 34), (350, 34), (388, 138)], (105, 92, 80))
    shape([(130, 34), (228, 34), (170, 138), (92, 138)], (135, 122, 108))
    shape([(52, 140), (428, 140), (452, 172), (28, 172)], light)
    shape([(150, 186), (330, 186), (318, 222), (162, 222)], (32, 32, 32))
    for y in (196, 206):
        cv2.line(picture, (156, y), (324, y), (85, 85, 85), 2, cv2.LINE_AA)
    for middle in (82, 398):
        cv2.ellipse(picture, (middle, 203), (46, 22), 0, 0, 360, (70, 70, 70), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (middle, 203), (40, 17), 0, 0, 360, (215, 235, 240), -1, cv2.LINE_AA)
    shape([(20, 236), (460, 236), (466, 300), (446, 326), (34, 326), (14, 300)], dark)
    for left in (14, 440):
        cv2.rectangle(picture, (left, 118), (left + 26, 140), dark, -1)
        cv2.rectangle(outline, (left, 118), (left + 26, 140), 255, -1)
    x, y = (_CAR_W - _PLATE_W) // 2, 252
    picture[y : y + _PLATE_H, x : x + _PLATE_W] = draw_plate(plate, _PLATE_W, _PLATE_H)
    return Sprite.cut(picture, outline)
