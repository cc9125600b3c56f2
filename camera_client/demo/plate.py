"""A number plate: dark letters on white, drawn large and scaled down so that the strokes stay clear."""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from camera_client.picture import Picture

_OVERSIZE = 4
_PAPER, _INK = (242, 244, 244), (22, 18, 18)


def draw_plate(text: str, width: int, height: int) -> Picture:
    """The plate as H x W x 3 BGR. `text` fills it; the font is the one inside Pillow (Aileron, CC0)."""
    w, h = width * _OVERSIZE, height * _OVERSIZE
    image = Image.new("RGB", (w, h), _INK)
    draw = ImageDraw.Draw(image)
    rim = h // 18
    draw.rounded_rectangle((rim, rim, w - 1 - rim, h - 1 - rim), radius=h // 8, fill=_PAPER)
    font = ImageFont.load_default(size=h * 0.80)
    # Letter by letter at a fixed pitch, as on a real plate; the stroke makes the font bold.
    pitch = w * 0.90 / len(text)
    for number, letter in enumerate(text):
        middle = (w * 0.05 + pitch * (number + 0.5), h * 0.5)
        draw.text(middle, letter, font=font, fill=_INK, anchor="mm", stroke_width=h // 45, stroke_fill=_INK)
    small = cv2.resize(np.asarray(image, np.uint8)[:, :, ::-1], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
