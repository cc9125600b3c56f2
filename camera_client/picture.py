"""The picture type of this package, and how a picture becomes a JPEG of the wanted size."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""H x W x 3 uint8, BGR, C-contiguous."""

QUALITY_DEFAULT = 80
"""JPEG quality: about 30 KB for 640 x 480, and no visible blocks."""


def encode_jpeg(picture: Picture, quality: int, restart_mcus: int = 0) -> bytes:
    """Baseline JPEG, 4:2:0, standard Huffman tables. `restart_mcus`: a restart marker after so many 16 x 16 blocks."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if restart_mcus:
        options += [cv2.IMWRITE_JPEG_RST_INTERVAL, restart_mcus]
    is_done, data = cv2.imencode(".jpg", picture, options)
    if not is_done:
        raise ValueError("OpenCV could not encode the picture as JPEG")
    return bytes(data)


def fit(picture: Picture, width: int, height: int) -> Picture:
    """The picture scaled into width x height, proportions kept, centred on black. Itself when the size is right."""
    h, w = picture.shape[:2]
    if (w, h) == (width, height):
        return picture
    scale = min(width / w, height / h)
    inner_w, inner_h = max(1, round(w * scale)), max(1, round(h * scale))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    inner = cv2.resize(picture, (inner_w, inner_h), interpolation=kind)
    if (inner_w, inner_h) == (width, height):
        return np.ascontiguousarray(inner, dtype=np.uint8)
    canvas: Picture = np.zeros((height, width, 3), np.uint8)
    x, y = (width - inner_w) // 2, (height - inner_h) // 2
    canvas[y : y + inner_h, x : x + inner_w] = inner
    return canvas
