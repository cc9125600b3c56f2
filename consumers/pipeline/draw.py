"""Draws detections and the time into a picture, in place. BGR, clipped at the edges, plain ASCII."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime

import cv2

from common.contracts.detection import Detection
from consumers.pipeline.analysis import Picture

FONT = cv2.FONT_HERSHEY_SIMPLEX
REFERENCE_HEIGHT = 480
"""Picture height at which text has scale 0.5 and lines are 2 pixels wide."""
COLOURS = (
    (80, 200, 80), (60, 160, 255), (255, 160, 60), (200, 90, 220),
    (60, 220, 220), (120, 120, 255), (220, 200, 60), (160, 220, 140),
)  # fmt: skip
INK, PAPER = (255, 255, 255), (0, 0, 0)
TEXT_CHARS_MAX = 48


def draw_detections(picture: Picture, detections: Sequence[Detection]) -> None:
    """A box and a label each. Boxes may reach over the edges or lie outside; the picture may be of any size."""
    scale, width = _text_scale(picture), _line_width(picture)
    for detection in detections:
        colour = colour_of(detection)
        x, y, w, h = detection.box
        cv2.rectangle(picture, _point(x, y), _point(x + w - 1, y + h - 1), colour, width, cv2.LINE_8)
    for detection in detections:  # after all boxes: no line crosses a label
        x, y, _, h = detection.box
        _draw_label(picture, label_of(detection), x, y, y + h, scale, colour_of(detection))


def draw_time(picture: Picture, captured_us: int) -> None:
    """`2026-01-31 23:59:59.123 UTC` in the lower left corner; left out where it does not fit."""
    text = time_text(captured_us)
    scale = _text_scale(picture)
    (width, height), base = cv2.getTextSize(text, FONT, scale, 1)
    room_x, room_y = picture.shape[1], picture.shape[0]
    if width > room_x:
        scale *= room_x / width
        (width, height), base = cv2.getTextSize(text, FONT, scale, 1)
    if scale < 0.2 or width > room_x or height + base > room_y:
        return
    _fill(picture, 0, room_y - height - base - 2, width + 4, height + base + 2, PAPER)
    cv2.putText(picture, text, (2, room_y - base), FONT, scale, INK, 1, cv2.LINE_8)


def time_text(captured_us: int) -> str:
    """UTC with milliseconds; a time no calendar has shows as its number of microseconds."""
    try:
        moment = datetime.fromtimestamp(captured_us / 1_000_000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{captured_us} us"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def label_of(detection: Detection) -> str:
    """`AB 123 91%`: what was read, else the class, else the kind. ASCII only: the font has nothing else."""
    text = f"{detection.text or detection.label or detection.kind}"[:TEXT_CHARS_MAX]
    return f"{plain(text)} {round(detection.score * 100)}%"


def plain(text: str) -> str:
    """Printable ASCII; everything else becomes `?`."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)


def colour_of(detection: Detection) -> tuple[int, int, int]:
    """The same thing has the same colour in every process: CRC-32 and not `hash()`, which is salted."""
    return COLOURS[zlib.crc32((detection.label or detection.kind).encode()) % len(COLOURS)]


def _draw_label(
    picture: Picture, text: str, x: int, top: int, bottom: int, scale: float, colour: tuple[int, int, int]
) -> None:
    """Above the box; below or inside it at the upper edge; shifted left at the right edge."""
    (width, height), base = cv2.getTextSize(text, FONT, scale, 1)
    room_x, room_y = picture.shape[1], picture.shape[0]
    tall = height + base + 2
    if tall > room_y:
        return
    left = max(0, min(x, room_x - width - 4))
    upper = top - tall
    if upper < 0:
        upper = bottom if bottom + tall <= room_y else max(0, min(top, room_y - tall))
    upper = max(0, min(upper, room_y - tall))
    _fill(picture, left, upper, width + 4, tall, colour)
    cv2.putText(picture, text, (left + 2, upper + height + 1), FONT, scale, PAPER, 1, cv2.LINE_8)


def _fill(picture: Picture, x: int, y: int, w: int, h: int, colour: tuple[int, int, int]) -> None:
    # Three times as fast as assigning a colour to a slice: NumPy copies a pixel at a time.
    cv2.rectangle(picture, (x, y), (x + w - 1, y + h - 1), colour, cv2.FILLED)


def _point(x: int, y: int) -> tuple[int, int]:
    # OpenCV shifts coordinates into 32 bits with a fixed point of 16: far outside they would wrap around.
    return max(-16_000, min(32_000, x)), max(-16_000, min(32_000, y))


def _text_scale(picture: Picture) -> float:
    return max(0.35, min(2.0, 0.5 * int(picture.shape[0]) / REFERENCE_HEIGHT))


def _line_width(picture: Picture) -> int:
    return max(1, min(6, round(2 * int(picture.shape[0]) / REFERENCE_HEIGHT)))
