"""Draws detections and the time into a picture, in place. BGR, clipped at the edges, plain ASCII."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from common.contracts.detection import Detection
from consumers.pipeline.analysis import Picture
from consumers.pipeline.patches import Colour, outline, paste, text_patch, text_size

REFERENCE_HEIGHT = 480
"""Picture height at which text has scale 0.5 and lines are 3 pixels wide."""
COLOURS = (
    (80, 200, 80), (60, 160, 255), (255, 160, 60), (200, 90, 220),
    (60, 220, 220), (120, 120, 255), (220, 200, 60), (160, 220, 140),
)  # fmt: skip
INK, PAPER = (255, 255, 255), (0, 0, 0)
TEXT_CHARS_MAX = 48
DIGIT = "0"


def draw_detections(picture: Picture, detections: Sequence[Detection]) -> None:
    """A box and a label each. Boxes may reach over the edges or lie outside; the picture may be of any size."""
    scale, line = _text_scale(picture), _line_width(picture)
    for detection in detections:
        outline(picture, *detection.box, line, colour_of(detection))
    for detection in detections:  # after all boxes: no line crosses a label
        x, y, _, h = detection.box
        _draw_label(picture, label_of(detection), x, y, y + h, scale, colour_of(detection))


def draw_time(picture: Picture, captured_us: int) -> None:
    """`2026-01-31 23:59:59.123 UTC` in the lower left corner; left out where it does not fit."""
    scale, parts = _text_scale(picture), _time_parts(captured_us)
    room_x, room_y = picture.shape[1], picture.shape[0]
    width = _width(parts, scale)
    if width > room_x:
        scale *= room_x / width
        width = _width(parts, scale)
    _, height, base = text_size(DIGIT, scale)
    if scale < 0.2 or width > room_x or height + base > room_y:
        return
    x, y = 0, room_y - height - base - 2
    for part, left, right in zip(parts, (2, 0, 0), (0, 0, 2), strict=True):
        patch = text_patch(part, scale, INK, PAPER, left, right)
        paste(picture, x, y, patch)
        x += patch.width - 1  # a text's width counts its last stroke


def draw_corner(picture: Picture, lines: Sequence[str]) -> None:
    """Lines of ASCII in the upper right corner; the first that does not fit ends them."""
    top, scale = 0, _text_scale(picture)
    for text in lines:
        patch = text_patch(text, scale, INK, PAPER)
        if patch.width > picture.shape[1] or top + patch.height > picture.shape[0]:
            return
        paste(picture, picture.shape[1] - patch.width, top, patch)
        top += patch.height


def time_text(captured_us: int) -> str:
    """UTC with milliseconds; a time no calendar has shows as its number of microseconds."""
    return "".join(_time_parts(captured_us))


def _time_parts(captured_us: int) -> tuple[str, str, str]:
    """The same in three parts, of which each is the same for many frames."""
    seconds, rest = divmod(captured_us, 1_000_000)
    second = _second_text(seconds)
    if second is None:
        return "", "", f"{captured_us} us"
    thousandths = f"{rest // 1000:03d}"
    return second, thousandths[:2], f"{thousandths[2]} UTC"


@lru_cache(maxsize=256)
def _second_text(seconds: int) -> str | None:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}."
    except (ValueError, OverflowError, OSError):
        return None


def _width(parts: tuple[str, str, str], scale: float) -> int:
    return sum(text_size(part, scale)[0] - 1 for part in parts) + 1


def label_of(detection: Detection) -> str:
    """`AB 123 91%`: what was read, else the class, else the kind. ASCII only: the font has nothing else."""
    text = f"{detection.text or detection.label or detection.kind}"[:TEXT_CHARS_MAX]
    return f"{plain(text)} {round(detection.score * 100)}%"


def plain(text: str) -> str:
    """Printable ASCII; everything else becomes `?`."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)


def colour_of(detection: Detection) -> Colour:
    """The same thing has the same colour in every process: CRC-32 and not `hash()`, which is salted."""
    return COLOURS[zlib.crc32((detection.label or detection.kind).encode()) % len(COLOURS)]


def _text_scale(picture: Picture) -> float:
    """Of the font, for a picture of this height."""
    return max(0.35, min(2.0, 0.5 * int(picture.shape[0]) / REFERENCE_HEIGHT))


def _draw_label(picture: Picture, text: str, x: int, top: int, bottom: int, scale: float, colour: Colour) -> None:
    """Above the box; below or inside it at the upper edge; shifted left at the right edge."""
    patch = text_patch(text, scale, PAPER, colour)
    room_x, room_y = picture.shape[1], picture.shape[0]
    tall, wide = patch.height, patch.width
    if tall > room_y:
        return
    left = max(0, min(x, room_x - wide))
    upper = top - tall
    if upper < 0:
        upper = bottom if bottom + tall <= room_y else max(0, min(top, room_y - tall))
    upper = max(0, min(upper, room_y - tall))
    paste(picture, left, upper, patch)


def _line_width(picture: Picture) -> int:
    return max(1, min(9, round(3 * int(picture.shape[0]) / REFERENCE_HEIGHT)))
