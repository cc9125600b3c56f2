"""From the untrusted bytes of a JPEG or PNG to one upright picture."""

import contextlib

import cv2
import numpy as np

from common.jpeg import NotAJpeg, read_header
from common.png import SIGNATURE, NotAPng, bare_png, read_png_header
from consumers.pipeline.analysis import Picture


class NotAPicture(ValueError):
    """`reason` is a short machine-readable word, the text a sentence."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def decode_still(data: bytes) -> Picture:
    """As a viewer shows it, with its EXIF orientation, as BGR. The header is checked before any decoder sees the bytes.
    Raises NotAPicture. Any thread."""
    try:
        if data.startswith(SIGNATURE):
            png = read_png_header(data)
            width, height, data = png.width, png.height, bare_png(data)
        else:
            jpeg = read_header(data)
            width, height = jpeg.width, jpeg.height
    except (NotAJpeg, NotAPng) as error:
        raise NotAPicture(error.reason, str(error)) from error
    decoded = None
    with contextlib.suppress(cv2.error):
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None or decoded.ndim != 3:
        raise NotAPicture("not_decodable", "The picture cannot be decoded.")
    if sorted(decoded.shape[:2]) != sorted((height, width)):
        raise NotAPicture("not_decodable", "The picture is of another size than its header claims.")
    return np.ascontiguousarray(decoded, np.uint8)
