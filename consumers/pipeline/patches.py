"""Colour and text put into a picture by copying, without giving up the interpreter lock.

OpenCV gives the lock up in every call, also in one of 5 µs. Where a dozen threads want it, each time is a change of
threads that costs many times as much, and there were eight in the drawing of a frame. NumPy keeps the lock while it
copies up to 500 elements, so a row of pixels is one element here. Texts are rendered once by OpenCV and kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from consumers.pipeline.analysis import Picture

FONT = cv2.FONT_HERSHEY_SIMPLEX
PIXEL_BYTES = 3
BAND_PIXELS = 8192
"""Widest row of one colour that is kept; a wider one is filled by NumPy's own means."""
ROWS_KEPT = 4096
PATCHES_KEPT = 512
KEPT_BYTES_MAX = 64 * 1024
"""A larger patch is rendered each time: what is kept is at most 32 MB, and 3 MB for pictures of 640 x 480."""
GLYPH_WIDTH, GLYPH_HEIGHT = 20, 38
"""Pixels of a character at scale 1, about."""
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Patch:
    """A small picture that may be shared: not to be written to. `rows`: the same, each row as one element."""

    picture: Picture
    rows: NDArray[np.void]

    @property
    def width(self) -> int:
        return int(self.picture.shape[1])

    @property
    def height(self) -> int:
        return int(self.picture.shape[0])


def fill(picture: Picture, x: int, y: int, width: int, height: int, colour: Colour) -> None:
    """A rectangle in one colour, clipped at the edges."""
    left, top = max(0, x), max(0, y)
    width, height = min(picture.shape[1], x + width) - left, min(picture.shape[0], y + height) - top
    if width <= 0 or height <= 0:
        return
    if picture.flags.c_contiguous and width <= BAND_PIXELS:
        _rows(picture, left, top, width, height)[:] = _row(colour, width)
    else:
        picture[top : top + height, left : left + width] = colour


def outline(picture: Picture, x: int, y: int, width: int, height: int, line: int, colour: Colour) -> None:
    """The edges of a box, `line` pixels thick, half of them outside; clipped at the edges of the picture."""
    left, top = x - line // 2, y - line // 2
    wide, tall = max(1, width) + line - 1, max(1, height) + line - 1
    fill(picture, left, top, wide, line, colour)
    fill(picture, left, top + tall - line, wide, line, colour)
    fill(picture, left, top, line, tall, colour)
    fill(picture, left + wide - line, top, line, tall, colour)


def paste(picture: Picture, x: int, y: int, patch: Patch) -> None:
    """Copy a patch into a picture, its upper left corner at (x, y); clipped at the edges."""
    height, width = patch.picture.shape[:2]
    room_y, room_x = picture.shape[:2]
    if x >= 0 and y >= 0 and x + width <= room_x and y + height <= room_y and picture.flags.c_contiguous:
        _rows(picture, x, y, width, height)[:] = patch.rows
        return
    left, top, right, bottom = max(0, x), max(0, y), min(room_x, x + width), min(room_y, y + height)
    if left < right and top < bottom:
        picture[top:bottom, left:right] = patch.picture[top - y : bottom - y, left - x : right - x]


def dots(picture: Picture, points: Sequence[tuple[int, int]], radius: int, colour: Colour) -> None:
    """A disc at each point; what lies outside the picture is left out."""
    around = _disc(radius)
    at = (np.asarray(points, np.int64).reshape(-1, 1, 2) + around).reshape(-1, 2)
    at = at[(at >= 0).all(axis=1) & (at < (picture.shape[1], picture.shape[0])).all(axis=1)]
    picture[at[:, 1], at[:, 0]] = colour


@lru_cache(maxsize=PATCHES_KEPT)
def text_size(text: str, scale: float) -> tuple[int, int, int]:
    """Width, height above and below the base line, in pixels."""
    (width, height), base = cv2.getTextSize(text, FONT, scale, 1)
    return width, height, base


def text_patch(text: str, scale: float, ink: Colour, paper: Colour, left: int = 2, right: int = 2) -> Patch:
    """One line of ASCII on its ground, with a pixel above and below it, and so many at its ends."""
    if len(text) * GLYPH_WIDTH * GLYPH_HEIGHT * scale * scale * PIXEL_BYTES > KEPT_BYTES_MAX:
        return _render(text, scale, ink, paper, left, right)
    return _kept(text, scale, ink, paper, left, right)


def _render(text: str, scale: float, ink: Colour, paper: Colour, left: int, right: int) -> Patch:
    width, height, base = text_size(text, scale)
    picture = np.empty((height + base + 2, max(1, left + width + right), 3), np.uint8)
    picture[:] = paper
    cv2.putText(picture, text, (left, height + 1), FONT, scale, ink, 1, cv2.LINE_8)
    picture.flags.writeable = False
    return Patch(picture, _rows(picture, 0, 0, picture.shape[1], picture.shape[0]))


_kept = lru_cache(maxsize=PATCHES_KEPT)(_render)


def _rows(picture: Picture, x: int, y: int, width: int, height: int) -> NDArray[np.void]:
    """Parts of a C-contiguous picture's rows, each as one element."""
    stride = picture.shape[1] * PIXEL_BYTES
    return np.ndarray((height,), _row_type(width), picture, y * stride + x * PIXEL_BYTES, (stride,))


@lru_cache(maxsize=ROWS_KEPT)
def _row_type(width: int) -> "np.dtype[np.void]":
    return np.dtype((np.void, width * PIXEL_BYTES))


@lru_cache(maxsize=ROWS_KEPT)
def _row(colour: Colour, width: int) -> NDArray[np.void]:
    """One row of a colour, over what all rows of it share."""
    return np.ndarray((1,), _row_type(width), _band(colour))


@lru_cache(maxsize=64)
def _disc(radius: int) -> NDArray[np.int64]:
    """Places of its pixels from its middle."""
    reach = np.arange(-radius, radius + 1)
    x, y = np.meshgrid(reach, reach)
    inside = x * x + y * y <= radius * radius
    return np.stack([x[inside], y[inside]], axis=1).astype(np.int64)


@lru_cache(maxsize=64)
def _band(colour: Colour) -> Picture:
    return np.tile(np.array(colour, np.uint8), (BAND_PIXELS, 1))
