import contextlib

import cv2
import numpy as np
import pytest
import simplejpeg

from common.errors import PoisonRecord
from consumers.pipeline.decode import NOT_DECODABLE, decode_jpeg
from tests.unit.pipeline.making import make_jpeg, make_picture

GOOD = make_jpeg(make_picture(64, 48, spot=(10, 10)))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (8, 8), (7, 5), (640, 480), (1, 300)])
def test_decode_any_size_gives_contiguous_bgr(width: int, height: int) -> None:
    picture = decode_jpeg(make_jpeg(np.full((height, width, 3), (200, 100, 50), np.uint8)))
    assert picture.shape == (height, width, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert picture.flags.writeable
    assert np.abs(picture[0, 0].astype(int) - (200, 100, 50)).max() < 8


def test_decode_grey_becomes_bgr() -> None:
    grey = simplejpeg.encode_jpeg(np.full((16, 16, 1), 77, np.uint8), colorspace="GRAY")
    assert (decode_jpeg(grey) == 77).all()


def test_decode_progressive_is_taken() -> None:
    _, data = cv2.imencode(".jpg", make_picture(), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    assert decode_jpeg(data.tobytes()).shape == (48, 64, 3)


def test_decode_exif_orientation_is_ignored() -> None:
    # APP1 with one entry: orientation 6 (rotate by 90 degrees).
    tiff = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    turned = GOOD[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + GOOD[2:]
    assert decode_jpeg(turned).shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_jpeg"),
        (b"GIF89a" + bytes(100), "not_jpeg"),
        (GOOD[: len(GOOD) // 2], "jpeg_cut"),
        (b"\xff\xd8\xff\xd9", "jpeg_empty"),
    ],
)
def test_decode_bad_bytes_are_poison_with_reason(data: bytes, reason: str) -> None:
    with pytest.raises(PoisonRecord) as caught:
        decode_jpeg(data)
    assert caught.value.reason == reason


def test_decode_header_without_tables_is_not_decodable() -> None:
    start = GOOD.index(b"\xff\xc0")
    length = int.from_bytes(GOOD[start + 2 : start + 4], "big")
    scan = GOOD[GOOD.index(b"\xff\xda") :]
    without_tables = b"\xff\xd8" + GOOD[start : start + 2 + length] + scan
    with pytest.raises(PoisonRecord) as caught:
        decode_jpeg(without_tables)
    assert caught.value.reason == NOT_DECODABLE


def test_decode_random_damage_is_a_picture_or_poison() -> None:
    random = np.random.default_rng(5)
    for _ in range(150):
        damaged = bytearray(GOOD)
        for at in random.integers(2, len(GOOD), 4):
            damaged[at] = random.integers(0, 256)
        with contextlib.suppress(PoisonRecord):
            assert decode_jpeg(bytes(damaged)).ndim == 3
