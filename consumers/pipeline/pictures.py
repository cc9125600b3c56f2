"""The small pictures beside a clip: its poster and the best crop of each sighting, as JPEG."""

import cv2
import numpy as np
import simplejpeg

from common.contracts.detection import Box
from consumers.pipeline.analysis import Picture

JPEG_TYPE = "image/jpeg"
POSTER_SIDE_MAX = 960
CROP_SIDE_MAX = 320
CROP_MARGIN = 0.15
"""Share of the box's sides added around it: a face is recognised with some hair, a plate with its frame."""
QUALITY = 82


def encode_poster(picture: Picture) -> bytes:
    """The whole picture, its longer side at most 960 pixels."""
    return _encode(_shrunk(picture, POSTER_SIDE_MAX))


def encode_crop(picture: Picture, box: Box) -> bytes | None:
    """What lies in the box and a margin around it; None when nothing of it is inside the picture."""
    x, y, w, h = box
    margin_x, margin_y = round(w * CROP_MARGIN), round(h * CROP_MARGIN)
    left, top = max(0, x - margin_x), max(0, y - margin_y)
    right, bottom = min(picture.shape[1], x + w + margin_x), min(picture.shape[0], y + h + margin_y)
    if right <= left or bottom <= top:
        return None
    return _encode(_shrunk(picture[top:bottom, left:right], CROP_SIDE_MAX))


def _shrunk(picture: Picture, side_max: int) -> Picture:
    height, width = picture.shape[:2]
    scale = side_max / max(width, height)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encode(picture: Picture) -> bytes:
    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(picture), QUALITY, colorspace="BGR")
    return data
