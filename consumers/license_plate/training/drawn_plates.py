"""Draws number plates of several countries' looks, in grey. Known text, known place of its line."""

import string
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Grey = NDArray[np.uint8]
FONTS = ("DejaVuSans-Bold", "DejaVuSansMono-Bold", "DejaVuSans", "DejaVuSansMono", "STIXGeneralBol", "cmss10", "cmtt10")
FONT_WEIGHTS = (6, 4, 2, 1, 1, 1, 0.5)
GLYPH_PIXELS = 64
LETTERS = string.ascii_uppercase
OTHER_PATTERNS = ("9AAA999", "AAA9999", "AAA999", "A999999", "AA9A9A", "A99AAA", "9999999", "AAAAAAA", "AAA9A9")
WORDS = [
    "TAXI",
    "CITY",
    "STOP",
    "MOTORS",
    "GARAGE",
    "FORD",
    "OPEL",
    "AUTO",
    "SERVICE",
    "EXIT",
    "BAKERY",
    "HOTEL",
    "PARK",
    "SALE",
    "CAFE",
    "MARKET",
    "BANK",
    "POLICE",
    "CENTRE",
    "TRAVEL",
    "EXPRESS",
    "DEALER",
    "BEST",
    "CARS",
    "LEGEND",
    "TEXAS",
    "ARIZONA",
    "OHIO",
    "NEVADA",
    "MAINE",
    "VALLEY",
    "SUNSHINE",
    "STATE",
    "GRAND",
    "LAKES",
    "RIO",
    "SAO",
]


@dataclass(frozen=True, slots=True)
class DrawnPlate:
    """`picture` h x w uint8; `line`: corners of the row of characters in it, from the upper left, clockwise."""

    picture: Grey
    line: NDArray[np.float32]
    text: str


def draw_plate(rng: np.random.Generator) -> DrawnPlate:
    """A plate of a random look, about 64 pixels per line of text high."""
    look = rng.choice(("european", "american", "brazilian", "plain"), p=(0.36, 0.36, 0.14, 0.14))
    text = random_text(rng, str(look))
    row = _row_of(rng, text, str(look))
    if rng.random() < 0.05:
        row = np.asarray(cv2.resize(row, None, fx=1.0, fy=float(rng.uniform(0.8, 1.3))), np.uint8)
    return _framed(rng, row, text, str(look))


def random_text(rng: np.random.Generator, look: str) -> str:
    """Characters only, no separators."""
    if look == "brazilian":
        return pattern_text(rng, "AAA9999")
    if look == "european":
        return pattern_text(rng, str(rng.choice(("AA999AA", "AA99AAA", "A99AAA", "AAA999", "AA9999", "AAAA99"))))
    return pattern_text(rng, str(rng.choice(OTHER_PATTERNS)))


def pattern_text(rng: np.random.Generator, pattern: str) -> str:
    """`A` becomes a letter, `9` a digit; all else stays."""
    kinds = {"A": list(LETTERS), "9": list(string.digits)}
    return "".join(str(rng.choice(kinds[place])) if place in kinds else place for place in pattern)


def words_row(rng: np.random.Generator, text: str) -> Grey:
    """A row of any text as dark on white, in a random font: shop signs, stickers, overlays."""
    font = str(rng.choice(FONTS))
    return _line(text, font, float(rng.uniform(0.6, 1.1)), 0.06)


def _row_of(rng: np.random.Generator, text: str, look: str) -> Grey:
    weights = np.array(FONT_WEIGHTS) / sum(FONT_WEIGHTS)
    font = str(rng.choice(FONTS, p=weights))
    narrow = float(rng.uniform(0.5, 0.95))
    gap = float(rng.uniform(0.04, 0.22))
    split = {"european": (2, 4, 5), "american": (3, 4), "brazilian": (3,), "plain": (3,)}[look]
    places = [place for place in split if 0 < place < len(text) and rng.random() < 0.7]
    dot = look in ("european", "brazilian") and rng.random() < 0.5
    parts: list[Grey] = []
    for start, end in zip([0, *places], [*places, len(text)], strict=True):
        if parts:
            room = np.full((parts[0].shape[0], int(GLYPH_PIXELS * rng.uniform(0.15, 0.6))), 255, np.uint8)
            if dot:
                middle = (room.shape[1] // 2, room.shape[0] // 2)
                radius = int(GLYPH_PIXELS * rng.uniform(0.04, 0.2))
                cv2.circle(room, middle, max(1, radius), int(rng.uniform(0, 140)), -1)
            parts.append(room)
        parts.append(_line(text[start:end], font, narrow, gap))
    return np.concatenate(parts, axis=1)


@lru_cache(maxsize=4096)
def _line(text: str, font: str, narrow: float, gap: float) -> Grey:
    glyphs = [_glyph(character, font, round(narrow, 1)) for character in text]
    room = np.full((GLYPH_PIXELS, max(1, int(gap * GLYPH_PIXELS))), 255, np.uint8)
    parts: list[Grey] = []
    for glyph in glyphs:
        parts += [glyph, room]
    return np.concatenate(parts[:-1], axis=1)


@lru_cache(maxsize=8192)
def _glyph(character: str, font: str, narrow: float) -> Grey:
    """One character, 64 pixels high from cap line to base line, dark on white."""
    loaded = _font(font)
    canvas = Image.new("L", (3 * GLYPH_PIXELS, 3 * GLYPH_PIXELS), 255)
    ImageDraw.Draw(canvas).text((GLYPH_PIXELS, GLYPH_PIXELS // 2), character, fill=0, font=loaded)
    drawn = np.asarray(canvas)
    top, bottom = _cap_rows(font)
    columns = np.flatnonzero((drawn < 128).any(axis=0))
    if len(columns) == 0:
        return np.full((GLYPH_PIXELS, int(GLYPH_PIXELS * 0.4 * narrow) + 1), 255, np.uint8)
    part = drawn[top:bottom, columns[0] : columns[-1] + 1]
    width = max(4, round(part.shape[1] * GLYPH_PIXELS / part.shape[0] * narrow))
    return np.asarray(cv2.resize(part, (width, GLYPH_PIXELS), interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=32)
def _cap_rows(font: str) -> tuple[int, int]:
    canvas = Image.new("L", (3 * GLYPH_PIXELS, 3 * GLYPH_PIXELS), 255)
    ImageDraw.Draw(canvas).text((GLYPH_PIXELS, GLYPH_PIXELS // 2), "H", fill=0, font=_font(font))
    rows = np.flatnonzero((np.asarray(canvas) < 128).any(axis=1))
    return int(rows[0]), int(rows[-1]) + 1


@lru_cache(maxsize=32)
def _font(name: str) -> ImageFont.FreeTypeFont:
    place = metadata.distribution("matplotlib").locate_file(f"matplotlib/mpl-data/fonts/ttf/{name}.ttf")
    return ImageFont.truetype(str(place), GLYPH_PIXELS)


def _framed(rng: np.random.Generator, row: Grey, text: str, look: str) -> DrawnPlate:
    """Puts the row on its plate: margins, band, state name, stickers, frame; sets the grey levels."""
    size = row.shape[0]
    side = int(size * rng.uniform(0.12, 0.5))
    above, below = (int(size * rng.uniform(0.12, 0.35)) for _ in range(2))
    if look == "american":
        above, below = int(size * rng.uniform(0.4, 0.8)), int(size * rng.uniform(0.2, 0.7))
    elif look == "brazilian":
        above, below = int(size * rng.uniform(0.4, 0.65)), int(size * rng.uniform(0.1, 0.25))
    band = int(size * rng.uniform(0.45, 0.75)) if look == "european" and rng.random() < 0.65 else 0
    height, width = above + size + below, band + 2 * side + row.shape[1]
    plate = np.full((height, width), 255, np.uint8)
    left = band + side
    plate[above : above + size, left : left + row.shape[1]] = row
    if look in ("american", "brazilian") and rng.random() < 0.85:
        _small_words(rng, plate, 0, above, 0.8)
    if look == "american" and rng.random() < 0.5:
        _small_words(rng, plate, above + size, height, 0.7)
    if look == "american":
        _stickers(rng, plate)
    levels = _levels(rng, plate)
    if look == "american" and rng.random() < 0.4:
        ramp = np.linspace(rng.uniform(-60, 40), rng.uniform(-60, 40), height, dtype=np.float32)[:, None]
        levels = levels + ramp * (plate[:, :] > 128)
    if band:
        levels[:, :band] = rng.uniform(20, 110)
        if rng.random() < 0.7:
            cv2.putText(levels, str(rng.choice(list("ABDEFHIPS"))), (band // 4, height - band // 3),
                        cv2.FONT_HERSHEY_DUPLEX, band / 45, 230.0, 2)  # fmt: skip
    edge = int(rng.integers(0, max(2, size // 6)))
    if edge and rng.random() < 0.8:
        level = float(rng.uniform(0, 255))
        framed = cv2.copyMakeBorder(levels, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=level)
        levels = np.asarray(framed, np.float32)
    else:
        edge = 0
    line = np.array([[left, above], [left + row.shape[1], above],
                     [left + row.shape[1], above + size], [left, above + size]], np.float32) + edge  # fmt: skip
    return DrawnPlate(np.clip(levels, 0, 255).astype(np.uint8), line, text)


def _levels(rng: np.random.Generator, plate: Grey) -> NDArray[np.float32]:
    """White and black of the drawing become the grey of the plate's ground and characters; some plates are dark."""
    ground, ink = rng.uniform(140, 250), rng.uniform(5, 90)
    if rng.random() < 0.14:
        ground, ink = rng.uniform(20, 90), rng.uniform(150, 250)
    share = plate.astype(np.float32) / 255
    return np.asarray(ink + (ground - ink) * share, np.float32)


def _small_words(rng: np.random.Generator, plate: Grey, top: int, bottom: int, fill: float) -> None:
    room = bottom - top
    tall = int(room * rng.uniform(0.35, fill))
    if tall < 6:
        return
    line = _line(str(rng.choice(WORDS)), str(rng.choice(FONTS)), 0.9, 0.1)
    width = min(int(line.shape[1] * tall / line.shape[0]), int(plate.shape[1] * 0.9))
    small = cv2.resize(line, (max(4, width), tall), interpolation=cv2.INTER_AREA)
    x, y = (plate.shape[1] - small.shape[1]) // 2, top + (room - tall) // 2
    plate[y : y + tall, x : x + small.shape[1]] = np.minimum(plate[y : y + tall, x : x + small.shape[1]], small)


def _stickers(rng: np.random.Generator, plate: Grey) -> None:
    height, width = plate.shape
    for x, y in ((0.08, 0.15), (0.92, 0.15), (0.08, 0.88), (0.92, 0.88)):
        if rng.random() < 0.3:
            half = int(height * rng.uniform(0.04, 0.09))
            left, top = int(x * width) - half, int(y * height) - half
            cv2.rectangle(plate, (left, top), (left + 2 * half, top + 2 * half), int(rng.uniform(0, 200)), -1)
