"""Draws scenes with plates in them, in grey: backgrounds, cars, signs, overlays, grilles, and the camera's faults."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from consumers.license_plate.training.drawn_plates import WORDS, Grey, draw_plate, pattern_text, words_row

PHOTOGRAPHS = [
    "astronaut",
    "brick",
    "camera",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "hubble_deep_field",
    "horse",
    "ihc",
    "motorcycle_left",
    "motorcycle_right",
    "moon",
    "rocket",
    "retina",
    "clock_motion",
    "page",
    "text",
]
"""scikit-image's bundled sample pictures: none shows a number plate."""
PLATE_WIDTHS = (24.0, 110.0)
"""Pixels of the row of characters; larger plates are found in a smaller copy of the picture."""
OVERLAYS = ("9999-99-99 99:99:99", "99-99-9999", "99:99:99", "CAM 99", "99.9 KM/H")


@dataclass(frozen=True, slots=True)
class Scene:
    """`picture` h x w uint8; `lines` n x 4 x 2: corners of each plate's row of characters."""

    picture: Grey
    lines: NDArray[np.float32]


class SceneMaker:
    """Makes scenes of one size. One thread at a time; the same seed makes the same scenes."""

    def __init__(self, seed: int, width: int = 256, height: int = 160) -> None:
        self._rng = np.random.default_rng(seed)
        self._size = width, height
        self._photographs = _photographs()

    def make(self) -> Scene:
        rng = self._rng
        picture = self._background()
        for _ in range(rng.integers(0, 3)):
            self._distractor(picture)
        lines: list[NDArray[np.float32]] = []
        for _ in range(int(rng.choice((0, 1, 2, 3), p=(0.15, 0.45, 0.28, 0.12)))):
            placed = self._place_plate(picture, lines)
            if placed is not None:
                lines.append(placed)
        if rng.random() < 0.3:
            self._overlay(picture, lines)
        found = np.stack(lines) if lines else np.empty((0, 4, 2), np.float32)
        return Scene(self._through_a_camera(picture), found)

    def _background(self) -> NDArray[np.float32]:
        rng, (width, height) = self._rng, self._size
        if rng.random() < 0.55:
            photo = self._photographs[int(rng.integers(len(self._photographs)))]
            scale = rng.uniform(0.35, 1.4)
            part_w, part_h = min(photo.shape[1], int(width / scale)), min(photo.shape[0], int(height / scale))
            x = int(rng.integers(0, photo.shape[1] - part_w + 1))
            y = int(rng.integers(0, photo.shape[0] - part_h + 1))
            part = photo[y : y + part_h, x : x + part_w]
            picture = cv2.resize(part, self._size, interpolation=cv2.INTER_AREA).astype(np.float32)
            if rng.random() < 0.5:
                picture = picture[:, ::-1].copy()
            return np.asarray(np.clip(picture * rng.uniform(0.5, 1.2) + rng.uniform(-30, 40), 0, 255), np.float32)
        picture = np.full((height, width), rng.uniform(20, 230), np.float32)
        picture += np.linspace(rng.uniform(-60, 60), rng.uniform(-60, 60), height, dtype=np.float32)[:, None]
        for cells in (4, 12, 40, 110):
            noise = rng.normal(0, rng.uniform(2, 22), (max(2, cells * height // width), cells)).astype(np.float32)
            picture += cv2.resize(noise, self._size, interpolation=cv2.INTER_CUBIC)
        for _ in range(int(rng.integers(2, 12))):
            self._shape(picture)
        return np.clip(picture, 0, 255)

    def _shape(self, picture: NDArray[np.float32]) -> None:
        rng, (width, height) = self._rng, self._size
        a = int(rng.integers(-20, width)), int(rng.integers(-20, height))
        b = a[0] + int(rng.integers(4, width)), a[1] + int(rng.integers(4, height // 2))
        level, thick = float(rng.uniform(0, 255)), int(rng.choice((-1, -1, 1, 2, 3)))
        kind = rng.integers(3)
        if kind == 0:
            cv2.rectangle(picture, a, b, level, thick)
        elif kind == 1:
            cv2.ellipse(picture, (a, (b[0] - a[0], b[1] - a[1]), float(rng.uniform(0, 180))), level, thick)
        else:
            cv2.line(picture, a, b, level, max(1, thick), cv2.LINE_AA)

    def _distractor(self, picture: NDArray[np.float32]) -> None:
        """What is no plate and looks like one: words, signs, grilles, fences, bar codes, windows."""
        rng, (width, height) = self._rng, self._size
        w, h = int(np.exp(rng.uniform(np.log(20), np.log(150)))), int(rng.uniform(6, 45))
        x, y = int(rng.integers(0, max(1, width - w))), int(rng.integers(0, max(1, height - h)))
        w, h = min(w, width - x), min(h, height - y)
        area = picture[y : y + h, x : x + w]
        kind = rng.random()
        if kind < 0.45:
            text = str(rng.choice(WORDS)) if rng.random() < 0.7 else f"{rng.choice(WORDS)} {rng.choice(WORDS)}"
            if rng.random() < 0.15:
                text = pattern_text(rng, "999-9999")
            self._text_into(area, text, framed=rng.random() < 0.3)
        elif kind < 0.75:
            period, slant = rng.uniform(3, 10), rng.uniform(-0.2, 0.2)
            grid = np.arange(w)[None, :] + slant * np.arange(h)[:, None]
            if rng.random() < 0.4:
                grid = np.arange(h)[:, None] + 0.0 * grid
            stripes = (grid % period) < period * rng.uniform(0.2, 0.7)
            area += np.where(stripes, rng.uniform(-90, -20), rng.uniform(0, 40)).astype(np.float32)
        elif kind < 0.9:
            bars = np.repeat(rng.uniform(0, 255, (1, max(2, w // 3))), 3, axis=1)[:, :w]
            area[:, : bars.shape[1]] = bars
        else:
            cv2.rectangle(picture, (x, y), (x + w, y + h), float(rng.uniform(120, 255)), -1)
        np.clip(picture, 0, 255, out=picture)

    def _text_into(self, area: NDArray[np.float32], text: str, *, framed: bool) -> None:
        rng = self._rng
        row = words_row(rng, text)
        scale = min(area.shape[1] / row.shape[1], area.shape[0] * 0.8 / row.shape[0])
        if row.shape[0] * scale < 4 or row.shape[1] * scale < 4:
            return
        small = cv2.resize(row, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        y, x = (area.shape[0] - small.shape[0]) // 2, (area.shape[1] - small.shape[1]) // 2
        ink = float(rng.uniform(0, 255))
        if framed:
            area[:] = (ink + rng.uniform(90, 160)) % 255
        inner = area[y : y + small.shape[0], x : x + small.shape[1]]
        inner[:] = inner * small + ink * (1 - small)

    def _overlay(self, picture: NDArray[np.float32], lines: list[NDArray[np.float32]]) -> None:
        """A camera's date and time, or its name, in a corner: not where a plate is."""
        rng, (width, height) = self._rng, self._size
        tall = int(rng.uniform(6, 20))
        y = int(rng.choice((2, height - tall - 2)))
        if any(line[:, 1].min() < y + tall + 4 and line[:, 1].max() > y - 4 for line in lines):
            return
        text = pattern_text(rng, str(rng.choice(OVERLAYS)))
        w = min(width, int(tall * len(text) * 0.7))
        x = int(rng.integers(0, max(1, width - w)))
        self._text_into(picture[y : y + tall, x : x + w], text, framed=rng.random() < 0.3)

    def _place_plate(
        self, picture: NDArray[np.float32], others: list[NDArray[np.float32]]
    ) -> NDArray[np.float32] | None:
        rng, (width, height) = self._rng, self._size
        plate = draw_plate(rng)
        wide = float(np.exp(rng.uniform(*np.log(PLATE_WIDTHS))))
        scale = wide / float(plate.line[1, 0] - plate.line[0, 0])
        h, w = plate.picture.shape
        corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
        target = (corners - [w / 2, h / 2]) * scale
        angle = np.radians(rng.normal(0, 4) if rng.random() < 0.85 else rng.normal(0, 14))
        shear, squeeze = rng.normal(0, 0.06), rng.uniform(0.72, 1.1)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        target = target @ np.array([[squeeze, 0], [shear, 1.0]]) @ turn.T
        target += rng.normal(0, 0.02, (4, 2)) * h * scale
        low, high = target.min(axis=0), target.max(axis=0)
        if (high - low >= np.array([width, height]) - 6).any():
            return None
        target += rng.uniform(-low + 2, np.array([width, height]) - high - 2)
        matrix = cv2.getPerspectiveTransform(corners, target.astype(np.float32))
        line = cv2.perspectiveTransform(plate.line[None], matrix)[0]
        outer = np.array([target.min(axis=0) - 4, target.max(axis=0) + 4])
        if any((outer[0] < o.max(axis=0)).all() and (outer[1] > o.min(axis=0)).all() for o in others):
            return None
        if rng.random() < 0.65:
            self._car(picture, outer, others)
        shaded = plate.picture.astype(np.float32) * rng.uniform(0.35, 1.05) + rng.uniform(-20, 30)
        if rng.random() < 0.25:
            shaded[:, : int(w * rng.uniform(0.2, 0.8))] *= rng.uniform(0.5, 0.9)
        smooth = max(0.0, 0.45 / scale - 0.45)
        if smooth > 0.1:
            shaded = np.asarray(cv2.GaussianBlur(shaded, (0, 0), smooth), np.float32)
        warped = cv2.warpPerspective(shaded, matrix, self._size, flags=cv2.INTER_LINEAR)
        cover = cv2.warpPerspective(np.ones_like(shaded), matrix, self._size, flags=cv2.INTER_LINEAR)
        picture[:] = np.clip(picture * (1 - cover) + warped * cover, 0, 255)
        return np.asarray(line, np.float32)

    def _car(self, picture: NDArray[np.float32], outer: NDArray[np.float64], others: list[NDArray[np.float32]]) -> None:
        """A body panel round the plate, with a recess, lamps, a bumper's edges, words on the plate's holder.

        Left out where it would hide another plate.
        """
        rng = self._rng
        (x0, y0), (x1, y1) = outer
        w, h = x1 - x0, y1 - y0
        body = float(rng.uniform(10, 240))
        reach = rng.uniform(0.6, 2.0), rng.uniform(0.6, 2.5), rng.uniform(0.6, 2.0), rng.uniform(0.4, 1.6)
        a, b = (x0 - w * reach[0], y0 - h * reach[1]), (x1 + w * reach[2], y1 + h * reach[3])
        low, high = (int(a[0]), int(a[1])), (int(b[0]), int(b[1]))
        margin = np.array([w, h]) * 0.7
        reached = np.array(low) - margin, np.array(high) + margin
        if any((reached[0] < o.max(axis=0)).all() and (reached[1] > o.min(axis=0)).all() for o in others):
            return
        cv2.rectangle(picture, low, high, body, -1)
        inside = picture[max(0, low[1]) : max(0, high[1]), max(0, low[0]) : max(0, high[0])]
        if inside.size:
            ends = rng.uniform(-40, 40, 2)
            inside += np.linspace(ends[0], ends[1], inside.shape[0], dtype=np.float32)[:, None]
        for _ in range(int(rng.integers(0, 4))):
            y = int(rng.uniform(a[1], b[1]))
            end = high[0], y + int(rng.normal(0, 3))
            cv2.line(picture, (low[0], y), end, float(rng.uniform(0, 255)), int(rng.integers(1, 4)))
        for side in (a[0] + w * 0.2, b[0] - w * 0.2):
            if rng.random() < 0.5:
                size = (w * rng.uniform(0.2, 0.6), h * rng.uniform(0.4, 1.5))
                cv2.ellipse(picture, ((side, y0 - h * 0.3), size, 0.0), float(rng.uniform(0, 255)), -1)
        if rng.random() < 0.4:
            pad = rng.uniform(0.05, 0.3) * h
            first, last = (int(x0 - pad), int(y0 - pad)), (int(x1 + pad), int(y1 + pad))
            cv2.rectangle(picture, first, last, float(rng.uniform(0, 255)), -1)
        if rng.random() < 0.3:
            top = int(y0 - h * rng.uniform(0.3, 0.8)) if rng.random() < 0.5 else int(y1)
            strip = picture[max(0, top) : max(0, top + max(5, int(h * 0.3))), max(0, int(x0)) : max(0, int(x1))]
            if strip.size:
                self._text_into(strip, str(rng.choice(WORDS)), framed=False)
        np.clip(picture, 0, 255, out=picture)

    def _through_a_camera(self, picture: NDArray[np.float32]) -> Grey:
        rng = self._rng
        if rng.random() < 0.5:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.1)), np.float32)
        if rng.random() < 0.12:
            length = int(rng.integers(2, 5))
            size = (length, 1) if rng.random() < 0.8 else (1, length)
            picture = np.asarray(cv2.blur(picture, size), np.float32)
        contrast, middle = rng.uniform(0.45, 1.25), rng.uniform(70, 150)
        picture = (picture - 128) * contrast + middle
        if rng.random() < 0.6:
            picture = picture + rng.normal(0, rng.uniform(0.5, 9), picture.shape).astype(np.float32)
        plain = np.clip(picture, 0, 255).astype(np.uint8)
        if rng.random() < 0.6:
            _, packed = cv2.imencode(".jpg", plain, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])
            plain = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
        return plain


def _photographs() -> list[Grey]:
    folder = Path(str(metadata.distribution("scikit-image").locate_file("skimage/data")))
    found = []
    for name in PHOTOGRAPHS:
        path = next(folder.glob(f"{name}.*g"))
        found.append(np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8))
    return found
