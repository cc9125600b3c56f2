"""From untrusted JPEG bytes to a picture."""

import contextlib

import cv2
import numpy as np
import simplejpeg

from common.errors import PoisonRecord
from common.jpeg import NotAJpeg, read_header
from consumers.pipeline.analysis import Picture

NOT_DECODABLE = "jpeg_not_decodable"


def decode_jpeg(data: bytes) -> Picture:
    """Decode one JPEG to `H x W x 3 uint8`, BGR, C-contiguous; grey pictures become BGR, EXIF orientation is ignored.

    The header is checked before any decoder sees the bytes. What a decoder can mend (noise between segments, missing
    blocks, as cameras do send) is a picture. Raises PoisonRecord with the reason of `common.jpeg`, or
    `jpeg_not_decodable`. Any thread; the decoder releases the interpreter lock.
    """
    try:
        header = read_header(data)
    except NotAJpeg as error:
        raise PoisonRecord(error.reason, str(error)) from error
    picture = _decode(data)
    if picture is None:
        raise PoisonRecord(NOT_DECODABLE, f"{len(data)} bytes, {header.width} x {header.height} claimed")
    if picture.shape != (header.height, header.width, 3):
        # The decoder found another frame header than the check did: a file made to differ.
        raise PoisonRecord("jpeg_bad_header", f"decoded to {picture.shape}, {header.width} x {header.height} claimed")
    return picture


def _decode(data: bytes) -> Picture | None:
    with contextlib.suppress(ValueError, RuntimeError):  # what simplejpeg raises; OpenCV's own build may take it
        decoded: Picture = simplejpeg.decode_jpeg(data, colorspace="BGR", strict=False)
        return decoded
    with contextlib.suppress(cv2.error):
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        mended = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        return None if mended is None else np.ascontiguousarray(mended, dtype=np.uint8)
    return None
